"""Redis or MariaDB go away under two busy nodes: all comes later, nothing is lost or doubled."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from cluster.nodes import Node
from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login, register
from tests.e2e.site import Crowd, Site, assert_calm, reactor, start_again, until
from tests.support.lossy import LossyProxy
from tests.support.mariadb import MariaDB, mariadb
from tests.support.wire import connect

_LATEST = 10.0  # seconds, though usually it is one
# Seconds after which nodes that were just started no longer compare with the database all the time.
_SETTLED_AFTER = 4.0


@asynchronous
async def test_without_redis_all_comes_a_little_later(site: Site) -> None:
    await site.joined()
    crowd = Crowd(site)
    try:
        await crowd.come()
        crowd.begin()
        await crowd.load(1)

        site.redis.kill()
        await crowd.load(3)
        await start_again(site.redis)
        await _works_again(site.nodes, times=1)

        site.redis.process.send_signal(signal.SIGSTOP)
        await crowd.load(5)
        site.redis.process.send_signal(signal.SIGCONT)
        await _works_again(site.nodes, times=2)

        for _ in range(10):
            site.redis.command("CLIENT", "KILL", "TYPE", "pubsub")
            await crowd.load(0.2)

        site.redis.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1kb 1kb 1")
        for number in range(10):
            crowd.clients[0].send(f"{number} " + "ü" * 16_000, toid=crowd.clients[1].account)
            await crowd.load(0.2)
        assert "output buffer limits" in site.redis.log

        record = await crowd.end()
        record.check()
        assert all(len(client.visits) == 1 for client in crowd.clients), "nobody was sent away"
        delays = crowd.delays()
        assert delays[-1] < _LATEST
        assert_calm(site.nodes)
        for node in site.nodes:
            assert node.log.count("can't use Redis") == 2, "one line for each outage"
            assert node.log.count("works again") == 2
    finally:
        await crowd.go()


async def _works_again(nodes: list[Node], times: int) -> None:
    """Wait until all nodes have told so many times that Redis works again."""
    await until(
        lambda: all(node.log.count("works again") >= times for node in nodes), "Redis works again"
    )


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[Site]:
    """With a MariaDB of its own."""
    site = Site(tmp_path, MariaDB())
    try:
        site.start()
        yield site
    finally:
        site.stop()
        site.database.remove()


@asynchronous
async def test_nobody_is_sent_away_while_mariadb_is_killed(killable: Site) -> None:
    site = killable
    await site.joined()
    crowd = Crowd(site)
    try:
        await crowd.come()
        here, there = [node.port for node in site.nodes]
        staying, going, watching = await register(here, "staying", "going", "watching")
        watcher, _ = await login(there, watching, device="pc")
        for friend in (staying, going):
            await watcher.ask({"msgid": 6, "friendid": friend})
        unnamed = [(await login(here, friend))[0] for friend in (staying, going)]
        for friend in (staying, going):
            assert (await watcher.next(msgid=16, id=friend))["state"] == "online"
        crowd.begin()
        await crowd.load(1)

        site.database.kill()
        await unnamed[1].hang_up()  # the place can't be given back now
        await crowd.load(2)
        await start_again(site.database)
        await until(
            lambda: all("the database works again" in node.log for node in site.nodes),
            "the database works again",
        )
        assert (await watcher.next(msgid=16))["id"] == going
        await crowd.load(2)

        record = await crowd.end()
        record.check()
        assert all(len(client.visits) == 1 for client in crowd.clients), "nobody was sent away"
        refusals = [
            errno for client in crowd.clients for one in client.sendings for errno in one.refusals
        ]
        assert set(refusals) == {110}
        assert not unnamed[0].is_closed
        assert await _errno_of_login(there, staying) == 2, "it is still in use"
        assert await _errno_of_login(there, going) == 0
        told = [frame["state"] for frame in watcher.received if frame.get("id") == staying]
        assert told == ["online"], "the one that stays was never told to be offline"
        assert_calm(site.nodes)
        for node in site.nodes:
            assert node.log.count("the database can't be used") == 1
    finally:
        await crowd.go()


async def _errno_of_login(port: int, account: int) -> int:
    client = await connect(reactor, port)
    reply = await client.ask({"msgid": 1, "id": account, "password": "x"})
    await client.hang_up()
    return int(reply["errno"])


@pytest.fixture
def lossy(tmp_path: Path) -> Iterator[tuple[Site, LossyProxy]]:
    """Nodes that reach MariaDB through a proxy only."""
    proxy = LossyProxy(reactor, mariadb().socket)
    site = Site(tmp_path, mariadb(), url=f"mysql://root@127.0.0.1:{proxy.port}/{{}}")
    yield site, proxy
    site.stop()
    pytest_twisted.blockon(Deferred.fromCoroutine(proxy.stop()))


@asynchronous
async def test_a_message_whose_commit_was_not_answered_arrives_all_the_same(
    lossy: tuple[Site, LossyProxy],
) -> None:
    """Nobody sends anything more: the nodes find it when the database works again."""
    site, proxy = lossy
    await deferToThread(site.start)
    await site.joined()
    here, there = [node.port for node in site.nodes]
    zhang, li = await register(here, "zhang", "li")
    sender, _ = await login(here, zhang, device="pc")
    receivers = [
        (await login(port, account, device=device))[0]
        for port, account, device in (
            (here, li, "phone"),
            (there, li, "pad"),
            (there, zhang, "pad"),
        )
    ]
    chat = {"msgid": 5, "toid": li, "msg": "hello", "cid": "c"}
    await deferLater(reactor, _SETTLED_AFTER)
    is_cut = proxy.lose_commit()
    reply = await sender.ask(chat)
    await is_cut
    assert reply["errno"] == 110
    assert reply["retry_after"] > 0
    pushes = [await receiver.next(msgid=5) for receiver in receivers]
    assert [push["msg"] for push in pushes] == ["hello"] * 3
    again = await sender.ask(chat)
    assert (again["errno"], again["dup"], again["seq"]) == (0, True, pushes[0]["seq"])
    await sender.ask({**chat, "msg": "bye", "cid": "d"})
    for receiver in receivers:
        assert (await receiver.next(msgid=5))["msg"] == "bye", "and hello comes once"
    assert_calm(site.nodes)
