"""A flood of connections that come and go, and no descriptors left."""

from __future__ import annotations

import resource
import socket
from typing import Any

import pytest
from twisted.internet import reactor as _reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login
from tests.overload.conftest import StartWatched
from tests.overload.people import settle
from tests.overload.server import WatchedServer, memory, report, size
from tests.overload.silent import Silent
from tests.support.wire import Closed, WireClient

reactor: Any = _reactor
FLOOD = size(5_000, 12_000)


async def login_when_there_is_room(server: WatchedServer, account: int) -> WireClient:
    for _ in range(100):
        try:
            client, _ = await login(server.port, account)
        except (Closed, ConnectionError, AssertionError):
            await deferLater(reactor, 0.1)
        else:
            return client
    raise AssertionError("there was never room")


def come_and_go(port: int, count: int) -> None:
    """Connect and close at once; every other one says a word before."""
    for number in range(count):
        with socket.create_connection(("127.0.0.1", port), 30) as one:
            if number % 2:
                one.sendall(b"hello\n")


async def weather(server: WatchedServer, client: WireClient) -> tuple[float, float]:
    """A flood; how long it took, and the longest that somebody else waited meanwhile."""
    opened = (await server.metrics())["chatserver_connections_opened_total"]
    begun = reactor.seconds()
    flood = deferToThread(come_and_go, server.port, FLOOD)
    longest = 0.0
    while not flood.called:
        asked = reactor.seconds()
        await client.settled()
        longest = max(longest, reactor.seconds() - asked)
        await deferLater(reactor, 0.05)
    took = reactor.seconds() - begun
    await server.until("chatserver_connections_opened_total", opened + FLOOD)
    await server.until("chatserver_connections undecided", 0, 0)
    await server.until("chatserver_connections out", 0, 0)
    return took, longest


@asynchronous
async def test_connections_that_come_and_go(start: StartWatched) -> None:
    server = start()
    settle(server.database, 1)
    client, _ = await login(server.port, 1)
    await weather(server, client)
    await deferLater(reactor, 2.5)  # it tidies up every two seconds
    before = server.memory()
    took, longest = await weather(server, client)
    growth = server.peak() - before
    after = await server.assert_settles(before)
    client.cut()
    report(
        f"{FLOOD} connections that came and went in {took:.1f} s; a PING took {longest:.3f} s at "
        f"most; {memory(before, growth, after)}"
    )


@asynchronous
async def test_more_connections_than_descriptors(start: StartWatched) -> None:
    server = start(files=256)
    settle(server.database, 2)
    zhang, _ = await login(server.port, 1)
    limit = int((await server.metrics())["chatserver_connections_limit"])
    assert 100 < limit < 200
    crowd = Silent(server.port)
    await deferToThread(crowd.connect, 1_000)
    seen = await server.until("chatserver_connections_closed_total overload", 1_000 - limit)
    assert seen["chatserver_connections undecided"] <= limit
    await zhang.settled()
    newcomer = await login_when_there_is_room(server, 2)
    assert (await newcomer.ask({"msgid": 5, "toid": 1, "msg": "hello"}))["errno"] == 0
    await zhang.next(msg="hello")
    crowd.close()
    for client in (zhang, newcomer):
        client.cut()


@pytest.mark.parametrize("is_reserve_lost", [False, True])
@asynchronous
async def test_descriptors_that_something_else_has_used_up(
    start: StartWatched, is_reserve_lost: bool
) -> None:
    """Nobody new can come in, but the server goes on, without spinning, and serves again.

    Where not even low numbers may be used, Twisted loses the descriptor that it keeps in reserve.
    """
    server = start(is_calm=not is_reserve_lost)
    settle(server.database, 2)
    zhang, _ = await login(server.port, 1)
    await zhang.ask({"msgid": 5, "toid": 1, "msg": "hello"})
    pid = server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    in_use = len(list(server.descriptors()))
    files = 3 if is_reserve_lost else in_use + 3
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (files, before[1]))
    crowd = Silent(server.port)
    await deferToThread(crowd.connect, 100)
    await deferLater(reactor, 1)
    begun = server.processor_seconds()
    for _ in range(20):
        assert (await zhang.ask({"msgid": 5, "toid": 1, "msg": "hello"}))["errno"] == 0
        await deferLater(reactor, 0.1)
    used = server.processor_seconds() - begun
    assert used < 1, used
    assert len(server.log) < 2_000_000
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    crowd.close()
    newcomer = await login_when_there_is_room(server, 2)
    for client in (zhang, newcomer):
        client.cut()
    report(f"2 s without descriptors: CPU {used:.2f} s; {len(server.log)} characters of log")
