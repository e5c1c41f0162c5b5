"""A steady client loses, doubles and disorders nothing, whatever dies beside or under it."""

from __future__ import annotations

import signal
import sys
from functools import partial
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import ConnectionClosed
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from chatclient import DiskStore, Dismissed, ReplyTimeout
from chatserver.errors import Malformed
from cluster.process import Process
from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import register
from tests.e2e.conftest import StartServer
from tests.e2e.site import Site, assert_calm, start_again
from tests.e2e.steady import Person, all_online, go, reactor
from tests.support.waiting import until


async def two(ports: list[int], **options: float) -> tuple[Person, Person]:
    """Two people, registered and online."""
    ann, bob = (
        Person(ports, account, **options) for account in await register(ports[0], "ann", "bob")
    )
    for person in (ann, bob):
        person.client.start()
    await all_online(ann, bob)
    return ann, bob


async def both_write(ann: Person, bob: Person, seconds: float) -> None:
    await gatherResults(
        [
            Deferred.fromCoroutine(ann.write_on(seconds, bob)),
            Deferred.fromCoroutine(bob.write_on(seconds, ann)),
        ]
    )


async def check(ann: Person, bob: Person) -> None:
    """Everything is stored in order, and has come once."""
    for person in (ann, bob):
        stored = await person.all_stored()
        for conv in {sent.conv for sent in stored}:
            seqs = [sent.seq for sent in stored if sent.conv == conv]
            assert seqs == sorted(set(seqs))
        person.check_pauses()
    await ann.has_all_of(bob)
    await bob.has_all_of(ann)


@asynchronous
async def test_kill_9_of_the_server_in_the_midst_of_sends(start_server: StartServer) -> None:
    server = start_server()
    ann, bob = await two([server.port])
    assert ann.client.connection is not None
    group = await ann.client.connection.create_group("tea")
    assert bob.client.connection is not None
    await bob.client.connection.add_group(group)
    for _ in range(3):
        writing = Deferred.fromCoroutine(both_write(ann, bob, 1.0))
        for _ in range(20):
            ann.write_to_group(group)
        await deferLater(reactor, 0.5)
        server.kill()
        await until(lambda: not ann.is_online and not bob.is_online, "both have noticed")
        await writing
        await start_again(server)
        await all_online(ann, bob)
    await both_write(ann, bob, 0.3)
    await check(ann, bob)
    bob.has_exactly(-group, 60)
    assert len(ann.offline(ConnectionClosed)) >= 3
    await go(ann, bob)


@asynchronous
async def test_a_server_that_hangs_for_longer_than_the_reply_timeout(
    start_server: StartServer,
) -> None:
    server = start_server()
    ann, bob = await two([server.port], reply_timeout=1.0, ping_after=0.5)
    await both_write(ann, bob, 0.3)
    server.process.send_signal(signal.SIGSTOP)
    try:
        # Ann is in the midst of writing; Bob finds out while he says nothing.
        await ann.write_on(0.5, bob)
        await until(
            lambda: ann.offline(ReplyTimeout) and bob.offline(ReplyTimeout), "both have noticed"
        )
        await until(lambda: len(bob.offline(ReplyTimeout)) > 2, "attempts to come back hang too")
        await ann.write_on(0.3, bob)
    finally:
        server.process.send_signal(signal.SIGCONT)
    await all_online(ann, bob)
    await both_write(ann, bob, 0.3)
    await check(ann, bob)
    await go(ann, bob)
    assert_calm([server])


@asynchronous
async def test_an_orderly_restart_of_the_server(start_server: StartServer) -> None:
    server = start_server()
    ann, bob = await two([server.port])
    writing = Deferred.fromCoroutine(both_write(ann, bob, 2.0))
    await deferLater(reactor, 0.5)
    await deferToThread(server.stop)
    await start_again(server)
    await writing
    await all_online(ann, bob)
    await check(ann, bob)
    for person in (ann, bob):
        goodbye = person.offline(Dismissed)[0]
        assert isinstance(goodbye.why, Dismissed)
        assert goodbye.why.reason == "shutdown"
        assert goodbye.pause >= goodbye.why.retry_after > 0
    await go(ann, bob)
    assert_calm([server])


@asynchronous
async def test_nodes_that_are_killed_one_after_the_other(site: Site) -> None:
    await site.joined()
    ann, bob = await two([node.port for node in site.nodes])
    for node in site.nodes:
        writing = Deferred.fromCoroutine(both_write(ann, bob, 1.5))
        await deferLater(reactor, 0.5)
        node.kill()
        await writing
        await all_online(ann, bob)
        await start_again(node)
    await both_write(ann, bob, 0.3)
    await check(ann, bob)
    assert len(ann.offline(ConnectionClosed)) >= 2
    await go(ann, bob)
    assert_calm(site.nodes)


class Program(Process):
    """``steady_program`` as a process."""

    def __init__(self, folder: Path, port: int, account: int, friend: int) -> None:
        command = [sys.executable, "-m", "tests.e2e.steady_program"]
        arguments = [*map(str, (port, account, friend)), str(folder)]
        super().__init__("program", folder, command + arguments)

    def is_up(self) -> bool:
        return self.is_running()

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().split() if path.exists() else []

    def has_heard_since_its_start(self, run: int) -> bool:
        """Whether this run, counted from 1, has been handed a text."""
        lines = self.lines("got")
        return lines.count("started") == run and lines[-1] != "started"


@asynchronous
async def test_kill_9_of_the_client_with_a_store_on_disk(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server()
    account, friend = await register(server.port, "program", "friend")
    person = Person([server.port], friend)
    person.client.start()
    program = Program(tmp_path / "program", server.port, account, friend)
    other = Person([server.port], account)  # only names the account to write to
    try:
        for run in range(4):
            program.launch()
            person.write(other)
            await until(partial(program.has_heard_since_its_start, run + 1), "it hears")
            await person.write_on(0.7, other)
            if run < 3:
                program.kill()
                await person.write_on(0.1, other)
        program.process.send_signal(signal.SIGUSR1)
        written = len(await person.all_stored())
        await until(lambda: str(written - 1) in program.lines("got"), "it has heard all")
        await until(
            lambda: program.lines("given")[-1] in person.received[account], "it has sent all"
        )
        await deferToThread(program.stop)
        assert program.process.returncode == 0, program.log
    finally:
        program.kill()
    given = [int(number) for number in program.lines("given")]
    person.has_exactly(account, given[-1] + 1)
    assert given[-1] > 100
    check_what_came(program.lines("got"), written)
    store = DiskStore(program.folder / "store.db")
    assert store.unsent() == []
    store.close()
    await go(person)
    assert "Traceback" not in program.log


def check_what_came(lines: list[str], count: int) -> None:
    """All came, in order, once; but what was in hand when it was killed may come again."""
    expected = 0
    for before, line in zip(["", *lines], lines, strict=False):
        if line == "started":
            continue
        if before == "started" and expected and int(line) == expected - 1:
            continue
        assert int(line) == expected, lines
        expected += 1
    assert expected == count


@asynchronous
async def test_logins_of_given_up_attempts_replace_nobody(start_server: StartServer) -> None:
    server = start_server()
    (account,) = await register(server.port, "ann")
    person = Person([server.port], account, reply_timeout=1.0)
    server.process.send_signal(signal.SIGSTOP)
    try:
        person.client.start()
        await until(lambda: len(person.offline(ReplyTimeout)) > 3, "several attempts have hung")
    finally:
        server.process.send_signal(signal.SIGCONT)
    await all_online(person)
    person.write(person)
    await person.all_stored()
    await deferLater(reactor, 1)  # the late logins would come now
    assert person.is_online
    await go(person)


@asynchronous
async def test_a_server_that_refuses_most_for_the_time_being(start_server: StartServer) -> None:
    server = start_server("--rate", "40", "--burst", "5")
    ann, bob = await two([server.port])
    for _ in range(40):
        ann.write(bob, ann)
    await check(ann, bob)
    await go(ann, bob)


@asynchronous
async def test_a_text_that_is_too_long_is_refused_and_harms_no_other(
    start_server: StartServer,
) -> None:
    server = start_server()
    ann, bob = await two([server.port])
    ann.write(bob, ann)
    too_long = ann.client.chat(bob.account, "😀" * 16384)
    ann.write(bob, ann)
    with pytest.raises(Malformed):
        await too_long
    await check(ann, bob)
    assert ann.client.unsent == []
    await go(ann, bob)
