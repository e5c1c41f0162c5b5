"""A client that pipelines 100,000 requests and reads none of the answers."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet import reactor as _reactor

from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login
from tests.overload.conftest import StartWatched
from tests.overload.people import settle
from tests.overload.server import MiB, memory, report, size

reactor: Any = _reactor
COUNT = size(30_000, 100_000)
KINDS = {
    "sends": b'{"msgid":5,"toid":1,"msg":"hello"}\n',
    "pings": b'{"msgid":13,"t":"' + b"x" * 60 + b'"}\n',
    "rubbish": b"rubbish\n",
    "histories": b'{"msgid":15,"toid":1,"limit":200}\n',
}
# The answers must be more than the system's buffers hold.
COUNTS = {"pings": 150_000, "histories": COUNT // 100}
ANSWERS = {"pings": 14}


@pytest.mark.parametrize("kind", KINDS)
@asynchronous
async def test_it_is_not_read_from_until_it_reads(start: StartWatched, kind: str) -> None:
    server = start("--rate", "0")
    settle(server.database, 2)
    clients = [(await login(server.port, account))[0] for account in (1, 2)]
    greedy, other = clients
    count = COUNTS.get(kind, COUNT)
    greedy.send(*({"msgid": 5, "toid": 1, "msg": "x" * 100} for _ in range(200)))
    greedy.send_bytes(KINDS[kind] * 800)
    for _ in range(200):
        await greedy.next(msgid=11)
    for _ in range(800):
        await greedy.next(msgid=ANSWERS.get(kind, 11))
    greedy.received.clear()
    greedy.reads.clear()
    before = server.memory()
    server.forget_peak()
    greedy.stop_reading()
    greedy.send_bytes(KINDS[kind] * count)
    for _ in range(50):
        assert (await other.ask({"msgid": 5, "toid": 2, "msg": "hi"}))["errno"] == 0
        seen = await server.metrics()
        assert seen["chatserver_unsent_bytes"] < 3 * MiB
        assert seen["chatserver_requests_in_progress"] < 10_000
    growth = server.peak() - before
    assert growth < 30 * MiB
    begun = reactor.seconds()
    greedy.read_on()
    for _ in range(count):
        await greedy.next(msgid=ANSWERS.get(kind, 11))
    took = reactor.seconds() - begun
    after = await server.assert_settles(before)
    report(f"{count} {kind}, answered in {took:.1f} s; {memory(before, growth, after)}")
    for client in clients:
        client.cut()
