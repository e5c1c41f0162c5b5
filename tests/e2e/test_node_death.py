"""Three nodes, of which one dies and one hangs: their places are free, and their users offline."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater

from cluster.nodes import Node
from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login, register
from tests.e2e.site import Site, assert_calm, reactor, running
from tests.support.mariadb import mariadb
from tests.support.waiting import until
from tests.support.wire import Json, WireClient, connect

_FREE_WITHIN = 30.0  # seconds


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running(Site(tmp_path, mariadb(), nodes=3)) as site:
        yield site


@asynchronous
async def test_places_of_a_dead_and_of_a_frozen_node_are_free_in_30_seconds(site: Site) -> None:
    await site.joined()
    dying, freezing, living = site.nodes
    dead, frozen, calm, reader, watching = await register(
        living.port, "dead", "frozen", "calm", "reader", "watching"
    )
    watcher, _ = await login(living.port, watching, device="pc")
    friends = (dead, frozen, calm)
    for friend in friends:
        assert (await watcher.ask({"msgid": 6, "friendid": friend}))["errno"] == 0
    await login(dying.port, dead)
    frozen_client, _ = await login(freezing.port, frozen)
    calm_client, _ = await login(freezing.port, calm)
    for friend in friends:
        assert (await watcher.next(msgid=16, id=friend))["state"] == "online"

    await _freeze_in_a_transaction(site, freezing, reader)
    dying.kill()
    begun = time.monotonic()
    try:
        logins = [Deferred.fromCoroutine(_login_when_free(living, id)) for id in (dead, frozen)]
        both = gatherResults(logins, consumeErrors=True)
        for friend in friends:
            await _told(watcher, friend, "offline")
        successors = await both
        assert time.monotonic() - begun < _FREE_WITHIN
        for friend in (dead, frozen):
            await _told(watcher, friend, "online")
        # Who was in touch with the frozen node is not held up by it.
        await _say(successors[0], watching, watcher)
        assert not frozen_client.is_closed
    finally:
        freezing.process.send_signal(signal.SIGCONT)

    goodbye = await frozen_client.next(msgid=17)
    assert goodbye["reason"] == "replaced"
    await frozen_client.closed
    await _told(watcher, calm, "online")
    await _say(watcher, calm, calm_client)
    await _say(calm_client, watching, watcher)
    assert [client.is_closed for client in successors] == [False, False]

    # A place is free at once where a connection ends in good order.
    await successors[0].hang_up()
    begun = time.monotonic()
    while (await _try_login(freezing, dead))[1]["errno"] == 2:
        await deferLater(reactor, 0.05)
    assert time.monotonic() - begun < 2
    assert_calm(site.nodes)


async def _freeze_in_a_transaction(site: Site, node: Node, account: int) -> None:
    """SIGSTOP a node while its transaction holds locks, as a busy node mostly has some."""
    await login(node.port, account, device="first")
    with site.locked("SELECT * FROM places WHERE account = %s FOR UPDATE", account):
        waiting = await connect(reactor, node.port)
        waiting.send({"msgid": 1, "id": account, "password": "x", "device": "second"})
        await until(
            lambda: site.sql(
                "SELECT * FROM information_schema.processlist "
                "WHERE info LIKE '%%FROM places%%FOR UPDATE' AND time_ms > 100"
            ),
            "the node waits for a lock",
        )
        node.process.send_signal(signal.SIGSTOP)


async def _try_login(node: Node, account: int) -> tuple[WireClient, Json]:
    client = await connect(reactor, node.port)
    return client, await client.ask({"msgid": 1, "id": account, "password": "x"})


async def _login_when_free(node: Node, account: int) -> WireClient:
    """Log the unnamed device in as soon as its place is free, which it is not yet."""
    begun = time.monotonic()
    client, reply = await _try_login(node, account)
    assert reply["errno"] == 2, "it is not free while nobody knows"
    while reply["errno"] == 2:
        await client.hang_up()
        await deferLater(reactor, 0.5)
        client, reply = await _try_login(node, account)
        assert time.monotonic() - begun < _FREE_WITHIN
    assert reply["errno"] == 0, reply
    return client


async def _told(watcher: WireClient, friend: int, state: str) -> None:
    """Wait until a watcher is told that a friend is now in a state."""
    await until(
        lambda: [frame for frame in watcher.frames if frame.get("id") == friend],
        f"{friend} is {state}",
    )
    assert (await watcher.next(msgid=16, id=friend))["state"] == state


async def _say(sender: WireClient, toid: int, receiver: WireClient) -> None:
    text = f"to {toid} at {time.monotonic()}"
    assert (await sender.ask({"msgid": 5, "toid": toid, "msg": text}))["errno"] == 0
    assert (await receiver.next(msgid=5))["msg"] == text
