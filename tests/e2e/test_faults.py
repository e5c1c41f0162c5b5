"""What was answered stays, whatever happens to the process or the disk."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login, register
from tests.e2e.conftest import StartServer
from tests.support.wire import Closed, Json, WireClient, connect


async def send_until_killed(client: WireClient, toid: int, answered: list[Json]) -> None:
    """Send numbered chats, 20 in flight, and note the answers, until the connection ends."""
    number = 0
    try:
        for number in range(20):
            client.send({"msgid": 5, "toid": toid, "msg": str(number), "cid": f"c{number}"})
        while True:
            answered.append(await client.next(msgid=11, re=5))
            number += 1
            client.send({"msgid": 5, "toid": toid, "msg": str(number), "cid": f"c{number}"})
    except Closed:
        return


@asynchronous
async def test_what_was_answered_survives_kill_9(start_server: StartServer) -> None:
    server = start_server("--rate", "0")
    zhang, li = await register(server.port, "zhang san", "li")
    client, _ = await login(server.port, zhang)
    await client.ask({"msgid": 6, "friendid": li})
    group = (await client.ask({"msgid": 7, "groupname": "g"}))["groupid"]
    answered: list[Json] = []
    sending = Deferred.fromCoroutine(send_until_killed(client, li, answered))
    await deferLater(reactor, 0.5, server.kill)
    await sending
    assert len(answered) > 50

    server = start_server()
    client, reply = await login(server.port, zhang)
    assert [friend["id"] for friend in reply["friends"]] == [li]
    assert [(g["id"], g["users"][0]["role"]) for g in reply["groups"]] == [(group, "creator")]
    li_client, welcome = await login(server.port, li)
    pushes = [await li_client.next(msgid=5) for _ in range(welcome["pending"])]
    assert [push["seq"] for push in pushes] == list(range(1, len(pushes) + 1))
    assert [push["msg"] for push in pushes] == [str(n) for n in range(len(pushes))]
    assert len(pushes) >= len(answered)
    for number, reply in enumerate(answered):
        assert (reply["errno"], reply["seq"]) == (0, number + 1)
        assert pushes[number]["time"] == reply["time"]

    # What may not have been answered is sent again, with its cid.
    last = len(pushes) - 1
    again = await client.ask({"msgid": 5, "toid": li, "msg": str(last), "cid": f"c{last}"})
    assert (again["seq"], again["dup"]) == (last + 1, True)
    more = await client.ask({"msgid": 5, "toid": li, "msg": "more"})
    assert more["seq"] == last + 2
    assert (await li_client.next(msgid=5))["msg"] == "more"
    await client.hang_up()
    await li_client.hang_up()


@asynchronous
async def test_what_was_not_acknowledged_comes_again_after_kill_9(
    start_server: StartServer,
) -> None:
    server = start_server()
    zhang, li = await register(server.port, "zhang san", "li")
    client, _ = await login(server.port, zhang)
    li_client, _ = await login(server.port, li, device="pc", ack=True)
    client.send(*({"msgid": 5, "toid": li, "msg": str(n)} for n in range(10)))
    pushes = [await li_client.next(msgid=5) for _ in range(10)]
    li_client.send({"msgid": 12, "conv": pushes[0]["conv"], "seq": 4})
    await deferLater(reactor, 1.5, server.kill)

    server = start_server()
    li_client, welcome = await login(server.port, li, device="pc", ack=True)
    again = [(await li_client.next(msgid=5))["msg"] for _ in range(welcome["pending"])]
    assert again == [str(n) for n in range(4, 10)]
    await li_client.hang_up()


@asynchronous
async def test_a_full_disk_refuses_with_110_and_recovers(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server()
    zhang, li = await register(server.port, "zhang san", "li")
    client, _ = await login(server.port, zhang)
    stored = [await client.ask({"msgid": 5, "toid": li, "msg": "before"})]
    pid = server.process.pid
    largest = max((tmp_path / f"chatserver.db{end}").stat().st_size for end in ("", "-wal"))
    unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
    refused = None
    for number in range(2000):
        reply = await client.ask({"msgid": 5, "toid": li, "msg": "x" * 5000, "cid": f"c{number}"})
        if reply["errno"]:
            refused = number
            break
        stored.append(reply)
    assert refused is not None, "the disk was never full"
    assert reply["errno"] == 110
    assert reply["retry_after"] > 0
    assert "disk" not in reply["errmsg"], "no internals"
    pong = client.next(msgid=14)
    client.send({"msgid": 13})
    await pong
    history = await client.ask({"msgid": 15, "toid": li, "limit": 200})
    assert history["errno"] == 0, "what is there can be read"

    resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    reply = await client.ask({"msgid": 5, "toid": li, "msg": "x" * 5000, "cid": f"c{refused}"})
    assert (reply["errno"], reply["seq"]) == (0, len(stored) + 1)
    assert "dup" not in reply
    li_client, welcome = await login(server.port, li)
    seqs = [(await li_client.next(msgid=5))["seq"] for _ in range(welcome["pending"])]
    assert seqs == list(range(1, len(stored) + 2))
    assert server.log.count("the database can't be used") == 1
    assert "the database works again" in server.log
    await client.hang_up()
    await li_client.hang_up()


@asynchronous
async def test_a_stop_says_goodbye_and_forgets_nothing(start_server: StartServer) -> None:
    server = start_server()
    zhang, li = await register(server.port, "zhang san", "li")
    client, _ = await login(server.port, zhang)
    li_client, _ = await login(server.port, li, device="pc", ack=True)
    await client.ask({"msgid": 5, "toid": li, "msg": "hello"})
    push = await li_client.next(msgid=5)
    li_client.send({"msgid": 12, "conv": push["conv"], "seq": push["seq"]}, {"msgid": 13})
    await li_client.next(msgid=14)
    server.process.send_signal(signal.SIGTERM)
    for one in (client, li_client):
        goodbye = await one.next(msgid=17)
        assert goodbye["reason"] == "shutdown"
        assert goodbye["retry_after"] > 0
        await one.closed
    server.process.wait(10)
    assert "Traceback" not in server.log

    server = start_server()
    li_client, welcome = await login(server.port, li, device="pc", ack=True)
    assert welcome["pending"] == 0
    await li_client.hang_up()


@asynchronous
async def test_rubbish_disturbs_nobody_else(start_server: StartServer) -> None:
    server = start_server("--burst", "1000000")
    zhang, li = await register(server.port, "zhang san", "li")
    client, _ = await login(server.port, zhang)
    li_client, _ = await login(server.port, li)
    rubbish = [await connect(reactor, server.port) for _ in range(20)]
    for number, one in enumerate(rubbish):
        one.send_bytes(os.urandom(5000) + b"\n" * 50 + b"{" * 5000 + b"\n")
        one.send_bytes(b"[" * (60_000 + number) + b"\n" + b'{"msgid":1e999}\n' * 100)
    for number in range(50):
        await client.ask({"msgid": 5, "toid": li, "msg": str(number)})
        assert (await li_client.next(msgid=5))["msg"] == str(number)
    for one in rubbish:
        one.cut()
    await client.hang_up()
    await li_client.hang_up()
    server.stop()
    assert "Traceback" not in server.log
    assert "Unhandled" not in server.log
