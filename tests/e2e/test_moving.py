"""Clients that have to leave their node come to another one through nginx, and miss nothing."""

from __future__ import annotations

import signal
from functools import partial

from twisted.internet.threads import deferToThread

from cluster.nodes import Node
from tests.e2e.asynchronous import asynchronous
from tests.e2e.site import Crowd, Site, assert_calm, reactor, start_again, until
from tests.support.persistent import Visit
from tests.support.record import repeats

_STOPS_WITHIN = 20.0  # seconds


@asynchronous
async def test_nothing_is_lost_or_doubled_when_nodes_are_killed(site: Site) -> None:
    await site.joined()
    crowd = Crowd(site)
    try:
        await crowd.come()
        crowd.begin()
        for node in site.nodes:
            await crowd.load(1)
            visits = crowd.visits()
            node.kill()
            await until(partial(_ended, visits), "some have lost their node")
            await crowd.all_in()
            await crowd.load(0.5)
            await start_again(node)
        await crowd.load(1)
        record = await crowd.end()
        record.check()
        assert all(len(client.visits) > 1 for client in crowd.clients), "all have moved"
        assert_calm(site.nodes)
    finally:
        await crowd.go()


@asynchronous
async def test_a_rolling_restart_is_no_more_than_a_pause(site: Site) -> None:
    await site.joined()
    crowd = Crowd(site)
    try:
        await crowd.come()
        crowd.begin()
        for node in site.nodes:
            await crowd.load(1)
            await _stop(site, crowd, node)
            await start_again(node)
            await crowd.all_in()
        await crowd.load(1)
        record = await crowd.end()
        record.check()
        assert all(len(client.visits) > 1 for client in crowd.clients), "all have moved"
        for client in crowd.clients:
            assert repeats(client) == [], "what was acknowledged does not come again"
        assert_calm(site.nodes)
    finally:
        await crowd.go()


async def _stop(site: Site, crowd: Crowd, node: Node) -> None:
    """Stop a node in good order; it says goodbye to all, and leaves nothing behind."""
    visits = crowd.visits()
    begun = reactor.seconds()
    node.process.send_signal(signal.SIGTERM)
    await deferToThread(node.process.wait, _STOPS_WITHIN)
    [[other]] = site.sql("SELECT id FROM nodes")
    assert site.sql("SELECT * FROM places WHERE node <> %s", other) == []
    await until(partial(_ended, visits), "some have lost their node")
    gone = _ended(visits)
    goodbyes = [visit.goodbye for visit in gone if visit.goodbye]
    assert len(goodbyes) == len(gone), "nobody is sent away without a word"
    assert {goodbye["reason"] for goodbye in goodbyes} == {"shutdown"}
    assert len({goodbye["retry_after"] for goodbye in goodbyes}) == len(gone), "spread out"
    for visit in gone:
        # What was sent just before may not have arrived before the goodbye left.
        overdue = [cid for cid, sent in visit.unanswered.items() if sent < begun - 0.5]
        assert overdue == [], "what was in progress is answered"


def _ended(visits: list[Visit]) -> list[Visit]:
    return [visit for visit in visits if visit.ended is not None]
