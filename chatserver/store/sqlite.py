"""SQLite as the store's engine: a file, for a single node."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Collection, Sequence
from contextlib import closing
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

from twisted.enterprise.adbapi import ConnectionPool

from chatserver.store import migrations
from chatserver.store.engine import MESSAGE_COLUMNS, Cursor, Row, Verdict, Versions
from chatserver.store.errors import DatabaseUnusable

_BUSY_TIMEOUT = 4.0  # seconds
_PREPARE_TIMEOUT = 30.0  # seconds
# KiB of the file that the connections of a pool remember together. What a transaction changes has
# to fit in, or it is written and read again meanwhile.
_CACHE = 16 * 1024
# Messages that one statement writes: a power of two, as its smaller ones are, so that there are
# few different ones to prepare.
_MOST_ROWS = 256


class SQLite:
    """The database in the file of a ``sqlite:///FILE`` URL.

    :raises DatabaseUnusable: the URL names no file.
    """

    dialect = "sqlite"
    hangs_as_one = False  # another process may lock writers out; readers don't mind
    upsert_cursor = (
        "INSERT INTO cursors (device, conversation, seq) VALUES (?, ?, ?) "
        "ON CONFLICT (device, conversation) DO UPDATE SET seq = MAX(seq, excluded.seq)"
    )
    body_size = "LENGTH(CAST(m.body AS BLOB))"  # of a text it counts characters, up to a NUL
    size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    for_update = ""  # a transaction that writes has the whole database

    def __init__(self, url: str) -> None:
        path = url.removeprefix("sqlite:///")
        if path == url or not path or "\0" in path:
            raise DatabaseUnusable(
                f"can't use the database {url!r}: write sqlite:///FILE, or sqlite:////FOLDER/FILE "
                "with a full path"
            )
        self.name = self.path = str(Path(path).absolute())

    def prepare(self) -> Versions:
        """Create the file where it is missing, readable by its owner only, and migrate it."""
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as problem:
            raise DatabaseUnusable(
                f"can't open the database file {self.path}: {problem.strerror}"
            ) from None
        try:
            connection = sqlite3.connect(self.path, timeout=_PREPARE_TIMEOUT, isolation_level=None)
            try:
                _use_write_ahead_log(connection)
                return self._migrate(connection)
            finally:
                connection.close()
        except sqlite3.Error as problem:
            raise DatabaseUnusable(f"can't use the database {self.path}: {problem}") from None

    def look(self) -> Versions:
        """Makes no file where there is none."""
        if not Path(self.path).exists():
            raise DatabaseUnusable(f"there is no database file {self.path}")
        try:
            with closing(sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT)) as connection:
                return migrations.look(connection.cursor(), self.dialect, self.name)
        except sqlite3.Error as problem:
            raise DatabaseUnusable(f"can't use the database {self.path}: {problem}") from None

    def pool(self, reactor: Any, size: int) -> ConnectionPool:
        return ConnectionPool(
            "sqlite3",
            self.path,
            check_same_thread=False,
            isolation_level=None,
            timeout=_BUSY_TIMEOUT,
            cp_min=1,
            cp_max=size,
            cp_openfun=partial(_configure, cache=_CACHE // size),
            cp_reactor=reactor,
            cp_noisy=False,
        )

    def be_patient(self) -> None:
        """Its statements take what they take anyway."""

    def adapt(self, cursor: Cursor) -> Cursor:
        return cursor

    def begin(self, cursor: Cursor) -> None:
        """Take the write lock at once, so that no later statement finds it taken."""
        cursor.execute("BEGIN IMMEDIATE")

    def begin_snapshot(self, cursor: Cursor) -> None:
        cursor.execute("BEGIN")

    def lock(self, cursor: Cursor, conversations: Collection[int]) -> dict[int, int]:  # noqa: ARG002
        """The write lock is on the whole database already."""
        return {}

    def insert_messages(self, cursor: Cursor, rows: Sequence[Row]) -> None:
        """In few long statements: the interpreter is free for others while each of them runs."""
        begin = 0
        while left := len(rows) - begin:
            end = begin + min(_MOST_ROWS, 1 << (left.bit_length() - 1))
            cursor.execute(_insert_of(end - begin), list(chain.from_iterable(rows[begin:end])))
            begin = end

    def verdict(self, problem: Exception) -> Verdict:
        match problem:
            case sqlite3.IntegrityError() | sqlite3.DataError() | sqlite3.InterfaceError():
                return Verdict.REFUSED
            case sqlite3.ProgrammingError() | sqlite3.NotSupportedError():
                return Verdict.FAULT
            case sqlite3.Error():
                return Verdict.UNREACHABLE
            case _:
                return Verdict.FAULT

    def _migrate(self, connection: sqlite3.Connection) -> Versions:
        cursor = connection.cursor()
        versions = migrations.look(cursor, self.dialect, self.name)
        if versions.is_current:
            return versions
        connection.execute("BEGIN IMMEDIATE")
        try:
            versions = migrations.apply(cursor, self.dialect, self.name)
            connection.execute("COMMIT")
            return versions
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@cache
def _insert_of(count: int) -> str:
    """The statement that writes so many messages.

    It keeps no copy of what it changes, to undo that alone: a refusal undoes the transaction.
    """
    rows = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * count)
    return f"INSERT OR FAIL INTO messages {MESSAGE_COLUMNS} VALUES {rows}"


def _configure(connection: sqlite3.Connection, cache: int) -> None:
    """Set what every connection needs: an acknowledged message survives a power cut."""
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{cache}")
    connection.execute("PRAGMA wal_autocheckpoint = 8000")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to WAL; SQLite doesn't wait here for another process that does the same."""
    deadline = time.monotonic() + _PREPARE_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
