"""How far each device has come in each conversation: written behind, read at login."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from chatserver.store.chunks import chunks
from chatserver.store.database import Database
from chatserver.store.engine import Cursor
from chatserver.store.messages import last_seq_of

Positions = dict[int, dict[int, int]]  # device -> conversation -> seq


_COUNTED_AT_ONCE = 100  # conversations in one statement
_COUNT = (
    "SELECT ?, COUNT(*) FROM messages WHERE conversation = ? AND seq > ? AND seq <= ? "
    "AND NOT (sender = ? AND (device = ? OR seq <= ?))"
)


class Backlog(NamedTuple):
    """What waits for a device in a conversation: ``missed`` messages in (floor, last].

    The account's own messages up to ``own``, and those from this device, are none of them.
    """

    conversation: int
    floor: int
    own: int
    last: int
    missed: int


class Standing(NamedTuple):
    """Where a device stands: its backlogs, and the last seq of all the account's conversations."""

    backlogs: list[Backlog]
    last_seqs: dict[int, int]


class Cursors:
    """Remembers positions in memory and writes them down many at a time.

    What a crash loses of them comes to the device again; nothing is lost by it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unwritten: Positions = {}
        self._writing: list[Positions] = []
        self._failures = 0

    def note(self, device: int, conversation: int, seq: int) -> None:
        """Everything up to ``seq`` has reached the device."""
        positions = self._unwritten.get(device)
        if positions is None:
            positions = self._unwritten[device] = {}
        if seq > positions.get(conversation, 0):
            positions[conversation] = seq

    def is_settled(self, device: int | None = None) -> bool:
        """Whether all that was noted (of one device) is in the database."""
        if device is None:
            return not self._unwritten and not self._writing
        return device not in self._unwritten and not any(
            device in positions for positions in self._writing
        )

    async def flush(self) -> None:
        """Write down what has been noted so far; when this returns, all of it is written.

        :raises TryAgain: the database can't be reached; what was noted stays noted.
        """
        positions, self._unwritten = self._unwritten, {}
        self._writing.append(positions)
        failures = self._failures
        try:
            # Even with nothing new: writes run in order, so this waits for earlier flushes.
            await self._database.write(_upsert, self._database.upsert_cursor, positions)
        except BaseException:
            self._failures += 1
            for device, noted in positions.items():
                for conversation, seq in noted.items():
                    self.note(device, conversation, seq)
            raise
        finally:
            self._writing.remove(positions)
        if self._failures > failures:  # an earlier flush left something
            await self.flush()


def _upsert(cursor: Cursor, sql: str, positions: Positions) -> None:
    # In the order of the key: two nodes that write the same ones at once don't end in a deadlock.
    cursor.executemany(
        sql,
        sorted(
            (device, conversation, seq)
            for device, noted in positions.items()
            for conversation, seq in noted.items()
        ),
    )


def select_standing(cursor: Cursor, account: int, device: int) -> Standing:
    """Where a device of an account stands, by conversation."""
    cursor.execute(
        "SELECT m.conversation,"
        " CASE WHEN COALESCE(c.seq, 0) > m.joined THEN c.seq ELSE m.joined END,"
        f" COALESCE(c.own, 0), {last_seq_of('m.conversation')} "
        "FROM members m LEFT JOIN cursors c ON c.device = ? AND c.conversation = m.conversation "
        "WHERE m.account = ? ORDER BY m.conversation",
        (device, account),
    )
    rows = cursor.fetchall()
    behind = [
        (conversation, floor, own, last) for conversation, floor, own, last in rows if last > floor
    ]
    missed = _count_missed(cursor, account, device, behind)
    return Standing(
        [Backlog(*row, missed[row[0]]) for row in behind],
        {conversation: last for conversation, _, _, last in rows},
    )


def _count_missed(
    cursor: Cursor, account: int, device: int, behind: Sequence[tuple[int, int, int, int]]
) -> dict[int, int]:
    """How many messages of others there are in each range (conversation, floor, own, last].

    The bounds are given as values: MariaDB would read whole conversations to compare with columns.
    """
    missed: dict[int, int] = {}
    for chunk in chunks(behind, _COUNTED_AT_ONCE):
        cursor.execute(
            " UNION ALL ".join([_COUNT] * len(chunk)),
            [
                value
                for conversation, floor, own, last in chunk
                for value in (conversation, conversation, floor, last, account, device, own)
            ],
        )
        missed.update(cursor.fetchall())
    return missed
