"""Whom an account has to do with, as ids: what a node listens to while it is logged in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from chatserver.store.chunks import marks, padded
from chatserver.store.engine import Cursor
from chatserver.store.friends import select_friendships


class Seat(NamedTuple):
    """An account's place in a ``group``: what follows ``joined`` is for it."""

    group: int
    conversation: int
    joined: int


class Ties(NamedTuple):
    """An account's friends and its places in groups."""

    friends: list[int]
    seats: list[Seat]

    def number(self) -> int:
        """How many there are."""
        return len(self.friends) + len(self.seats)


def select_ties(cursor: Cursor, accounts: Sequence[int]) -> dict[int, Ties]:
    """The ties of each of the accounts."""
    ties = {account: Ties([], []) for account in accounts}
    for account, friend in select_friendships(cursor, accounts):
        ties[account].friends.append(friend)
    among = padded(accounts)
    cursor.execute(
        "SELECT m.account, g.id, m.conversation, m.joined FROM members m "
        "JOIN chat_groups g ON g.conversation = m.conversation "
        f"WHERE m.account IN ({marks(among)})",
        among,
    )
    for account, *seat in cursor.fetchall():
        ties[account].seats.append(Seat(*seat))
    return ties
