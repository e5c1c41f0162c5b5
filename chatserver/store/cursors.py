"""How far each device has come in each conversation: written behind, read at login."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from twisted.internet.defer import Deferred

from chatserver.spawn import spawn
from chatserver.store.chunks import chunks, marks, padded
from chatserver.store.conversations import Part
from chatserver.store.database import Database
from chatserver.store.engine import Cursor

Positions = dict[int, dict[int, int]]  # device -> conversation -> seq


_COUNTED_AT_ONCE = 128  # conversations in one statement
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


class _Range(NamedTuple):
    """What a device may have missed of a conversation: in (floor, last]."""

    conversation: int
    account: int
    device: int
    floor: int
    own: int
    last: int


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
        self._writing: Positions | None = None
        self._waiting: list[Deferred[None]] = []  # for the flush behind that

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
        return device not in self._unwritten and device not in (self._writing or ())

    async def flush(self) -> None:
        """Write down what has been noted so far; when this returns, all of it is written.

        All who ask while one flush is under way share the next.

        :raises TryAgain: the database can't be reached; what was noted stays noted.
        """
        if self._writing is None:
            await self._write()
        else:
            written: Deferred[None] = Deferred()
            self._waiting.append(written)
            await written

    async def _write(self) -> None:
        positions, self._unwritten = self._unwritten, {}
        self._writing = positions
        try:
            if positions:
                await self._database.write(_upsert, self._database.upsert_cursor, positions)
        except BaseException:
            for device, noted in positions.items():
                for conversation, seq in noted.items():
                    self.note(device, conversation, seq)
            raise
        finally:
            self._writing = None
            if self._waiting:
                waiting, self._waiting = self._waiting, []
                spawn(self._write_for(waiting), "writing cursors")

    async def _write_for(self, waiting: Sequence[Deferred[None]]) -> None:
        try:
            await self._write()
        except Exception as problem:
            for written in waiting:
                written.errback(problem)
        else:
            for written in waiting:
                written.callback(None)


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


def select_standings(
    cursor: Cursor,
    guests: Sequence[tuple[int, int]],
    parts: Mapping[int, Sequence[Part]],
    last_seqs: Mapping[int, int],
) -> list[Standing]:
    """Where each guest, a device of an account, stands.

    :param parts: what each account takes part in.
    :param last_seqs: of all these conversations.
    """
    reached = _select_cursors(cursor, {device for _, device in guests})
    ranges: list[list[_Range]] = []
    for account, device in guests:
        behind = []
        for _, conversation, joined, _, _ in parts[account]:
            seq, own = reached[device].get(conversation, (0, 0))
            floor, last = max(seq, joined), last_seqs[conversation]
            if last > floor:
                behind.append(_Range(conversation, account, device, floor, own, last))
        ranges.append(sorted(behind))
    missed = _count_missed(cursor, [one for behind in ranges for one in behind])
    return [
        Standing(
            [
                Backlog(one.conversation, one.floor, one.own, one.last, missed[one])
                for one in behind
            ],
            {part.conversation: last_seqs[part.conversation] for part in parts[account]},
        )
        for (account, _), behind in zip(guests, ranges, strict=True)
    ]


def _select_cursors(
    cursor: Cursor, devices: Collection[int]
) -> dict[int, dict[int, tuple[int, int]]]:
    """The cursors (seq, own) of each device, by conversation."""
    reached: dict[int, dict[int, tuple[int, int]]] = {device: {} for device in devices}
    for chunk in chunks(devices):
        among = padded(chunk)
        cursor.execute(
            f"SELECT device, conversation, seq, own FROM cursors WHERE device IN ({marks(among)})",
            among,
        )
        for device, conversation, seq, own in cursor.fetchall():
            reached[device][conversation] = (seq, own)
    return reached


def _count_missed(cursor: Cursor, ranges: Sequence[_Range]) -> dict[_Range, int]:
    """How many messages of others there are in each range.

    The bounds are given as values: MariaDB would read whole conversations to compare with columns.
    """
    missed: dict[_Range, int] = {}
    for chunk in chunks(ranges, _COUNTED_AT_ONCE):
        among = padded(chunk)
        cursor.execute(
            " UNION ALL ".join([_COUNT] * len(among)),
            [
                value
                for at, (conversation, account, device, floor, own, last) in enumerate(among)
                for value in (at, conversation, floor, last, account, device, own)
            ],
        )
        missed.update((among[at], count) for at, count in cursor.fetchall())
    return missed
