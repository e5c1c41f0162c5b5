"""Copies of an SQLite database: made while a server uses it, and put back."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from chatserver.store import migrations
from chatserver.store.errors import DatabaseUnusable
from chatserver.store.renumbering import Highest, Renumbered, renumber, select_highest

#: Told how many pages are done, of how many.
Tell = Callable[[int, int], None]

_PAGES_AT_ONCE = 1024
_PATIENCE = 30.0  # seconds to wait for a lock
# Where SQLite locks a file: an open WAL database keeps a part of it locked all the time.
_LOCKS_AT, _LOCKS = 0x40000000, 512


class FileInTheWay(DatabaseUnusable):
    """There is a file by that name already."""


class Restored(NamedTuple):
    """Where the old database is now, if there was one, and what ids come next."""

    aside: Path | None
    next: Renumbered


def back_up(database: Path, target: Path, tell: Tell, *, replace: bool) -> int:
    """Copy a database as it is at this moment, whole or not at all; returns the bytes.

    Servers go on using it meanwhile. All that was committed before is in the copy.

    :raises FileInTheWay: the target exists, unless it may be replaced.
    :raises DatabaseUnusable: it can't be copied.
    """
    if target.exists() and (not replace or target.samefile(database)):
        raise FileInTheWay(f"{target} exists already")
    with _explained(target), _new_file_beside(target) as new:
        with closing(_open(database)) as source:
            _copy(source, new, tell)
        with closing(_open(new)) as copy:
            _look(copy, target)
            _check(copy, database)
        os.replace(new, target)
        _sync(target.parent)
        return target.stat().st_size


def restore(backup: Path, database: Path, tell: Tell) -> Restored:
    """Put a copy in the place of a database, whole or not at all.

    :raises DatabaseUnusable: it is no sound copy of a database that this program knows, or
        somebody uses the database.
    """
    if database.exists() and backup.samefile(database):
        raise DatabaseUnusable(f"{backup} is the database itself")
    with _explained(backup), _new_file_beside(database) as new:
        with closing(_open(backup)) as source:
            _look(source, backup)
            _copy(source, new, tell)
        with closing(_open(new)) as copy:
            _check(copy, backup)
            with not_in_use(database):
                lost = _close_down(database)
            copy.execute("BEGIN IMMEDIATE")
            following = renumber(copy.cursor(), lost)
            copy.execute("COMMIT")
        with not_in_use(database):
            _own_as(new, database if database.exists() else database.parent)
            aside = _set_aside(database)
            os.replace(new, database)
            _sync(database.parent)
        return Restored(aside, following)


@contextmanager
def not_in_use(database: Path) -> Iterator[None]:
    """Keep others out of a database, damaged or not.

    :raises DatabaseUnusable: somebody has it open.
    """
    if not database.exists():
        yield
        return
    with open(database, "r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKS, _LOCKS_AT)
        except BlockingIOError:
            raise DatabaseUnusable(
                f"{database} is in use: stop the server (and whatever else has it open) first"
            ) from None
        yield


def _copy(source: sqlite3.Connection, target: Path, tell: Tell) -> None:
    """Copy what there is now, in steps, and see that it reaches the disk."""
    # Without a transaction, each write of a server's would make the copy begin anew.
    source.execute("BEGIN")
    source.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        source.backup(
            copy,
            pages=_PAGES_AT_ONCE,
            progress=lambda _, left, total: tell(total - left, total),
        )
        copy.execute("PRAGMA journal_mode = DELETE")  # one file that stands for itself
    source.execute("ROLLBACK")
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _check(connection: sqlite3.Connection, database: Path) -> None:
    [(damage,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
    if damage != "ok":
        raise DatabaseUnusable(f"{database} is damaged: {' '.join(damage.split())}")


def _look(connection: sqlite3.Connection, database: Path) -> None:
    versions = migrations.look(connection.cursor(), "sqlite", str(database))
    if not versions.found:
        raise DatabaseUnusable(f"{database} is no database of a chat server")


def _close_down(database: Path) -> Highest | None:
    """The highest ids of the database that gives way, as far as it can be read.

    Afterwards it is one file, if it is not damaged.
    """
    if not database.exists():
        return None
    with suppress(sqlite3.Error), closing(_open(database)) as old:
        highest = select_highest(old.cursor())
        known = dict(old.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
        old.execute("PRAGMA journal_mode = DELETE")
        return Highest(
            max(highest.account, known.get("accounts", 0)),
            max(highest.group, known.get("chat_groups", 0)),
            max(highest.conversation, known.get("conversations", 0)),
        )
    return None


def _set_aside(database: Path) -> Path | None:
    """Give the old database another name as well, and take its log away."""
    if not database.exists():
        return None
    aside = database.with_name(f"{database.name}.before-{time.strftime('%Y%m%d-%H%M%S')}")
    with suppress(FileNotFoundError):
        aside.unlink()
    try:
        os.link(database, aside)
    except OSError:  # a file system without links
        shutil.copy2(database, aside)
    for ending in ("-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            os.replace(f"{database}{ending}", f"{aside}{ending}")
    return aside


def _open(path: Path) -> sqlite3.Connection:
    """A connection to a database that exists."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)


@contextmanager
def _new_file_beside(target: Path) -> Iterator[Path]:
    """A new file for its owner only; what is left of it at the end is deleted."""
    new = target.with_name(f".{target.name}.{os.getpid()}")
    os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        yield new
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                os.unlink(f"{new}{ending}")


def _own_as(file: Path, example: Path) -> None:
    """Let root's file belong to whom the server runs as."""
    owner = example.stat()
    with suppress(PermissionError):
        os.chown(file, owner.st_uid, owner.st_gid)


def _sync(folder: Path) -> None:
    """See that new names in a folder reach the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        where = problem.filename or path
        raise DatabaseUnusable(f"can't use {where}: {problem.strerror}") from None
    except sqlite3.Error as problem:
        raise DatabaseUnusable(f"can't use {path}: {problem}") from None
