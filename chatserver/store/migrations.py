"""The numbered migrations in ``sql/``: each applied once."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from chatserver.store.engine import Cursor, Versions
from chatserver.store.errors import DatabaseUnusable

_FILE = re.compile(r"(\d{4})_\w+(?:\.(sqlite|mysql))?\.sql\Z")
_STATEMENT_END = re.compile(r";\s*$", re.MULTILINE)
_NEW_TABLE = re.compile(r"^CREATE TABLE (?:IF NOT EXISTS )?(\w+)", re.MULTILINE)
_HAS_VERSION = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'",
    "mysql": "SELECT 1 FROM information_schema.tables "
    "WHERE table_schema = DATABASE() AND table_name = 'schema_version'",
}


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


def tables(dialect: str) -> set[str]:
    """The names of all tables that the migrations make."""
    return {name for migration in available(dialect) for name in _NEW_TABLE.findall(migration.sql)}


def look(cursor: Cursor, dialect: str, database: str) -> Versions:
    """How far a database is; changes nothing and locks nothing.

    :param database: its name, for people.
    :raises DatabaseUnusable: a newer program wrote it.
    """
    needed = len(available(dialect))
    cursor.execute(_HAS_VERSION[dialect])
    if cursor.fetchone() is None:
        return Versions(0, needed)
    cursor.execute("SELECT COALESCE(MAX(version), 0) FROM schema_version")
    (found,) = cursor.fetchone()
    if found > needed:
        raise DatabaseUnusable(
            f"the database {database} has schema version {found}, newer than this program's "
            f"{needed}: install the newer chatserver again"
        )
    return Versions(found, needed)


def apply(cursor: Cursor, dialect: str, database: str, **names: str) -> Versions:
    """Bring a database up to date; the caller has locked it and commits.

    Returns the versions as they were before.

    :param database: its name, for people.
    :param names: what stands in braces in the SQL.
    :raises DatabaseUnusable: a newer program wrote it.
    """
    versions = look(cursor, dialect, database)
    if versions.is_current:
        return versions
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS schema_version ("
        "version INTEGER PRIMARY KEY, applied BIGINT NOT NULL)"
    )
    for migration in available(dialect)[versions.found :]:
        for statement in migration.statements():
            for name, value in names.items():
                statement = statement.replace(f"{{{name}}}", value)
            cursor.execute(statement)
        cursor.execute(
            "INSERT INTO schema_version (version, applied) VALUES (?, ?)",
            (migration.version, int(time.time() * 1000)),
        )
    return versions
