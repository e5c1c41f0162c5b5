"""A server process on MariaDB, and what becomes of it when MariaDB goes away."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login, register
from tests.e2e.conftest import StartServer
from tests.e2e.processes import ServerProcess
from tests.support.mariadb import MariaDB
from tests.support.wire import Json, WireClient


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
    assert server.log.count("the database can't be used") == 1
    assert "the database works again" in server.log
    await client.hang_up()
    await li_client.hang_up()


@asynchronous
async def test_a_mariadb_that_hangs_is_told_within_five_seconds(
    start_server: StartServer, database: MariaDB
) -> None:
    _, url = database.new_database()
    server = start_server(CHATSERVER_DATABASE=url)
    zhang, li = await register(server.port, "zhang san", "li")
    client, _ = await login(server.port, zhang)
    await send(client, li, 0)
    database.process.send_signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        refused = await send(client, li, 1)
        assert refused["errno"] == 110
        assert time.monotonic() - begun < 5
    finally:
        database.process.send_signal(signal.SIGCONT)
    assert (await send_until_stored(client, li, 1))["seq"] == 2
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
