"""Groups with all their members, as every login of every member is told them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from chatserver.store.chunks import chunks, marks, padded
from chatserver.store.engine import Cursor
from chatserver.store.groups import Group, Member

_MEMBERS_AT_ONCE = 5000  # in one statement


class Roster(NamedTuple):
    """A group and its members, by account id."""

    group: Group
    members: list[Member]


Known = Callable[[int], Roster | None]


class Rosters:
    """The rosters that were read last, with up to ``limit`` members in all."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rosters: dict[int, Roster] = {}
        self._members = 0
        #: What is known of the group with a conversation; may be asked in any thread.
        self.known: Known = self._rosters.get

    def put(self, roster: Roster) -> None:
        """Remember what has been read; the oldest go first."""
        self._drop(roster.group.conversation)
        self._rosters[roster.group.conversation] = roster
        self._members += len(roster.members)
        while self._members > self._limit:
            self._drop(next(iter(self._rosters)))

    def _drop(self, conversation: int) -> None:
        before = self._rosters.pop(conversation, None)
        if before is not None:
            self._members -= len(before.members)


def select_rosters(
    cursor: Cursor, conversations: Collection[int], known: Known
) -> dict[int, Roster]:
    """The rosters of the groups with these conversations.

    Nobody leaves a group, and nothing about a member or a group changes: one that has as many
    members as are known has the same ones, and only they are counted.
    """
    rosters: dict[int, Roster] = {}
    unknown: dict[int, int] = {}
    for conversation, count in _count_members(cursor, conversations):
        roster = known(conversation)
        if roster is not None and len(roster.members) == count:
            rosters[conversation] = roster
        else:
            unknown[conversation] = count
    for chunk in _chunks_by_size(unknown):
        rosters |= _select_rosters(cursor, chunk)
    return rosters


def _count_members(cursor: Cursor, conversations: Collection[int]) -> Iterator[tuple[int, int]]:
    for chunk in chunks(conversations):
        among = padded(chunk)
        cursor.execute(
            "SELECT conversation, COUNT(*) FROM members "
            f"WHERE conversation IN ({marks(among)}) GROUP BY conversation",
            among,
        )
        yield from cursor.fetchall()


def _chunks_by_size(counts: dict[int, int]) -> Iterator[list[int]]:
    """The conversations in lists with so many members together, or one that has more."""
    chunk: list[int] = []
    size = 0
    for conversation, count in counts.items():
        if chunk and size + count > _MEMBERS_AT_ONCE:
            yield chunk
            chunk, size = [], 0
        chunk.append(conversation)
        size += count
    if chunk:
        yield chunk


def _select_rosters(cursor: Cursor, conversations: list[int]) -> dict[int, Roster]:
    cursor.execute(
        "SELECT id, conversation, name, description FROM chat_groups "
        f"WHERE conversation IN ({marks(conversations)})",
        conversations,
    )
    rosters = {row[1]: Roster(Group(*row), []) for row in cursor.fetchall()}
    cursor.execute(
        "SELECT m.conversation, a.id, a.name, m.role FROM members m "
        f"JOIN accounts a ON a.id = m.account WHERE m.conversation IN ({marks(conversations)}) "
        "ORDER BY m.conversation, m.account",
        conversations,
    )
    for conversation, *member in cursor.fetchall():
        rosters[conversation].members.append(Member(*member))
    return rosters
