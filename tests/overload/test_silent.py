"""Thousands of connections that never log in, and some that say one byte a second."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.task import deferLater

from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login, register
from tests.overload.conftest import StartWatched
from tests.overload.people import Person, settle
from tests.overload.server import WatchedServer, memory, report, size
from tests.overload.silent import Silent

reactor: Any = _reactor
MANY = size(2_000, 10_000)
DRIPS = size(500, 2_000)


async def assert_served(server: WatchedServer, account: int) -> float:
    """Somebody else gets in and is served; in how many seconds."""
    begun = reactor.seconds()
    client, _ = await login(server.port, account, device="other")
    reply = await client.ask({"msgid": 5, "toid": account, "msg": "hello"})
    assert reply["errno"] == 0
    await client.hang_up()
    return float(reactor.seconds() - begun)


async def _before(server: WatchedServer) -> int:
    """The memory that it has once all are gone."""
    await server.until("chatserver_connections undecided", 0, 0)
    await server.until("chatserver_connections in", 0, 0)
    await deferLater(reactor, 2.5)  # it tidies up every two seconds
    server.forget_peak()
    return server.memory()


async def _crowd(server: WatchedServer, count: int) -> Silent:
    """Connections that say nothing."""
    crowd = Silent(server.port)
    crowd.connect(count)
    await server.until("chatserver_connections undecided", count)
    return crowd


async def _log_in(server: WatchedServer, people: list[Person]) -> Silent:
    crowd = Silent(server.port)
    crowd.connect(len(people))
    for one, person in zip(crowd.sockets, people, strict=True):
        one.send(b'{"msgid":1,"token":"%s"}\n' % person.token.encode())
    await server.until("chatserver_connections in", len(people))
    return crowd


@asynchronous
async def test_connections_that_never_log_in(start: StartWatched) -> None:
    server = start("--login-timeout", "5")
    [account] = await register(server.port, "zhang")
    await assert_served(server, account)
    (await _crowd(server, MANY)).close()
    before = await _before(server)
    closed = (await server.metrics())["chatserver_connections_closed_total login timeout"]
    begun = reactor.seconds()
    crowd = await _crowd(server, MANY)
    took = reactor.seconds() - begun
    waited = await assert_served(server, account)
    await server.until("chatserver_connections_closed_total login timeout", closed + MANY)
    assert crowd.open() == 0
    growth = server.peak() - before
    crowd.close()
    after = await server.assert_settles(before)
    report(
        f"{MANY} silent connections in {took:.1f} s; a login and a chat took {waited:.3f} s; "
        f"{memory(before, growth, after)}; {growth / MANY:.0f} bytes each; "
        f"CPU {server.processor_seconds():.1f} s in all"
    )


@asynchronous
async def test_one_byte_a_second_before_the_login(start: StartWatched) -> None:
    server = start("--login-timeout", "4")
    [account] = await register(server.port, "zhang")
    (await _crowd(server, DRIPS)).close()
    before = await _before(server)
    crowd = await _crowd(server, DRIPS)
    for _ in range(3):
        crowd.send(b"{")
        await deferLater(reactor, 1)
        await assert_served(server, account)
    await server.until("chatserver_connections_closed_total login timeout", DRIPS)
    assert crowd.open() == 0
    crowd.close()
    await server.assert_settles(before)


@asynchronous
async def test_one_byte_a_second_after_the_login(start: StartWatched) -> None:
    """Nothing is wrong with that: a person may type so. It costs next to nothing."""
    server = start("--login-timeout", "4")
    *people, other = settle(server.database, size(200, 1_000) + 1)
    (await _log_in(server, people)).close()
    before = await _before(server)
    crowd = await _log_in(server, people)
    begun = server.processor_seconds()
    for _ in range(5):
        crowd.send(b" ")
        await deferLater(reactor, 1)
        await assert_served(server, other.account)
    used = server.processor_seconds() - begun
    assert crowd.open() == len(people)
    growth = server.peak() - before
    crowd.close()
    after = await server.assert_settles(before)
    report(f"{len(people)} type slowly: CPU {used:.2f} s in 5 s; {memory(before, growth, after)}")
