"""What differs between the databases that the store runs on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum, auto
from typing import Any, NamedTuple, Protocol

from twisted.enterprise.adbapi import ConnectionPool


class Cursor(Protocol):
    """What the store uses of a DB-API cursor; values stand in for question marks."""

    @property
    def lastrowid(self) -> int | None: ...
    @property
    def rowcount(self) -> int: ...
    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Any: ...
    def executemany(self, sql: str, rows: Sequence[Sequence[Any]], /) -> Any: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> Sequence[Any]: ...


#: A message as it is written: conversation, seq, sender, device, sent, cid, body.
Row = tuple[int, int, int, int, int, str, str]
MESSAGE_COLUMNS = "(conversation, seq, sender, device, sent, cid, body)"


class Verdict(Enum):
    """What an exception of a database's driver means."""

    REFUSED = auto()  # a row breaks a key or can't be stored
    AGAIN = auto()  # the transaction lost against another and may simply be done again
    LOCKED = auto()  # another held for too long what it needs
    UNREACHABLE = auto()  # the database can't be used just now
    FAULT = auto()  # a mistake in this program


class Versions(NamedTuple):
    """The schema that a database has and the one that this program needs, as numbers."""

    found: int
    needed: int

    @property
    def is_current(self) -> bool:
        """Whether there is nothing to migrate."""
        return self.found == self.needed


class Engine(Protocol):
    """One kind of database, at one URL."""

    #: "sqlite" or "mysql", as in the names of migrations.
    dialect: str
    #: What people call the database; without its password.
    name: str
    #: Whether what makes the writer wait makes readers wait, too.
    hangs_as_one: bool
    #: Sets a cursor (device, conversation, seq), unless it is further already.
    upsert_cursor: str
    #: The bytes of a message's text, ``m.body``.
    body_size: str
    #: Selects the bytes that the whole database takes.
    size: str
    #: Behind a SELECT in a transaction that writes: keeps its rows as they are.
    for_update: str

    def prepare(self) -> Versions:
        """Make the database ready and migrate it; safe when several processes do it at once.

        Where it is up to date, nothing is changed or locked. Returns the versions as they
        were before.

        :raises DatabaseUnusable: it can't be used, or a newer program wrote it.
        """

    def look(self) -> Versions:
        """The versions, as :meth:`prepare` returns them; changes nothing.

        :raises DatabaseUnusable: it can't be used, or a newer program wrote it.
        """

    def pool(self, reactor: Any, size: int) -> ConnectionPool:
        """Up to ``size`` connections."""

    def be_patient(self) -> None:
        """Let statements of later pools take as long as they like."""

    def adapt(self, cursor: Any) -> Cursor:
        """The driver's cursor as the store uses it."""

    def begin(self, cursor: Cursor) -> None:
        """Begin a transaction that writes."""

    def begin_snapshot(self, cursor: Cursor) -> None:
        """Begin a transaction that reads everything as it is now, for as long as it takes."""

    def lock(self, cursor: Cursor, conversations: Collection[int]) -> dict[int, int]:
        """Keep other writers out of conversations until the transaction ends.

        Returns the last seq of those where it may have changed since the last transaction.
        """

    def insert_messages(self, cursor: Cursor, rows: Sequence[Row]) -> None:
        """Write rows of messages, many at once; where one is refused, roll the transaction back."""

    def verdict(self, problem: Exception) -> Verdict:
        """What an exception of the driver means."""
