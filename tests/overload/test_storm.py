"""All clients come back at once, by token, while messages are sent to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater

from cluster.nodes import Node
from cluster.process import free_port
from cluster.redis import Redis
from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login
from tests.e2e.site import assert_calm
from tests.overload.conftest import StartWatched
from tests.overload.people import Arrivals, Listener, Person, settle, settle_in_mariadb
from tests.overload.server import memory, report, size
from tests.support.mariadb import mariadb
from tests.support.waiting import until
from tests.support.wire import Json, WireClient

reactor: Any = _reactor
MANY = size(500, 5_000)
WITHIN = 30.0  # seconds
ROUNDS = 2
_AT_ONCE = 50


async def write_to_all(sender: WireClient, people: Sequence[Person], text: str) -> None:
    """Send each the text, and wait until it is stored."""
    for start in range(0, len(people), _AT_ONCE):
        some = people[start : start + _AT_ONCE]
        sender.send(*({"msgid": 5, "toid": p.account, "msg": text, "req": p.account} for p in some))
        for person in some:
            reply = await sender.next(req=person.account)
            assert reply["errno"] == 0, reply


async def storm(
    ports: Sequence[int], people: Sequence[Person], *, meanwhile: Callable[[], Any]
) -> tuple[list[Listener], list[Json | None], list[float]]:
    """Connect all at once; what each was answered, and after how many seconds."""
    begun = reactor.seconds()
    took: list[float] = []

    def answered(reply: Json | None) -> Json | None:
        took.append(reactor.seconds() - begun)
        return reply

    doors = [Arrivals(reactor, port) for port in ports]
    listeners = [doors[at % len(doors)].connect(person) for at, person in enumerate(people)]
    for listener in listeners:
        listener.answered.addCallback(answered)
    await meanwhile()
    replies: list[Json | None] = await gatherResults([one.answered for one in listeners])
    return listeners, replies, sorted(took)


async def drop(listeners: Sequence[Listener]) -> None:
    """Lose all connections at once."""
    for listener in listeners:
        listener.transport.abortConnection()
    await gatherResults([listener.closed for listener in listeners])


async def come_back_twice(
    ports: Sequence[int], people: Sequence[Person], sender: WireClient
) -> list[str]:
    """Two storms, with messages before and during each; what is to be reported."""
    told = []
    listeners: list[Listener] = []
    expected: list[str] = []
    for number in range(ROUNDS):
        await drop(listeners)
        for moment in ("before", "during"):
            expected.append(f"{moment} storm {number}")
        await write_to_all(sender, people, expected[-2])

        async def during(text: str = expected[-1]) -> None:
            await write_to_all(sender, people, text)

        begun = reactor.seconds()
        listeners, replies, took = await storm(ports, people, meanwhile=during)
        refused = [reply for reply in replies if reply is None or reply["errno"]]
        assert refused == [], refused[:3]
        await until(
            lambda: all(len(one.texts) >= len(expected) for one in listeners),  # noqa: B023
            "all have all that was sent",
            WITHIN,
        )
        served = reactor.seconds() - begun
        assert served < WITHIN
        for listener in listeners:
            assert listener.texts == expected
        told.append(
            f"{len(people)} logins by token at once: half after {took[len(took) // 2]:.1f} s, all "
            f"after {took[-1]:.1f} s; all messages there after {served:.1f} s"
        )
    await drop(listeners)
    return told


@asynchronous
async def test_to_one_server_on_sqlite(start: StartWatched) -> None:
    server = start("--rate", "0")
    *people, writer = settle(server.database, MANY + 1)
    first, _ = await login(server.port, writer.account)
    await first.hang_up()
    await deferLater(reactor, 0.2)
    sender, _ = await login(server.port, writer.account)
    listeners, _, _ = await storm([server.port], people, meanwhile=lambda: deferLater(reactor, 0))
    await drop(listeners)
    await server.until("chatserver_connections in", 1, 1)
    await deferLater(reactor, 2.5)
    before, used = server.memory(), server.processor_seconds()
    server.forget_peak()
    told = await come_back_twice([server.port], people, sender)
    growth, used = server.peak() - before, server.processor_seconds() - used
    await server.until("chatserver_connections in", 1, 1)
    after = await server.assert_settles(before)
    sender.cut()
    told.append(
        f"{1000 * used / MANY / ROUNDS:.1f} ms of CPU each; {memory(before, growth, after)}"
    )
    report("\n".join(told))


@asynchronous
async def test_to_two_nodes_on_mariadb_and_redis(tmp_path: Path) -> None:
    name, url = mariadb().new_database()
    redis = Redis(tmp_path / "redis", free_port())
    environment = {
        "CHATSERVER_DATABASE": url,
        "CHATSERVER_RATE": "0",
        "CHATSERVER_REDIS": f"redis://127.0.0.1:{redis.port}",
    }
    nodes = [Node(tmp_path / "nodes", free_port(), **environment) for _ in range(2)]
    try:
        redis.start()
        for node in nodes:
            node.start()
        *people, writer = settle_in_mariadb(mariadb(), name, MANY + 1)
        sender, _ = await login(nodes[0].port, writer.account)
        told = await come_back_twice([node.port for node in nodes], people, sender)
        sender.cut()
        report("\n".join(told))
        assert_calm(nodes)
    finally:
        for part in (*nodes, redis):
            part.kill()
