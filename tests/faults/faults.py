"""The faults: each breaks something for a while, and puts it right again."""

from __future__ import annotations

import random
import resource
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import MySQLdb
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from cluster.process import NotStarted, Process
from tests.faults.site import Cluster, Single, Site

Kinds = tuple[type[Cluster | Single], ...]
Work = Callable[[Any, random.Random], Coroutine[Any, Any, None]]

_ANY = (Cluster, Single)
_HOUR = 3600
_STOPS_WITHIN = 20.0  # seconds
_TRIES = 60


class Fault(NamedTuple):
    """Something that can go wrong.

    :param kinds: the sites that it can befall.
    :param breaks: what no other fault may break meanwhile.
    """

    name: str
    kinds: Kinds
    breaks: str
    work: Work


#: All faults, by name.
FAULTS: dict[str, Fault] = {}


def _fault(name: str, breaks: str, *kinds: type[Cluster | Single]) -> Callable[[Work], Work]:
    def register(work: Work) -> Work:
        assert name not in FAULTS, name
        FAULTS[name] = Fault(name, kinds or (Cluster,), breaks, work)
        return work

    return register


# Processes that die, and processes that stand still.


@_fault("kill-node", "nodes", *_ANY)
async def _kill_node(site: Site, chance: random.Random) -> None:
    await _kill(site, chance.choice(site.nodes), chance.choice((0, 0.5, 2)))


@_fault("kill-mariadb", "mariadb")
async def _kill_mariadb(site: Cluster, chance: random.Random) -> None:
    await _kill(site, site.mariadb, chance.choice((0, 0.5, 2)))


@_fault("kill-redis", "redis")
async def _kill_redis(site: Cluster, chance: random.Random) -> None:
    await _kill(site, site.redis, chance.choice((0, 0.5, 3)))


def _stops(seconds: int) -> None:
    """Faults that stop something for so long."""

    @_fault(f"stop-node-{seconds}", "nodes", *_ANY)
    async def _stop_node(site: Site, chance: random.Random) -> None:
        await _pause(site, chance.choice(site.nodes), seconds)

    @_fault(f"stop-mariadb-{seconds}", "mariadb")
    async def _stop_mariadb(site: Cluster, chance: random.Random) -> None:
        await _pause(site, site.mariadb, seconds)

    @_fault(f"stop-redis-{seconds}", "redis")
    async def _stop_redis(site: Cluster, chance: random.Random) -> None:
        await _pause(site, site.redis, seconds)


for _seconds in (1, 5, 20):
    _stops(_seconds)


@_fault("restart-nodes", "nodes", *_ANY)
async def _restart_nodes(site: Site, chance: random.Random) -> None:
    """One after the other, in good order, as for an upgrade."""
    for node in site.nodes:
        node.terminate()
        await deferToThread(node.process.wait, _STOPS_WITHIN)
        await _start(site, node)
        await deferLater(site.reactor, 1)


# Connections.


@_fault("cut-clients", "clients", *_ANY)
async def _cut_clients(site: Site, chance: random.Random) -> None:
    for _ in range(3):
        chance.choice(site.doors).cut()
        await deferLater(site.reactor, chance.uniform(0, 1))


@_fault("cut-replies", "clients", *_ANY)
async def _cut_replies(site: Site, chance: random.Random) -> None:
    """After the request, before the reply."""
    for _ in range(8):
        for door in site.doors:
            door.lose_reply(chance.choice((b'"msgid": 5', b'"msgid": 9', b'"msgid": 1,')))
        await deferLater(site.reactor, chance.uniform(0, 0.5))


@_fault("halfopen-clients", "clients", *_ANY)
async def _halfopen_clients(site: Site, chance: random.Random) -> None:
    chance.choice(site.doors).vanish()
    await deferLater(site.reactor, 7)


@_fault("halfopen-redis", "redis")
async def _halfopen_redis(site: Cluster, chance: random.Random) -> None:
    chance.choice(site.redis_doors).vanish()
    await deferLater(site.reactor, 4)


@_fault("halfopen-mariadb", "mariadb")
async def _halfopen_mariadb(site: Cluster, chance: random.Random) -> None:
    chance.choice(site.database_doors).vanish()
    await deferLater(site.reactor, 6)


@_fault("lose-commit", "mariadb")
async def _lose_commit(site: Cluster, chance: random.Random) -> None:
    """The connection ends after a COMMIT, before its answer."""
    for _ in range(4):
        for door in site.database_doors:
            door.lose_reply(b"INSERT INTO messages", b"\x03COMMIT")
        await deferLater(site.reactor, 1)


@_fault("kick-redis", "redis")
async def _kick_redis(site: Cluster, chance: random.Random) -> None:
    for _ in range(5):
        kind = chance.choice(("pubsub", "pubsub", "normal"))
        await deferToThread(site.redis.command, "CLIENT", "KILL", "TYPE", kind)
        await deferLater(site.reactor, chance.uniform(0, 0.6))


@_fault("overflow-redis", "redis")
async def _overflow_redis(site: Cluster, chance: random.Random) -> None:
    """A buffer so small that a longer text ends the nodes' subscriptions."""
    limit = ("CONFIG", "SET", "client-output-buffer-limit")
    await deferToThread(site.redis.command, *limit, "pubsub 1kb 1kb 1")
    await deferLater(site.reactor, 4)
    await deferToThread(site.redis.command, *limit, "pubsub 32mb 8mb 60")


# The database, and the clock.


@_fault("full-disk", "disk", Single)
async def _full_disk(site: Single, chance: random.Random) -> None:
    """As the node sees it: nothing more can be written, not even where a file has room."""
    with _file_size_limit(site.nodes[0].process.pid, 0):
        await deferLater(site.reactor, 4)


@_fault("lock-rows", "mariadb")
async def _lock_rows(site: Cluster, chance: random.Random) -> None:
    """Somebody keeps all conversations locked for longer than a transaction waits."""
    with site.transaction() as cursor:
        await deferToThread(_lock_all, cursor)
        await deferLater(site.reactor, 6)


@_fault("deadlock", "mariadb")
async def _deadlock(site: Cluster, chance: random.Random) -> None:
    """Somebody locks conversations in the order opposite to the nodes'."""
    for _ in range(4):
        await deferToThread(_lock_backwards, site)
        await deferLater(site.reactor, 0.1)


def _lock_all(cursor: Any) -> None:
    while True:
        with suppress(MySQLdb.OperationalError):  # a deadlock with a node
            cursor.execute("SELECT id FROM conversations FOR UPDATE")
            return


def _lock_backwards(site: Cluster) -> None:
    with site.transaction() as cursor, suppress(MySQLdb.OperationalError):
        cursor.execute("SET innodb_lock_wait_timeout = 2")
        cursor.execute("SELECT id FROM conversations ORDER BY id DESC LIMIT 20")
        for (id,) in cursor.fetchall():
            cursor.execute("SELECT id FROM conversations WHERE id = %s FOR UPDATE", (id,))
            cursor.execute("DO SLEEP(0.05)")


@_fault("clock-back", "clock", *_ANY)
async def _clock_back(site: Site, chance: random.Random) -> None:
    """The time of day goes back an hour, and is put right later."""
    node = chance.choice(site.nodes)
    site.set_clock(node, -_HOUR)
    await deferLater(site.reactor, 6)
    site.set_clock(node, 0)


async def _kill(site: Site, part: Process, seconds: float) -> None:
    """kill -9 and, after a while, start again."""
    await deferToThread(part.kill)
    await deferLater(site.reactor, seconds)
    await _start(site, part)


async def _start(site: Site, part: Process) -> None:
    """Start a process again and again, as what watches it would: it may lack the database."""
    for left in reversed(range(_TRIES)):
        try:
            await deferToThread(part.start)
        except NotStarted:
            if not left:
                raise
            await deferLater(site.reactor, 0.5)
        else:
            return


async def _pause(site: Site, part: Process, seconds: float) -> None:
    part.process.send_signal(signal.SIGSTOP)
    try:
        await deferLater(site.reactor, seconds)
    finally:
        part.process.send_signal(signal.SIGCONT)


@contextmanager
def _file_size_limit(pid: int, size: int) -> Iterator[None]:
    """Let a process write to no file beyond a size, in bytes."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
