"""More logins by password than can be hashed."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater

from tests.e2e.asynchronous import asynchronous
from tests.overload.conftest import StartWatched
from tests.overload.people import FULL_HASH, PASSWORD, Arrivals, settle
from tests.overload.server import WatchedServer, report, size
from tests.support.wire import Json, connect

reactor: Any = _reactor
A_SECOND = 200
SECONDS = size(3, 15)


async def by_password(server: WatchedServer, account: int) -> Json:
    client = await connect(reactor, server.port)
    reply = await client.ask({"msgid": 1, "id": account, "password": PASSWORD})
    client.cut()
    return reply


@asynchronous
async def test_they_are_refused_and_tokens_are_served(start: StartWatched) -> None:
    server = start("--hash-queue", "40", "--login-rate", "0")
    people = settle(server.database, A_SECOND * SECONDS + 1, FULL_HASH)
    *guests, token_owner = people
    asked: list[Deferred[Json]] = []
    waits: list[float] = []
    most_waiting = 0.0
    for second in range(SECONDS):
        for part in range(10):
            at = second * A_SECOND + part * A_SECOND // 10
            for person in guests[at : at + A_SECOND // 10]:
                asked.append(Deferred.fromCoroutine(by_password(server, person.account)))
            await deferLater(reactor, 0.1)
        begun = reactor.seconds()
        listener = Arrivals(reactor, server.port).connect(token_owner)
        reply = await listener.answered
        assert reply is not None
        assert reply["errno"] == 0
        waits.append(reactor.seconds() - begun)
        listener.transport.loseConnection()
        await listener.closed
        seen = await server.metrics()
        most_waiting = max(most_waiting, seen["chatserver_password_hashes_waiting"])
    replies = await gatherResults(asked)
    served = sum(reply["errno"] == 0 for reply in replies)
    refused = [reply for reply in replies if reply["errno"] == 109]
    assert served
    assert refused
    assert served + len(refused) == len(replies)
    assert all(reply["retry_after"] > 0 for reply in refused)
    assert most_waiting <= 40
    seen = await server.metrics()
    assert seen["chatserver_logins_total 0 password"] == served
    assert seen["chatserver_logins_total 109 password"] == len(refused)
    report(
        f"{len(replies)} logins by password in {SECONDS} s: {served} served, {len(refused)} "
        f"refused; tokens waited {max(waits):.3f} s at most; the reactor was late by "
        f"{seen['chatserver_reactor_late_seconds']:.3f} s at most"
    )
