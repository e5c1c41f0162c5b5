"""Whether MySQL or MariaDB keeps every text as it is, and compares it by code point."""

from __future__ import annotations

from collections.abc import Collection

from chatserver.store.engine import Cursor
from chatserver.store.errors import DatabaseUnusable

_CHARACTER_SET = "utf8mb4"


def collation(cursor: Cursor) -> str:
    """The server's name for comparing by code point without padding."""
    cursor.execute("SELECT VERSION()")
    is_mariadb = "MariaDB" in cursor.fetchone()[0]
    return "utf8mb4_nopad_bin" if is_mariadb else "utf8mb4_0900_bin"


def check_connection(cursor: Cursor, database: str) -> None:
    """
    :param database: its name, for people.
    :raises DatabaseUnusable: texts would change on their way.
    """
    cursor.execute(
        "SELECT @@character_set_client, @@character_set_connection, @@character_set_results"
    )
    for found in cursor.fetchone():
        if found != _CHARACTER_SET:
            raise DatabaseUnusable(
                f"the database {database} speaks {found} on connections that ask for "
                f"{_CHARACTER_SET}: change what sets it (init_connect, or a proxy between)"
            )


def check_tables(cursor: Cursor, database: str, tables: Collection[str]) -> None:
    """
    :param database: its name, for people.
    :param tables: those that this program has made.
    :raises DatabaseUnusable: one of them doesn't keep texts as they are, or takes different ones
        for the same.
    """
    wanted = collation(cursor)
    marks = ", ".join("?" * len(tables))
    cursor.execute(
        "SELECT DISTINCT table_name, collation_name FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND collation_name <> ? "
        f"AND table_name IN ({marks}) ORDER BY table_name, collation_name",
        [wanted, *sorted(tables)],
    )
    wrong = cursor.fetchall()
    if wrong:
        found = ", ".join(f"{table} ({of})" for table, of in wrong)
        statements = "; ".join(
            f"ALTER TABLE {table} CONVERT TO CHARACTER SET {_CHARACTER_SET} COLLATE {wanted}"
            for table in sorted({table for table, _ in wrong})
        )
        raise DatabaseUnusable(
            f"the database {database} has tables whose texts are not {wanted}: {found}; stop all "
            f"nodes and run: {statements}"
        )
