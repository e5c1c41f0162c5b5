"""Accounts: who there is."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from chatserver.errors import NoSuchUser, Refused
from chatserver.store.cache import BoundedCache
from chatserver.store.chunks import chunks, marks
from chatserver.store.database import Database
from chatserver.store.engine import Cursor
from chatserver.store.errors import RowRefused

#: The password hash of an account that nobody can log in to.
NO_PASSWORD = "!"  # noqa: S105
_CACHED_NAMES = 100_000


class Account(NamedTuple):
    """One account as stored."""

    id: int
    name: str
    password_hash: str
    disabled: bool


class Accounts:
    """Creates and finds accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names: BoundedCache[int, str] = BoundedCache(_CACHED_NAMES)
        #: The name of an account, where it is at hand.
        self.cached_name = self._names.get

    async def create(self, name: str, password_hash: str, now: int) -> int:
        """A new account's id. ``now`` in milliseconds since the epoch.

        :raises Refused: the name is taken.
        """
        try:
            return await self._database.write(_insert, name, password_hash, now)
        except RowRefused:
            raise Refused(f"the name {name} is taken; choose another") from None

    async def is_taken(self, name: str) -> bool:
        """Whether an account has this name."""
        return await self.find(name=name) is not None

    async def find(self, *, id: int | None = None, name: str | None = None) -> Account | None:
        """The account with this id, or else this name."""
        return await self._database.read(_select, id, name)

    async def disabled(self, ids: Collection[int]) -> set[int]:
        """Those of the accounts that are disabled."""
        return await self._database.read(_select_disabled, ids)

    async def name(self, id: int) -> str:
        """The name of an account.

        :raises NoSuchUser: there is none with this id.
        """
        name = self._names.get(id)
        if name is None:
            account = await self.find(id=id)
            if account is None:
                raise NoSuchUser
            name = account.name
            self._names.put(id, name)
        return name


def _insert(cursor: Cursor, name: str, password_hash: str, now: int) -> int:
    cursor.execute(
        "INSERT INTO accounts (name, password_hash, created) VALUES (?, ?, ?)",
        (name, password_hash, now),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _select(cursor: Cursor, id: int | None, name: str | None) -> Account | None:
    column, value = ("name", name) if id is None else ("id", id)
    cursor.execute(
        f"SELECT id, name, password_hash, disabled FROM accounts WHERE {column} = ?", (value,)
    )
    row = cursor.fetchone()
    return None if row is None else Account(row[0], row[1], row[2], bool(row[3]))


def _select_disabled(cursor: Cursor, ids: Collection[int]) -> set[int]:
    found: set[int] = set()
    for chunk in chunks(ids):
        cursor.execute(
            f"SELECT id FROM accounts WHERE id IN ({marks(chunk)}) AND disabled = 1", chunk
        )
        found.update(id for (id,) in cursor.fetchall())
    return found
