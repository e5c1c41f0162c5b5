"""The connections to the database, behind adbapi: several readers and one writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from chatserver.errors import TryAgain
from chatserver.store import sqlite
from chatserver.store.errors import RowRefused

P = ParamSpec("P")
T = TypeVar("T")

READERS = 4
_RETRY_AFTER = 1.0  # seconds


class Cursor(Protocol):
    """What the store uses of a DB-API cursor."""

    @property
    def lastrowid(self) -> int | None: ...
    @property
    def rowcount(self) -> int: ...
    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Any: ...
    def executemany(self, sql: str, rows: Sequence[Sequence[Any]], /) -> Any: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Database:
    """Runs functions on a cursor, each in a transaction of its own, in database threads.

    A function's first argument is the :class:`Cursor`; it may run again if it is passed
    again, and touches nothing of the reactor's. Writes run one after the other, in the
    order given.
    """

    _log = Logger()

    def __init__(self, path: str, reactor: Any) -> None:
        self._reachable = True
        options = {
            "check_same_thread": False,
            "isolation_level": None,
            "timeout": sqlite.BUSY_TIMEOUT,
            "cp_openfun": sqlite.configure,
            "cp_reactor": reactor,
            "cp_noisy": False,
        }
        self._readers = ConnectionPool("sqlite3", path, cp_min=1, cp_max=READERS, **options)
        self._writer = ConnectionPool("sqlite3", path, cp_min=1, cp_max=1, **options)

    def close(self) -> None:
        """Close all connections, after what has been given has run."""
        for pool in (self._writer, self._readers):
            pool.close()

    async def read(
        self,
        interaction: Callable[Concatenate[Cursor, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a function that only reads.

        :raises TryAgain: the database can't be reached.
        """
        return cast(T, await self._run(self._readers, interaction, *args, **kwargs))

    async def write(
        self,
        interaction: Callable[Concatenate[Cursor, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a function that writes; it is committed when this returns.

        :raises TryAgain: nothing was written, or the connection broke during the commit.
        :raises RowRefused: the database refused a row; nothing was written.
        """
        result = await self._run(self._writer, _immediately, interaction, *args, **kwargs)
        return cast(T, result)

    async def _run(self, pool: ConnectionPool, *args: Any, **kwargs: Any) -> Any:
        try:
            result = await cast(Deferred[Any], pool.runInteraction(*args, **kwargs))
        except (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError) as problem:
            raise RowRefused(str(problem)) from problem
        except (sqlite3.ProgrammingError, sqlite3.NotSupportedError):
            raise
        except sqlite3.Error as problem:
            self._tell_unreachable(problem)
            raise TryAgain(
                "the database can't be used just now; try again", retry_after=_RETRY_AFTER
            ) from problem
        if not self._reachable:
            self._reachable = True
            self._log.info("the database works again")
        return result

    def _tell_unreachable(self, problem: sqlite3.Error) -> None:
        """Log the first failure of a row of them."""
        if self._reachable:
            self._reachable = False
            self._log.error(
                "the database can't be used: {problem}; requests are answered with errno 110",
                problem=str(problem),
            )


def _immediately(cursor: Cursor, interaction: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Take SQLite's write lock at once, so that no later statement finds it taken."""
    cursor.execute("BEGIN IMMEDIATE")
    return interaction(cursor, *args, **kwargs)
