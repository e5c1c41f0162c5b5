"""What is measured: the rows of the table, each with its loads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path

from bench.generator import Load, Value
from bench.people import Crowd
from bench.sites import OnMariaDB, OnSQLite, Site

SQLITE = "SQLite"
MARIADB = "MariaDB"
TWO_NODES = "two nodes on one core"
TWO_NODES_FREE = "two nodes, not pinned"
C_RELAY = "C relay"
PYTHON_RELAY = "Python relay"
YARDSTICKS = (C_RELAY, PYTHON_RELAY)

PAIRS = Crowd(1, 200)
ACQUAINTED = Crowd(1, 60, writers=50)
LOGINS = Crowd(10_001, 2_000, friends=5, group=10, pending=2)
IDLE = Crowd(20_001, 10_000)
MEMBERS = 100
GROUPS = {size: Crowd(100_000 + size, size, group=size) for size in (10, MEMBERS, 1000)}
STORED = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
#: How many are under way where sizes are compared.
SIZES_WINDOW = 32


class Reading(Enum):
    """What a row is about."""

    RATE = "rate"
    LATENCY = "latency"
    MEMORY = "memory"


@dataclass(frozen=True)
class Plan:
    """A load on a site.

    :param size: how many members the group has, or how many messages are stored before.
    """

    site: str
    load: Load
    size: int = 0

    @property
    def window(self) -> int:
        return int(self.load.options.get("window", 0))


@dataclass(frozen=True)
class Row:
    """A row of the table; the texts are its cells.

    :param window: the one that the table shows; the best if it is None.
    :param size: the one that the table shows.
    """

    letter: str
    work: str
    unit: str
    reading: Reading
    cplusplus: str
    must: str
    aim: str
    plans: Sequence[Plan]
    window: int | None = None
    size: int = 0

    @property
    def sites(self) -> list[str]:
        """The sites that it needs."""
        return list(dict.fromkeys(plan.site for plan in self.plans))

    def shows(self, plan: Plan) -> bool:
        """Whether the table shows what comes of a plan, if it is the best."""
        return plan.size == self.size and self.window in (None, plan.window)


def _loads(
    mode: str, crowd: Crowd, sites: Iterable[str], windows: Iterable[int], **options: Value
) -> list[Plan]:
    return [
        Plan(site, Load(mode, crowd, {"window": window, **options}))
        for site in sites
        for window in windows
    ]


def _group(size: int, windows: Iterable[int]) -> list[Plan]:
    crowd = GROUPS[size]
    options = {"receivers": size - 1, "group": crowd.group_of(crowd.first)}
    return [
        Plan(SQLITE, Load("group", crowd, {"window": window, **options}), size)
        for window in windows
    ]


def _stored(count: int) -> str:
    return f"SQLite with {count:,} messages"


_RELAYED = _loads("signal", PAIRS, YARDSTICKS, [1])
_WINDOWS = (1, 4, 16, 64, 256)

ROWS = [
    Row(
        "a",
        "SIGNAL to an online user, nothing stored, 50 pairs, one under way each",
        "messages/s",
        Reading.RATE,
        "84,000–98,000 (p99 1 ms)",
        "84,000",
        "110,000",
        _loads("signal", PAIRS, [SQLITE, *YARDSTICKS], _WINDOWS),
        window=1,
    ),
    Row(
        "b",
        "chat to an online user, stored, answered and delivered, 50 pairs",
        "messages/s",
        Reading.RATE,
        "–",
        "80,000 SQLite, 60,000 MariaDB",
        "150,000",
        [*_loads("chat", PAIRS, [SQLITE, MARIADB], _WINDOWS), *_RELAYED],
    ),
    Row(
        "c",
        "chat to offline users they know, stored and answered, 50 senders to 10 others",
        "messages/s",
        Reading.RATE,
        "1,700–4,500",
        "60,000",
        "100,000",
        [*_loads("offline", ACQUAINTED, [SQLITE, MARIADB], [16, 64, 256]), *_RELAYED],
    ),
    Row(
        "d",
        "chat between two nodes, 50 pairs",
        "messages/s",
        Reading.RATE,
        "2,100–8,600 (loses some)",
        "30,000",
        "80,000",
        [*_loads("chat", PAIRS, [TWO_NODES, TWO_NODES_FREE], [1, 16, 64]), *_RELAYED],
    ),
    Row(
        "e",
        "group of 100 on one node, one member writes",
        "deliveries/s",
        Reading.RATE,
        "53,000–106,000",
        "300,000",
        "600,000",
        [
            *_group(10, [SIZES_WINDOW]),
            *_group(MEMBERS, [1, 8, SIZES_WINDOW, 128]),
            *_group(1000, [SIZES_WINDOW]),
            *_RELAYED,
        ],
        size=MEMBERS,
    ),
    Row(
        "f",
        "logins by token on new connections, answered with 5 friends, a group of 10, 2 messages",
        "logins/s",
        Reading.RATE,
        "900–2,400 (plain passwords)",
        "4,000",
        "8,000",
        [*(Plan(site, Load("login", LOGINS)) for site in (SQLITE, MARIADB)), *_RELAYED],
    ),
    Row(
        "g",
        f"memory per idle logged-in connection, {IDLE.count:,} of them",
        "bytes",
        Reading.MEMORY,
        "4,700",
        "4,700",
        "2,500",
        [Plan(SQLITE, Load("idle", IDLE, {"step": 2500}))],
    ),
    Row(
        "h",
        "a lone chat, stored, sender to receiver: p50 and p99",
        "ms",
        Reading.LATENCY,
        "–",
        "2 and 10",
        "1",
        [*_loads("chat", PAIRS, [SQLITE, MARIADB], [1], pairs=1), *_RELAYED],
    ),
    Row(
        "i",
        "as b on SQLite, with so many messages in the log before",
        "messages/s",
        Reading.RATE,
        "–",
        "–",
        "–",
        [
            Plan(_stored(count), Load("chat", PAIRS, {"window": SIZES_WINDOW}), count)
            for count in STORED
        ],
        size=STORED[-1],
    ),
]

#: What makes a site in a folder, given the compiled programs.
SITES: dict[str, Callable[[Path], Site]] = {
    SQLITE: OnSQLite,
    MARIADB: OnMariaDB,
    TWO_NODES: partial(OnMariaDB, nodes=2),
    TWO_NODES_FREE: partial(OnMariaDB, nodes=2, is_pinned=False),
    **{_stored(count): partial(OnSQLite, stored=count) for count in STORED},
}
