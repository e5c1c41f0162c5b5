"""The numbered migrations in ``sql/``: each applied once, at start."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from chatserver.store import sqlite
from chatserver.store.errors import DatabaseUnusable

_FILE = re.compile(r"(\d{4})_\w+(?:\.(sqlite|mysql))?\.sql\Z")
_STATEMENT_END = re.compile(r";\s*$", re.MULTILINE)


class Migration(NamedTuple):
    """One step of the schema."""

    version: int
    sql: str

    def statements(self) -> Iterator[str]:
        return (part.strip() for part in _STATEMENT_END.split(self.sql) if part.strip())


def folder() -> Path:
    """Where the SQL files are: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "sql"
    return inside if inside.is_dir() else package.parent / "sql"


def available(dialect: str) -> list[Migration]:
    """The migrations for a dialect ("sqlite" or "mysql"), in order of their versions."""
    found = []
    for path in sorted(folder().iterdir()):
        name = _FILE.match(path.name)
        if name and name[2] in (None, dialect):
            found.append(Migration(int(name[1]), path.read_text(encoding="utf-8")))
    versions = [migration.version for migration in found]
    if not versions or versions != list(range(1, len(versions) + 1)):
        raise DatabaseUnusable(f"the migrations in {folder()} are incomplete; install again")
    return found


def prepare_sqlite(url: str) -> None:
    """Make the database ready: create it where it is missing, and migrate it.

    Safe when several processes do it at once.

    :raises DatabaseUnusable: it can't be used, or a newer program wrote it.
    """
    path = sqlite.path_of(url)
    sqlite.create_file(path)
    try:
        connection = sqlite.connect(path)
        try:
            connection.execute("PRAGMA busy_timeout = 30000")
            _use_write_ahead_log(connection)
            _migrate(connection, path)
        finally:
            connection.close()
    except sqlite3.Error as problem:
        raise DatabaseUnusable(f"can't use the database {path}: {problem}") from None


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to WAL; SQLite doesn't wait here for another process that does the same."""
    deadline = time.monotonic() + 30
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _migrate(connection: sqlite3.Connection, path: str) -> None:
    migrations = available("sqlite")
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_version ("
            "version INTEGER PRIMARY KEY, applied INTEGER NOT NULL)"
        )
        (current,) = connection.execute("SELECT MAX(version) FROM schema_version").fetchone()
        current = current or 0
        if current > len(migrations):
            raise DatabaseUnusable(
                f"the database {path} has schema version {current}, newer than this program's "
                f"{len(migrations)}: install the newer chatserver again"
            )
        for migration in migrations[current:]:
            for statement in migration.statements():
                connection.execute(statement)
            connection.execute(
                "INSERT INTO schema_version (version, applied) VALUES (?, ?)",
                (migration.version, int(time.time() * 1000)),
            )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
