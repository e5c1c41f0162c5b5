"""What two nodes, a MariaDB and a Redis carry on this machine, and what each message costs them.

    python -m bench.scaling [--seconds 8] [--json FILE]

All parts and the generator share the machine's cores, so the rates are lower than those of
hosts of their own; the CPU time of each part for a message is what to reckon with.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.internet import task
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater

from bench.cpu import Meter
from bench.load import PASSWORD, Client, Sender, connect, log_in
from chatserver.settings import Settings
from chatserver.store.store import Store
from cluster.mariadb import MariaDB
from cluster.nodes import Node
from cluster.process import Process, free_port
from cluster.redis import Redis

_PAIRS = 40
_MEMBERS = 60
_LOGINS = 1000
_CONVERSATIONS = 20_000
_WARM_UP = 1.0  # seconds
_SETTINGS = ["--rate", "0", "--register-rate", "0", "--login-failures", "0"]


class Site:
    """The parts, running, with accounts."""

    def __init__(self, folder: Path) -> None:
        self.database = MariaDB(folder / "db")
        self.redis = Redis(folder / "redis", free_port())
        environment = {
            "CHATSERVER_DATABASE": self.database.url("chat"),
            "CHATSERVER_REDIS": f"redis://127.0.0.1:{self.redis.port}",
        }
        self.nodes = [Node(folder / "n", free_port(), *_SETTINGS, **environment) for _ in "ab"]
        self.accounts: list[int] = []

    @property
    def parts(self) -> list[Process]:
        return [self.database, self.redis, *self.nodes]

    def start(self) -> None:
        self.database.start()
        self.database.execute("CREATE DATABASE chat")
        for part in self.parts[1:]:
            part.start()

    def stop(self) -> None:
        for part in reversed(self.parts):
            part.remove()

    def meter(self) -> Meter:
        names = ["MariaDB", "Redis", "node A", "node B"]
        pids = [part.process.pid for part in self.parts]
        return Meter(dict(zip(names, pids, strict=True)) | {"generator": os.getpid()})

    async def make_accounts(self, reactor: Any, count: int) -> None:
        client = await connect(reactor, self.nodes[0].port)
        for number in range(count):
            client.send({"msgid": 3, "name": f"user {number}", "password": PASSWORD})
        for _ in range(count):
            self.accounts.append((await client.next())["id"])

    async def clients(self, reactor: Any, node: int, accounts: Sequence[int]) -> list[Client]:
        """Clients of a node, logged in."""
        port = self.nodes[node].port
        logins = [Deferred.fromCoroutine(log_in(reactor, port, one)) for one in accounts]
        return list(await gatherResults(logins))


async def measure(
    reactor: Any, site: Site, senders: list[Sender], clients: list[Client], seconds: float
) -> dict[str, Any]:
    """Let senders send, and count what their and the other clients get."""
    for sender in senders:
        sender.start()
    await deferLater(reactor, _WARM_UP)
    for client in clients:
        client.reset()
    meter, begun = site.meter(), time.monotonic()
    await deferLater(reactor, seconds)
    took, used = time.monotonic() - begun, meter.used()
    sent = sum(client.replies for client in clients)
    pushed = sum(client.pushes for client in clients)
    latencies = sorted(one for client in clients for one in client.latencies)
    refused = sum(client.refusals for client in clients)
    for sender in senders:
        sender.stop()
    await deferLater(reactor, 1.0)
    assert not refused, f"{refused} sends were refused"
    return {
        "sends a second": round(sent / took),
        "deliveries a second": round(pushed / took),
        "p50 ms": round(statistics.median(latencies) * 1000, 2),
        "p99 ms": round(latencies[int(len(latencies) * 0.99)] * 1000, 2),
        "CPU µs a send": {name: round(one / sent * 1e6, 1) for name, one in used.items()},
        "CPU busy": {name: round(one / took, 2) for name, one in used.items()},
    }


async def chats(
    reactor: Any,
    site: Site,
    nodes: tuple[int, int],
    window: int,
    seconds: float,
    pairs: int = _PAIRS,
) -> dict[str, Any]:
    """Pairs of users: each sender with ``window`` unanswered sends."""
    sending, receiving = site.accounts[:pairs], site.accounts[pairs : 2 * pairs]
    senders = await site.clients(reactor, nodes[0], sending)
    receivers = await site.clients(reactor, nodes[1], receiving)
    for receiver in receivers:
        receiver.count()
    work = [
        Sender(client, {"msgid": 5, "toid": to}, window)
        for client, to in zip(senders, receiving, strict=True)
    ]
    result = await measure(reactor, site, work, senders + receivers, seconds)
    await hang_up(reactor, senders + receivers)
    return result


async def group(reactor: Any, site: Site, window: int, seconds: float) -> dict[str, Any]:
    """A group with half of its members on each node; one on each node writes."""
    half = _MEMBERS // 2
    here = await site.clients(reactor, 0, site.accounts[:half])
    there = await site.clients(reactor, 1, site.accounts[half:_MEMBERS])
    made = await here[0].ask({"msgid": 7, "groupname": f"group {time.time()}"})
    for client in [*here[1:], *there]:
        await client.ask({"msgid": 8, "groupid": made["groupid"]})
    for client in here + there:
        client.count()
    request = {"msgid": 9, "groupid": made["groupid"]}
    work = [Sender(client, request, window) for client in (here[0], there[0])]
    result = await measure(reactor, site, work, here + there, seconds)
    await hang_up(reactor, here + there)
    return result


async def logins(reactor: Any, site: Site) -> dict[str, Any]:
    """Logins by token, some at a time, on both nodes in turn."""
    tokens = []
    for account in site.accounts:
        client = await connect(reactor, site.nodes[0].port)
        asked = {"msgid": 1, "id": account, "password": PASSWORD, "device": "bench"}
        tokens.append((await client.ask(asked))["token"])
        client.transport.loseConnection()

    async def log_in_by(number: int) -> None:
        client = await connect(reactor, site.nodes[number % 2].port)
        reply = await client.ask({"msgid": 1, "token": tokens[number % len(tokens)]})
        assert reply["msgid"] == 2 and not reply["errno"], reply  # noqa: PT018
        client.transport.loseConnection()

    meter, begun = site.meter(), time.monotonic()
    at_once = task.Cooperator(scheduler=lambda call: reactor.callLater(0, call))
    work = (Deferred.fromCoroutine(log_in_by(number)) for number in range(_LOGINS))
    await gatherResults([at_once.coiterate(work) for _ in range(_PAIRS)])
    took, used = time.monotonic() - begun, meter.used()
    return {
        "logins a second": round(_LOGINS / took),
        "CPU µs a login": {name: round(one / _LOGINS * 1e6) for name, one in used.items()},
    }


async def without_redis(reactor: Any, site: Site, seconds: float) -> dict[str, Any]:
    """Chats between nodes while Redis is away, ten a second for each pair."""
    site.redis.kill()
    await deferLater(reactor, 1.0)
    sending, receiving = site.accounts[:_PAIRS], site.accounts[_PAIRS : 2 * _PAIRS]
    senders = await site.clients(reactor, 0, sending)
    receivers = await site.clients(reactor, 1, receiving)
    for client in senders + receivers:
        client.count()
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        for client, to in zip(senders, receiving, strict=True):
            client.send({"msgid": 5, "toid": to, "msg": f"@{time.time():.6f}"})
        await deferLater(reactor, 0.1)
    await deferLater(reactor, 2.0)
    latencies = sorted(one for client in receivers for one in client.latencies)
    await hang_up(reactor, senders + receivers)
    site.redis.start()
    await deferLater(reactor, 1.0)
    return {
        "p50 ms": round(statistics.median(latencies) * 1000),
        "p99 ms": round(latencies[int(len(latencies) * 0.99)] * 1000),
    }


async def comparing(reactor: Any, site: Site) -> dict[str, Any]:
    """What a node does every half second while Redis is away, and every 30 s otherwise."""
    first = 1_000_000
    conversations = range(first, first + _CONVERSATIONS)
    for table, row in (("conversations (id)", "({0})"), ("members", "({1}, {0}, 0, 'normal')")):
        rows = (row.format(one, site.accounts[one % len(site.accounts)]) for one in conversations)
        site.database.execute(f"INSERT INTO {table} VALUES {', '.join(rows)}", "chat")
    store = Store(Settings(database=site.database.url("chat")), reactor, "bench")
    try:
        meter, begun = site.meter(), time.monotonic()
        interests = await store.interests(site.accounts)
        took, used = time.monotonic() - begun, meter.used()
    finally:
        store.close()
    thousands = len(interests.parts) / 1000
    return {
        "ms a 1,000 conversations": round(took * 1000 / thousands, 1),
        "CPU ms a 1,000 conversations": {
            "MariaDB": round(used["MariaDB"] * 1000 / thousands, 1),
            "node": round(used["generator"] * 1000 / thousands, 1),
        },
    }


async def hang_up(reactor: Any, clients: list[Client]) -> None:
    """Close connections, and let the server see it."""
    for client in clients:
        client.transport.loseConnection()
    await deferLater(reactor, 1.0)


async def run(reactor: Any, seconds: float, file: str | None) -> None:
    """Measure everything, and tell it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        site = Site(Path(folder))
        site.start()
        try:
            await site.make_accounts(reactor, 2 * _PAIRS)
            await deferLater(reactor, 2.0)
            results = {
                "a lone pair, one node": await chats(reactor, site, (0, 0), 1, seconds, 1),
                "a lone pair, across nodes": await chats(reactor, site, (0, 1), 1, seconds, 1),
                "one node, 1 unanswered": await chats(reactor, site, (0, 0), 1, seconds),
                "one node, 16 unanswered": await chats(reactor, site, (0, 0), 16, seconds),
                "across nodes, 1 unanswered": await chats(reactor, site, (0, 1), 1, seconds),
                "across nodes, 16 unanswered": await chats(reactor, site, (0, 1), 16, seconds),
                f"group of {_MEMBERS} on both": await group(reactor, site, 8, seconds),
                "logins by token": await logins(reactor, site),
                "comparing with the database": await comparing(reactor, site),
                "across nodes, no Redis": await without_redis(reactor, site, seconds),
            }
        finally:
            site.stop()
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    sys.stdout.write(f"{machine}, Python {platform.python_version()}\n\n")
    for name, result in results.items():
        sys.stdout.write(f"{name}\n")
        for what, value in result.items():
            sys.stdout.write(f"    {what}: {_shown(value)}\n")
    if file:
        Path(file).write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one:g}" for name, one in value.items())
    return f"{value:g}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scaling", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="for each load [8]")
    parser.add_argument("--json", metavar="FILE", help="write the results there, too")
    given = parser.parse_args()
    task.react(lambda reactor: Deferred.fromCoroutine(run(reactor, given.seconds, given.json)))


if __name__ == "__main__":
    main()
