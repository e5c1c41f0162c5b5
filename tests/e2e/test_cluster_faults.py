"""MariaDB goes away under two nodes: what is nobody's fault is nobody's loss."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login, register
from tests.e2e.site import Site, assert_calm, reactor, running, start_again
from tests.faults.doors import Door
from tests.support.mariadb import MariaDB, mariadb
from tests.support.waiting import until
from tests.support.wire import connect

# Seconds after which nodes that were just started no longer compare with the database all the time.
_SETTLED_AFTER = 4.0


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[Site]:
    """With a MariaDB of its own."""
    with running(Site(tmp_path, MariaDB())) as site:
        yield site
    site.database.remove()


@asynchronous
async def test_places_are_kept_and_given_back_while_mariadb_is_killed(killable: Site) -> None:
    site = killable
    await site.joined()
    here, there = [node.port for node in site.nodes]
    staying, going, watching = await register(here, "staying", "going", "watching")
    watcher, _ = await login(there, watching, device="pc")
    for friend in (staying, going):
        await watcher.ask({"msgid": 6, "friendid": friend})
    unnamed = [(await login(here, friend))[0] for friend in (staying, going)]
    for friend in (staying, going):
        assert (await watcher.next(msgid=16, id=friend))["state"] == "online"

    site.database.kill()
    await unnamed[1].hang_up()  # the place can't be given back now
    refusal = await watcher.ask({"msgid": 5, "toid": staying, "msg": "hello"})
    assert refusal["errno"] == 110
    await start_again(site.database)
    await until(
        lambda: all("the database works again" in node.log for node in site.nodes),
        "the database works again",
    )
    assert (await watcher.next(msgid=16))["id"] == going
    assert not unnamed[0].is_closed
    assert await _errno_of_login(there, staying) == 2, "it is still in use"
    assert await _errno_of_login(there, going) == 0
    told = [frame["state"] for frame in watcher.received if frame.get("id") == staying]
    assert told == ["online"], "the one that stays was never told to be offline"
    assert_calm(site.nodes)
    for node in site.nodes:
        assert node.log.count("the database can't be used") == 1


async def _errno_of_login(port: int, account: int) -> int:
    client = await connect(reactor, port)
    reply = await client.ask({"msgid": 1, "id": account, "password": "x"})
    await client.hang_up()
    return int(reply["errno"])


@pytest.fixture
def behind_a_door(tmp_path: Path) -> Iterator[tuple[Site, Door]]:
    """Nodes that reach MariaDB through a door only."""
    door = Door(reactor, UNIXClientEndpoint(reactor, str(mariadb().socket)))
    site = Site(tmp_path, mariadb(), url=f"mysql://root@127.0.0.1:{door.port}/{{}}")
    yield site, door
    site.stop()
    pytest_twisted.blockon(Deferred.fromCoroutine(door.stop()))


@asynchronous
async def test_a_message_whose_commit_was_not_answered_arrives_all_the_same(
    behind_a_door: tuple[Site, Door],
) -> None:
    """Nobody sends anything more: the nodes find it when the database works again."""
    site, door = behind_a_door
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
    is_cut = door.lose_reply(b"INSERT INTO messages", b"\x03COMMIT")
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
