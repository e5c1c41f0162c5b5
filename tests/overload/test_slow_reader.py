"""A client that never reads, while much is sent to it."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login, register
from tests.overload.conftest import StartWatched
from tests.overload.people import messages
from tests.overload.server import MiB, memory, report, size
from tests.support.wire import WireClient

reactor: Any = _reactor
TEXT = "x" * 16_000
COUNT = size(1_000, 6_500)  # 16 or 104 MB
AT_ONCE = 20
KEPT = 1_200  # 19 MB, which fill the page cache of SQLite


async def flood(sender: WireClient, to: int, count: int) -> None:
    """Send texts, some at once."""
    for start in range(0, count, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, count))
        sender.send(*({"msgid": 5, "toid": to, "msg": f"{n} {TEXT}", "req": n} for n in numbers))
        for number in numbers:
            assert (await sender.next(req=number))["errno"] == 0


@asynchronous
async def test_it_is_sent_away_and_nobody_else_notices(start: StartWatched) -> None:
    server = start("--rate", "0")
    accounts = await register(server.port, "slow", "sender", "zhang", "li")
    clients = [(await login(server.port, account))[0] for account in accounts]
    slow, sender, zhang, li = clients
    await flood(sender, accounts[1], KEPT)  # what a server keeps, once it has worked
    before = server.memory()
    server.forget_peak()
    slow.stop_reading()
    arrived: list[float] = []

    async def talk() -> None:
        sent = reactor.seconds()
        assert (await zhang.ask({"msgid": 5, "toid": accounts[3], "msg": "hello"}))["errno"] == 0
        await li.next(msg="hello")
        arrived.append(reactor.seconds() - sent)

    talking = LoopingCall(lambda: Deferred.fromCoroutine(talk()))
    talking.start(0.1)
    begun = reactor.seconds()
    await flood(sender, accounts[0], COUNT)
    took = reactor.seconds() - begun
    talking.stop()
    seen = await server.until("chatserver_connections_closed_total slow", 1)
    assert seen["chatserver_unsent_bytes"] == 0
    stored = [row for row in messages(server.database) if row[2].endswith("x")]
    assert len(stored) == KEPT + COUNT
    assert sorted({seq for _, seq, _ in stored[KEPT:]}) == list(range(1, COUNT + 1))
    growth = server.peak() - before
    assert growth < 40 * MiB, growth
    after = await server.assert_settles(before)
    report(
        f"{COUNT} texts in {took:.1f} s; others waited {max(arrived):.3f} s at most; "
        f"{memory(before, growth, after)}"
    )
    for client in clients:
        client.cut()
