"""How much there is in the database: counted where that is quick, estimated where it is not."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import NamedTuple

from chatserver.store.database import Database
from chatserver.store.engine import Cursor
from chatserver.store.messages import last_seq_of

_RANGE = 5000  # ids that are counted at once
# What is counted, by what is counted in a range of its ids.
_COUNTS = {
    "accounts": "SELECT COUNT(*) FROM accounts t WHERE t.id >= ? AND t.id < ?",
    "disabled": "SELECT COUNT(*) FROM accounts t WHERE t.id >= ? AND t.id < ? AND t.disabled = 1",
    "devices": "SELECT COUNT(*) FROM devices t WHERE t.id >= ? AND t.id < ?",
    "groups": "SELECT COUNT(*) FROM chat_groups t WHERE t.id >= ? AND t.id < ?",
    "conversations": "SELECT COUNT(*) FROM conversations t WHERE t.id >= ? AND t.id < ?",
    # A conversation has no holes.
    "messages": f"SELECT COALESCE(SUM({last_seq_of('t.id')}), 0) "
    "FROM conversations t WHERE t.id >= ? AND t.id < ?",
}
_TABLES = {"disabled": "accounts", "groups": "chat_groups", "messages": "conversations"}


class Count(NamedTuple):
    """So many, or about so many."""

    number: int
    is_exact: bool


class Counts:
    """Counts what is in the database.

    :param budget: seconds that each count may take, more or less.
    """

    def __init__(
        self,
        database: Database,
        budget: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._budget = budget
        self._clock = clock

    async def of(self, what: str) -> Count:
        """How many there are of one of :data:`COUNTED`."""
        first, last = await self._database.read(_bounds, _TABLES.get(what, what))
        starts = list(range(first, last + 1, _RANGE))
        # The parts of a long table are not alike: take some from everywhere.
        random.Random(0).shuffle(starts)
        begun = self._clock()
        number = looked = 0
        for start in starts:
            number += await self._database.read(_ask, _COUNTS[what], start, start + _RANGE)
            looked += 1
            if self._clock() - begun > self._budget:
                break
        if looked == len(starts):
            return Count(number, True)
        return Count(_rounded(number * len(starts) // looked), False)

    async def size(self) -> int:
        """The bytes that the database takes, more or less."""
        return await self._database.read(_ask, self._database.size)


#: What can be counted.
COUNTED = tuple(_COUNTS)


def _rounded(number: int) -> int:
    """With two digits that count: more would look like knowledge."""
    scale: int = 10 ** max(0, len(str(number)) - 2)
    return round(number / scale) * scale


def _bounds(cursor: Cursor, table: str) -> tuple[int, int]:
    """The first and the last id; the last is lower where there is none."""
    ends = []
    for direction in ("ASC", "DESC"):
        cursor.execute(f"SELECT id FROM {table} WHERE id > 0 ORDER BY id {direction} LIMIT 1")
        ends += [id for (id,) in cursor.fetchall()]
    return (ends[0], ends[1]) if ends else (0, -1)


def _ask(cursor: Cursor, sql: str, *values: int) -> int:
    """The one number that a statement gives."""
    cursor.execute(sql, values)
    return int(cursor.fetchone()[0])
