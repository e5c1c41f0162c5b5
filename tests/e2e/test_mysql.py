"""A server process on MariaDB, and what becomes of it when MariaDB goes away."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login, register
from tests.e2e.conftest import StartServer
from tests.e2e.processes import ServerProcess
from tests.support.mariadb import MariaDB
from tests.support.waiting import until
from tests.support.wire import Json, WireClient, connect


@pytest.fixture
def database() -> Iterator[MariaDB]:
    """A MariaDB that only this test uses, so that it can be killed."""
    server = MariaDB()
    yield server
    server.remove()


async def send(client: WireClient, toid: int, number: int) -> Json:
    cid = f"c{number}"
    return await client.ask({"msgid": 5, "toid": toid, "msg": str(number), "cid": cid})


async def send_until_stored(client: WireClient, toid: int, number: int) -> Json:
    """Send again and again, as a client does that is told 110."""
    for _ in range(100):
        reply = await send(client, toid, number)
        if reply["errno"] == 0:
            return reply
        assert reply["errno"] == 110, reply
        await deferLater(reactor, 0.1)
    raise AssertionError("the service did not come back")


@asynchronous
async def test_nothing_is_lost_or_doubled_while_mariadb_is_killed(
    start_server: StartServer, database: MariaDB
) -> None:
    _, url = database.new_database()
    server = start_server(CHATSERVER_DATABASE=url)
    zhang, li = await register(server.port, "zhang san", "li 李四 😀")
    client, _ = await login(server.port, zhang)
    li_client, _ = await login(server.port, li)
    stored = [await send(client, li, number) for number in range(20)]

    database.kill()
    begun = time.monotonic()
    refused = await send(client, li, 20)
    assert refused["errno"] == 110
    assert refused["retry_after"] > 0
    assert time.monotonic() - begun < 5
    await deferToThread(database.start)
    begun = time.monotonic()
    stored.append(await send_until_stored(client, li, 20))
    assert time.monotonic() - begun < 5
    stored += [await send(client, li, number) for number in range(21, 40)]

    assert [reply["seq"] for reply in stored] == list(range(1, 41))
    pushes = [await li_client.next(msgid=5) for _ in range(40)]
    assert [push["msg"] for push in pushes] == [str(number) for number in range(40)]
    await until(lambda: "the database works again" in server.log, "all that asked it got an answer")
    assert server.log.count("the database can't be used") == 1
    await client.hang_up()
    await li_client.hang_up()


async def times(client: WireClient, *requests: Json) -> list[tuple[Json, float]]:
    """Send requests at once; their replies, and when each came, in seconds from now."""
    begun = time.monotonic()
    client.send(*({**request, "req": number} for number, request in enumerate(requests)))
    answers = []
    for number in range(len(requests)):
        reply = await client.next(req=number)
        answers.append((reply, time.monotonic() - begun))
    return answers


async def login_times(port: int, account: int, pause: float) -> list[tuple[Json, float]]:
    """Log in on a new connection, after a while."""
    client = await connect(reactor, port)
    await deferLater(reactor, pause)
    answers = await times(client, {"msgid": 1, "id": account, "password": "x", "device": "new"})
    await client.hang_up()
    return answers


@asynchronous
async def test_a_mariadb_that_hangs_is_told_to_all_within_five_seconds(
    start_server: StartServer, database: MariaDB
) -> None:
    """200 sends that are in flight, other requests behind them, and logins before and after."""
    name, url = database.new_database()
    server = start_server("--rate", "0", CHATSERVER_DATABASE=url)
    users = await register(server.port, *(f"user {number}" for number in range(4)))
    clients = [(await login(server.port, user))[0] for user in users]
    toid = users[0]
    sends = [
        [{"msgid": 5, "toid": toid, "msg": f"{at}", "cid": f"c{at}"} for at in range(50)]
        for _ in clients
    ]
    others: list[Json] = [{"msgid": 15, "toid": toid}, {"msgid": 7, "groupname": "tea"}]
    waiting = [
        Deferred.fromCoroutine(times(client, *own, *others))
        for client, own in zip(clients, sends, strict=True)
    ]
    waiting += [
        Deferred.fromCoroutine(login_times(server.port, user, pause))
        for user in users
        for pause in (0.0, 1.0, 3.5)
    ]
    database.process.send_signal(signal.SIGSTOP)
    try:
        answers = await gatherResults(waiting, consumeErrors=True)
    finally:
        database.process.send_signal(signal.SIGCONT)
    begun = time.monotonic()
    flat = [answer for own in answers for answer in own]
    assert len(flat) == 4 * 52 + 12
    assert max(when for _, when in flat) < 5
    refused = [reply for reply, _ in flat if reply["errno"] == 110]
    assert len(refused) > 200, "it did hang"
    assert all(reply["retry_after"] > 0 for reply in refused)

    await send_until_stored(clients[0], toid, 0)
    assert time.monotonic() - begun < 5
    for client, own in zip(clients, sends, strict=True):
        for reply, _ in await times(client, *own, *others[:1]):
            assert reply["errno"] == 0, "nobody is refused any more"
    rows = database.execute(
        "SELECT conversation, MAX(seq), COUNT(*) FROM messages GROUP BY 1", name
    )
    assert len(rows) == 4
    assert all(row[1:] == (50, 50) for row in rows), "each of them once, without holes"
    await until(lambda: "the database works again" in server.log, "all that asked it got an answer")
    assert server.log.count("the database can't be used") == 1
    assert "Traceback" not in server.log
    for client in clients:
        await client.hang_up()


@asynchronous
async def test_two_nodes_write_to_one_conversation_without_holes(
    tmp_path: Path, database: MariaDB
) -> None:
    """Pushes between nodes are not there yet; what is stored is in order all the same."""
    _, url = database.new_database()
    nodes = [ServerProcess(tmp_path, "--rate", "0", CHATSERVER_DATABASE=url) for _ in range(2)]
    try:
        for node in nodes:
            node.wait_until_up()
        zhang, li = await register(nodes[0].port, "zhang san", "li")
        clients = [(await login(node.port, zhang, device=f"at {node.port}"))[0] for node in nodes]
        for number in range(200):
            for at, client in enumerate(clients):
                client.send({"msgid": 5, "toid": li, "msg": f"{at} {number}"})
        replies = [[await client.next(msgid=11, re=5) for _ in range(200)] for client in clients]
        assert all(reply["errno"] == 0 for own in replies for reply in own)
        seqs = [[reply["seq"] for reply in own] for own in replies]
        assert sorted(seqs[0] + seqs[1]) == list(range(1, 401))
        assert all(own == sorted(own) for own in seqs)
        for client in clients:
            await client.hang_up()
    finally:
        for node in nodes:
            node.kill()
