"""What a database says of itself: for who looks after it."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from chatserver.store import charset, migrations
from chatserver.store.engine import Cursor
from chatserver.store.errors import DatabaseUnusable

_VARIABLES = {
    "version": "@@version",
    "innodb_flush_log_at_trx_commit": "@@innodb_flush_log_at_trx_commit",
    "sync_binlog": "@@log_bin * 100 + @@sync_binlog",
    "max_connections": "@@max_connections",
    "max_allowed_packet": "@@global.max_allowed_packet",
    "wait_timeout": "@@global.wait_timeout",
    "isolation": "@@session.transaction_isolation",
    "sql_mode": "@@session.sql_mode",
}
# Each needs another right, and changes nothing.
_RIGHTS = {
    "SELECT": "SELECT id FROM nodes WHERE 1 = 0",
    "INSERT": "INSERT INTO nodes (id, beat, given_up) SELECT id, beat, given_up FROM nodes "
    "WHERE 1 = 0",
    "UPDATE": "UPDATE nodes SET beat = 0 WHERE 1 = 0",
    "DELETE": "DELETE FROM nodes WHERE 1 = 0",
}


class FileFacts(NamedTuple):
    """Of an SQLite file; ``damage`` is what SQLite finds wrong in it, or None."""

    is_writable: bool
    is_folder_writable: bool
    is_open_to_others: bool
    journal_mode: str
    damage: str | None
    size: int


def select_variables(cursor: Cursor) -> dict[str, str]:
    """How a MySQL or MariaDB server is set."""
    isolation = _VARIABLES["isolation"]
    cursor.execute("SELECT VERSION()")
    if "MariaDB" in cursor.fetchone()[0]:  # which has it by its old name
        isolation = "@@session.tx_isolation"
    columns = ", ".join((_VARIABLES | {"isolation": isolation}).values())
    cursor.execute(f"SELECT {columns}")
    return dict(zip(_VARIABLES, map(str, cursor.fetchone()), strict=True))


def select_skew(cursor: Cursor) -> float:
    """The seconds by which the database server's clock is ahead of this machine's."""
    before = time.time()
    cursor.execute("SELECT UNIX_TIMESTAMP(NOW(6))")
    now = float(cursor.fetchone()[0])
    return now - (before + time.time()) / 2


def select_chat_id(cursor: Cursor) -> str:
    """The name of the chat, as channels of Redis have it."""
    cursor.execute("SELECT id FROM chat")
    return str(cursor.fetchone()[0])


def check_right(cursor: Cursor, right: str) -> None:
    """Do what needs a right, to no row."""
    cursor.execute(_RIGHTS[right])


def check_texts(cursor: Cursor, database: str) -> None:
    """
    :raises DatabaseUnusable: MySQL would change texts, or compare them in another way.
    """
    charset.check_connection(cursor, database)
    charset.check_tables(cursor, database, migrations.tables("mysql"))


def file_facts(path: str) -> FileFacts:
    """What there is to know of a database file.

    :raises DatabaseUnusable: it can't be read.
    """
    uri = f"{Path(path).absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=5)) as connection:
            [(mode,)] = connection.execute("PRAGMA journal_mode").fetchall()
            [(damage,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error as problem:
        raise DatabaseUnusable(f"{path} can't be read: {problem}") from None
    found = os.stat(path)
    return FileFacts(
        os.access(path, os.W_OK),
        os.access(Path(path).parent, os.W_OK | os.X_OK),
        bool(found.st_mode & (stat.S_IRGRP | stat.S_IROTH)),
        mode,
        None if damage == "ok" else " ".join(damage.split()),
        found.st_size,
    )


RIGHTS = tuple(_RIGHTS)
