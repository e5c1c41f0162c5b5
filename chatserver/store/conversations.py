"""Conversations: which one two users share, and who takes part in which."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from typing import NamedTuple

from chatserver.errors import NotAMember
from chatserver.store.cache import BoundedCache
from chatserver.store.chunks import chunks, marks, padded
from chatserver.store.database import Database
from chatserver.store.engine import Cursor

_CACHED = 200_000
_PAIRS = 200  # in one statement, which must not be nested too deeply for SQLite


class Membership(NamedTuple):
    """An account's part in a conversation: what follows ``joined`` is theirs.

    Either ``group`` is set, or the ``pair`` of accounts (the lower id first).
    """

    conversation: int
    joined: int
    group: int | None
    pair: tuple[int, int] | None

    def addressee(self, sender: int) -> int:
        """Whom a message from one of the pair is for."""
        assert self.pair is not None
        low, high = self.pair
        return high if sender == low else low


class Part(NamedTuple):
    """That an account takes part in a conversation, which is a ``group``'s or of a ``pair``."""

    account: int
    conversation: int
    joined: int
    group: int | None
    pair: tuple[int, int] | None

    @property
    def membership(self) -> Membership:
        return Membership(self.conversation, self.joined, self.group, self.pair)


def pair_of(one: int, other: int) -> tuple[int, int]:
    """The key of two users' conversation."""
    return (one, other) if one <= other else (other, one)


class Conversations:
    """Finds conversations and memberships; both stay true once they are."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pairs: BoundedCache[tuple[int, int], int] = BoundedCache(_CACHED)
        self._memberships: BoundedCache[tuple[int, int], Membership] = BoundedCache(_CACHED)
        #: The conversation of a pair, where it is at hand.
        self.cached_pair = self._pairs.get

    def remember_pair(self, pair: tuple[int, int], conversation: int) -> None:
        """Note what the log has just made."""
        self._pairs.put(pair, conversation)

    async def of_pair(self, pair: tuple[int, int]) -> int | None:
        """The conversation of a pair, or None where they never wrote to each other."""
        conversation = self._pairs.get(pair)
        if conversation is None:
            conversation = await self._database.read(select_pair, pair)
            if conversation is not None:
                self._pairs.put(pair, conversation)
        return conversation

    def cached_membership(self, account: int, conversation: int) -> Membership | None:
        """An account's part in a conversation, where it is at hand."""
        return self._memberships.get((account, conversation))

    def remember_membership(self, account: int, membership: Membership) -> None:
        """Note what has been read with something else."""
        self._memberships.put((account, membership.conversation), membership)

    async def membership(self, account: int, conversation: int) -> Membership:
        """
        :raises NotAMember: the account takes no part in it, or there is no such conversation.
        """
        membership = self.cached_membership(account, conversation)
        if membership is None:
            found = await self._database.read(select_memberships, account, [conversation])
            if not found:
                raise NotAMember
            [membership] = found
            self.remember_membership(account, membership)
        return membership


def select_pair(cursor: Cursor, pair: tuple[int, int]) -> int | None:
    """The conversation of a pair, inside a transaction."""
    cursor.execute("SELECT id FROM conversations WHERE low = ? AND high = ?", pair)
    row = cursor.fetchone()
    return None if row is None else int(row[0])


def select_pairs(cursor: Cursor, pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The conversations of those pairs that have one."""
    found: dict[tuple[int, int], int] = {}
    for chunk in chunks(pairs, _PAIRS):
        wanted = " OR ".join(["(low = ? AND high = ?)"] * len(chunk))
        cursor.execute(
            f"SELECT low, high, id FROM conversations WHERE {wanted}",
            list(chain.from_iterable(chunk)),
        )
        found |= {(low, high): id for low, high, id in cursor.fetchall()}
    return found


def insert_pairs(cursor: Cursor, pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """New conversations of pairs, made in this order, with their members."""
    if not pairs:
        return {}
    cursor.executemany("INSERT INTO conversations (low, high) VALUES (?, ?)", pairs)
    made = select_pairs(cursor, pairs)
    cursor.executemany(
        "INSERT INTO members (account, conversation, joined, role) VALUES (?, ?, ?, ?)",
        [(account, made[pair], 0, "normal") for pair in pairs for account in sorted(set(pair))],
    )
    return made


def select_memberships(
    cursor: Cursor, account: int, conversations: Sequence[int]
) -> list[Membership]:
    """An account's part in those of the conversations in which it has one."""
    cursor.execute(
        "SELECT m.conversation, m.joined, g.id, c.low, c.high FROM members m "
        "JOIN conversations c ON c.id = m.conversation "
        "LEFT JOIN chat_groups g ON g.conversation = m.conversation "
        f"WHERE m.account = ? AND m.conversation IN ({marks(conversations)})",
        (account, *conversations),
    )
    return [
        Membership(conversation, joined, group, _pair(low, high))
        for conversation, joined, group, low, high in cursor.fetchall()
    ]


def select_parts(cursor: Cursor, accounts: Sequence[int]) -> list[Part]:
    """What the accounts take part in."""
    among = padded(accounts)
    cursor.execute(
        "SELECT m.account, m.conversation, m.joined, g.id, c.low, c.high FROM members m "
        "JOIN conversations c ON c.id = m.conversation "
        "LEFT JOIN chat_groups g ON g.conversation = m.conversation "
        f"WHERE m.account IN ({marks(among)})",
        among,
    )
    return [
        Part(account, conversation, joined, group, _pair(low, high))
        for account, conversation, joined, group, low, high in cursor.fetchall()
    ]


def _pair(low: int | None, high: int | None) -> tuple[int, int] | None:
    return None if low is None or high is None else (low, high)
