"""Lists of friends: one-way, each account has its own."""

from __future__ import annotations

from collections.abc import Sequence

from chatserver.errors import Exists
from chatserver.store.chunks import marks, padded
from chatserver.store.database import Database
from chatserver.store.engine import Cursor
from chatserver.store.errors import RowRefused


class Friends:
    """Adds to lists of friends and reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, account: int, friend: int) -> None:
        """Put a user on an account's list.

        :raises Exists: the user is on it already.
        """
        try:
            await self._database.write(_insert, account, friend)
        except RowRefused:
            raise Exists("this user is your friend already") from None


def _insert(cursor: Cursor, account: int, friend: int) -> None:
    cursor.execute("INSERT INTO friends (account, friend) VALUES (?, ?)", (account, friend))


def select_friends(cursor: Cursor, accounts: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    """The ids and names on each account's list, by id."""
    friends: dict[int, list[tuple[int, str]]] = {account: [] for account in accounts}
    among = padded(accounts)
    cursor.execute(
        "SELECT f.account, f.friend, a.name FROM friends f JOIN accounts a ON a.id = f.friend "
        f"WHERE f.account IN ({marks(among)}) ORDER BY f.account, f.friend",
        among,
    )
    for account, friend, name in cursor.fetchall():
        friends[account].append((friend, name))
    return friends


def select_friendships(cursor: Cursor, accounts: Sequence[int]) -> list[tuple[int, int]]:
    """The accounts with all that are on their lists."""
    among = padded(accounts)
    cursor.execute(f"SELECT account, friend FROM friends WHERE account IN ({marks(among)})", among)
    return list(cursor.fetchall())
