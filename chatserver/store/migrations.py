"""The numbered migrations in ``sql/``: each applied once, at start."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from chatserver.store.engine import Cursor
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


def apply(cursor: Cursor, dialect: str, database: str, **names: str) -> None:
    """Bring a database up to date; the caller has locked it and commits.

    :param database: its name, for people.
    :param names: what stands in braces in the SQL.
    :raises DatabaseUnusable: a newer program wrote it.
    """
    migrations = available(dialect)
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS schema_version ("
        "version INTEGER PRIMARY KEY, applied BIGINT NOT NULL)"
    )
    cursor.execute("SELECT COALESCE(MAX(version), 0) FROM schema_version")
    (current,) = cursor.fetchone()
    if current > len(migrations):
        raise DatabaseUnusable(
            f"the database {database} has schema version {current}, newer than this program's "
            f"{len(migrations)}: install the newer chatserver again"
        )
    for migration in migrations[current:]:
        for statement in migration.statements():
            for name, value in names.items():
                statement = statement.replace(f"{{{name}}}", value)
            cursor.execute(statement)
        cursor.execute(
            "INSERT INTO schema_version (version, applied) VALUES (?, ?)",
            (migration.version, int(time.time() * 1000)),
        )
