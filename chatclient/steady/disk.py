"""The store on disk: one SQLite file for one account's one device."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chatclient.errors import StoreUnusable
from chatclient.steady.store import Unsent, check_owner

# Marks the file as one of these ("chat").
_APPLICATION = 0x63686174
_VERSION = 1
_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE owner (account INTEGER PRIMARY KEY);
CREATE TABLE unsent (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    cid TEXT NOT NULL UNIQUE,
    text TEXT NOT NULL,
    toid INTEGER,
    groupid INTEGER
);
CREATE TABLE positions (conv INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
PRAGMA application_id = {application};
PRAGMA user_version = {version};
COMMIT;
"""


class DiskStore:
    """A home that survives the end of the program, ``kill -9`` and, for texts, power cuts.

    Only one program at a time can have it. The file is made if it is not there, for its
    owner's eyes only. :meth:`put` waits for the disk.

    :raises StoreUnusable: the file can't be used; says why, and what to do.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        with self._explained():
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            self._database = sqlite3.connect(self._path, timeout=0, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._database.close()
                raise

    def claim(self, account: int) -> None:
        """As :class:`Store` says."""
        with self._explained():
            self._run("INSERT INTO owner SELECT ? WHERE NOT EXISTS (SELECT 1 FROM owner)", account)
            [(owner,)] = self._run("SELECT account FROM owner")
        check_owner(owner, account, str(self._path))

    def unsent(self) -> list[Unsent]:
        """As :class:`Store` says."""
        with self._explained():
            rows = self._run("SELECT cid, text, toid, groupid FROM unsent ORDER BY number")
        return [Unsent(*row) for row in rows]

    def put(self, unsent: Unsent) -> None:
        """As :class:`Store` says."""
        with self._explained():
            self._run("PRAGMA synchronous = FULL")
            try:
                self._run(
                    "INSERT INTO unsent (cid, text, toid, groupid) VALUES (?, ?, ?, ?)",
                    unsent.cid,
                    unsent.text,
                    unsent.toid,
                    unsent.groupid,
                )
            finally:
                self._run("PRAGMA synchronous = NORMAL")

    def remove(self, cid: str) -> None:
        """As :class:`Store` says. Where a power cut undoes it, the text is sent again."""
        with self._explained():
            self._run("DELETE FROM unsent WHERE cid = ?", cid)

    def positions(self) -> dict[int, int]:
        """As :class:`Store` says."""
        with self._explained():
            return dict(self._run("SELECT conv, seq FROM positions"))

    def note(self, conv: int, seq: int) -> None:
        """As :class:`Store` says. A power cut may undo it."""
        with self._explained():
            self._run(
                "INSERT INTO positions VALUES (?, ?)"
                " ON CONFLICT (conv) DO UPDATE SET seq = max(seq, excluded.seq)",
                conv,
                seq,
            )

    def close(self) -> None:
        """As :class:`Store` says; other programs can have it now."""
        with self._explained():
            self._database.close()

    def _prepare(self) -> None:
        # In this mode the first access locks the file until it is closed.
        self._run("PRAGMA locking_mode = EXCLUSIVE")
        [(tables,)] = self._run("SELECT count(*) FROM sqlite_master")
        [(application,)] = self._run("PRAGMA application_id")
        if tables and application != _APPLICATION:
            raise StoreUnusable(f"{self._path} belongs to another program; choose another file")
        [(version,)] = self._run("PRAGMA user_version")
        if version > _VERSION:
            raise StoreUnusable(
                f"{self._path} was made by a newer version of this program; use that one"
            )
        [(damage,)] = self._run("PRAGMA quick_check(1)")
        if damage != "ok":
            raise StoreUnusable(self._damaged(" ".join(damage.split())))
        self._run("PRAGMA journal_mode = WAL")
        self._run("PRAGMA synchronous = NORMAL")
        if not tables:
            self._database.executescript(_TABLES.format(application=_APPLICATION, version=_VERSION))

    def _run(self, statement: str, *values: object) -> list[Any]:
        return self._database.execute(statement, values).fetchall()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            raise StoreUnusable(self._unwritable(problem.strerror)) from problem
        except sqlite3.Error as problem:
            raise StoreUnusable(self._explain(problem)) from problem

    def _explain(self, problem: sqlite3.Error) -> str:
        code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return f"{self._path} is in use by another program; stop that, or choose another file"
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return self._damaged(problem)
        return self._unwritable(problem)

    def _damaged(self, problem: object) -> str:
        return (
            f"{self._path} is damaged ({problem}); move it away to begin a new one. "
            "Texts in it that were not sent yet are lost"
        )

    def _unwritable(self, problem: object) -> str:
        return (
            f"{self._path} can't be used ({problem}); see that its folder exists, "
            "can be written by this user, and has room"
        )
