"""What two nodes, a MariaDB and a Redis carry on this machine, and what each message costs them.

    python -m bench.scaling [--seconds 8] [--rounds 3] [--document]

All parts and the generator share the machine's cores, so the rates are lower than those of
hosts of their own; the CPU time of each part for a message is what to reckon with.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.internet import task
from twisted.internet.defer import Deferred

from bench.build import compiled
from bench.cpu import seconds
from bench.document import put_into
from bench.generator import Generator, Load, Report
from bench.people import Crowd
from bench.results import median
from bench.sites import OnMariaDB
from bench.table import markdown, number
from chatserver.settings import Settings
from chatserver.store.store import Store
from cluster.process import NotStarted

_PAGE = Path(__file__).parent.parent / "docs/scaling.md"
_PAIRS = 40
_PEOPLE = Crowd(1, 2 * _PAIRS)
_GROUP = Crowd(1_001, 60, group=60)
_LOGINS = Crowd(2_001, 1_000, friends=5, group=10)
_CONVERSATIONS = 20_000
_NODES = ("sender's node", "receiver's node")
_WARM_UP = 1.0  # seconds


@dataclass(frozen=True)
class Work:
    """A load on the site; the text is its cell in the table."""

    text: str
    load: Load
    nodes: int = 2


def _chats(text: str, nodes: int, pairs: int, window: int) -> Work:
    return Work(text, Load("chat", _PEOPLE, {"pairs": pairs, "window": window}), nodes)


_WORKS = [
    _chats("one pair, one chat under way, one node", 1, 1, 1),
    _chats("the same, across nodes", 2, 1, 1),
    _chats(f"{_PAIRS} pairs, 1 under way each, one node", 1, _PAIRS, 1),
    _chats("the same, across nodes", 2, _PAIRS, 1),
    _chats(f"{_PAIRS} pairs, 16 under way each, one node", 1, _PAIRS, 16),
    _chats("the same, across nodes", 2, _PAIRS, 16),
    Work(
        f"deliveries in a group of {_GROUP.count} on both nodes, 8 under way",
        Load(
            "group",
            _GROUP,
            {"receivers": _GROUP.count - 1, "window": 8, "group": _GROUP.group_of(_GROUP.first)},
        ),
    ),
    Work("logins by token, on both nodes", Load("login", _LOGINS, {"at_once": _PAIRS})),
]
_WITHOUT_REDIS = _chats("chats across nodes while Redis is away", 2, _PAIRS, 1)


class Scaling:
    """A running site, and the generator."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.site = OnMariaDB(folder / "site", nodes=2, is_pinned=False)
        self._generator = Generator(compiled("generator", folder), folder, seconds, _WARM_UP)

    def start(self) -> None:
        self.site.start()
        for crowd in (_PEOPLE, _GROUP, _LOGINS):
            self.site.settle(crowd)

    def measure(self, work: Work) -> Report:
        """
        :raises AssertionError: something came that was wrong, or did not come.
        """
        report = self._generator.run(work.load, self.site, self.site.ports[: work.nodes])
        assert not report.faults, f"{work.text}: {report.faults}"
        return report

    def without_redis(self) -> Report:
        """Chats across nodes that can't tell each other."""
        self.site.redis.kill()
        time.sleep(1)
        try:
            return self.measure(_WITHOUT_REDIS)
        finally:
            self.site.redis.start()

    async def comparing(self, reactor: Any) -> str:
        """What a node does every half second while Redis is away, and every 30 s otherwise."""
        accounts = list(_PEOPLE.ids)
        self._make_conversations(accounts)
        url, pid = self.site.database.url("chat"), self.site.database.process.pid
        store = Store(Settings(database=url), reactor, "bench")
        try:
            before = time.monotonic(), seconds(pid), time.process_time()
            interests = await store.interests(accounts)
            after = time.monotonic(), seconds(pid), time.process_time()
        finally:
            store.close()
        thousands = len(interests.parts) / 1000
        took, database, node = (
            (end - begin) * 1000 / thousands for begin, end in zip(before, after, strict=True)
        )
        return (
            "Comparing with the database, which a node does after a loss and every half second "
            "while Redis is away,\ntakes for 1,000 conversations of users that are online "
            f"{number(took)} ms: {number(database)} of MariaDB's CPU, {number(node)} of the node's."
        )

    def _make_conversations(self, accounts: list[int]) -> None:
        first = 10_000_000
        ids = range(first, first + _CONVERSATIONS)
        for table, row in (("conversations (id)", "({0})"), ("members", "({1}, {0}, 0, 'normal')")):
            rows = ", ".join(row.format(id, accounts[id % len(accounts)]) for id in ids)
            self.site.database.execute(f"INSERT INTO {table} VALUES {rows}", "chat")


def table(reports: dict[int, list[Report]]) -> str:
    """In Markdown: medians of what was measured, by the work's number."""
    heads = ["load", "a second", "p50 ms", "p99 ms"]
    lines = [[*heads, *(f"CPU µs each: {name}" for name in (*_NODES, "mariadb", "redis"))]]
    for at, measured in sorted(reports.items()):
        work = [*_WORKS, _WITHOUT_REDIS][at]
        lines.append([work.text, *_cells(measured)])
    return markdown(lines)


def _cells(measured: list[Report]) -> Iterator[str]:
    values: list[Callable[[Report], float]] = [
        lambda report: report.rate,
        lambda report: report.latencies["p50"] / 1000,
        lambda report: report.latencies["p99"] / 1000,
        *(
            lambda report, name=name: report.cost.get(name, 0.0)
            for name in (*_NODES, "mariadb", "redis")
        ),
    ]
    for value in values:
        yield number(median([value(report) for report in measured]))


async def run(reactor: Any, options: argparse.Namespace) -> None:
    """Measure everything, and tell it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        scaling = Scaling(Path(folder), options.seconds)
        reports: dict[int, list[Report]] = {}
        try:
            scaling.start()
            for _ in range(options.rounds):
                for at, work in enumerate(_WORKS):
                    reports.setdefault(at, []).append(scaling.measure(work))
                reports.setdefault(len(_WORKS), []).append(scaling.without_redis())
            comparing = await scaling.comparing(reactor)
        finally:
            scaling.site.remove()
    told = f"{table(reports)}\n{comparing}\n"
    sys.stdout.write(told)
    if options.document:
        put_into(_PAGE, {"scaling": told})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scaling", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="for each load [8]")
    parser.add_argument("--rounds", type=int, default=3, help="of which medians are taken [3]")
    parser.add_argument("--document", action="store_true", help="put it into docs/scaling.md")
    options = parser.parse_args()
    try:
        task.react(lambda reactor: Deferred.fromCoroutine(run(reactor, options)))
    except NotStarted as problem:
        sys.exit(f"bench: {problem}")


if __name__ == "__main__":
    main()
