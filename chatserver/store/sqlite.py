"""SQLite as the store: how its connections are opened."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from chatserver.store.errors import DatabaseUnusable

BUSY_TIMEOUT = 4.0  # seconds


def path_of(url: str) -> str:
    """The file that a ``sqlite:///FILE`` URL names, as a full path.

    :raises DatabaseUnusable: it names none.
    """
    path = url.removeprefix("sqlite:///")
    if path == url or not path or "\0" in path:
        raise DatabaseUnusable(
            f"can't use the database {url!r}: write sqlite:///FILE, or sqlite:////FOLDER/FILE "
            "with a full path"
        )
    return str(Path(path).absolute())


def create_file(path: str) -> None:
    """Make the database file where it is missing, readable by its owner only.

    :raises DatabaseUnusable: it can be neither made nor written.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as problem:
        raise DatabaseUnusable(f"can't open the database file {path}: {problem.strerror}") from None


def connect(path: str) -> sqlite3.Connection:
    """A connection in autocommit mode, for use from any one thread at a time."""
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
    )
    configure(connection)
    return connection


def configure(connection: sqlite3.Connection) -> None:
    """Set what every connection needs: an acknowledged message survives a power cut."""
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 2000")
