"""The connections to the database, behind adbapi: several readers and one writer."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from chatserver.errors import TryAgain
from chatserver.store.breaker import Breaker
from chatserver.store.engine import Cursor, Engine, Row, Verdict
from chatserver.store.errors import RowRefused

P = ParamSpec("P")
T = TypeVar("T")

READERS = 4
_RETRY_AFTER = 1.0  # seconds
_TRIES = 5  # of a transaction that loses against others
_LONG = 0.5  # seconds after which a failure has made others wait


class Database:
    """Runs functions on a cursor, in database threads; each write in its own transaction.

    A function's first argument is the :class:`Cursor`; it may run more than once, and
    touches nothing of the reactor's. Writes run one after the other, in the order given;
    one that lost a race against another process runs again behind them.

    When the database hangs, only what runs just then waits to find that out: what is queued
    behind it, and what comes until the database answers again, is refused at once.
    """

    _log = Logger()

    def __init__(self, engine: Engine, reactor: Any) -> None:
        self._engine = engine
        self._reactor = reactor
        self._in_trouble: set[ConnectionPool] = set()
        #: Called when the database can be used again after it could not.
        self.on_recovery: Callable[[], None] = _nobody
        self.upsert_cursor = engine.upsert_cursor
        self.for_update = engine.for_update
        self.body_size = engine.body_size
        self.size = engine.size
        self._readers = engine.pool(reactor, READERS)
        self._writer = engine.pool(reactor, 1)
        self._breaker = Breaker(reactor, self._answers)

    @property
    def is_usable(self) -> bool:
        """Whether it answered what it was asked last."""
        return not (self._breaker.is_open or self._in_trouble)

    def close(self) -> None:
        """Close all connections, after what has been given has run."""
        self._breaker.stop()
        for pool in (self._writer, self._readers):
            pool.close()

    def lock(self, cursor: Cursor, conversations: Collection[int]) -> dict[int, int]:
        """Inside a transaction, see :meth:`Engine.lock`."""
        return self._engine.lock(cursor, conversations)

    def begin_snapshot(self, cursor: Cursor) -> None:
        """Inside a read, see :meth:`Engine.begin_snapshot`."""
        self._engine.begin_snapshot(cursor)

    def insert_messages(self, cursor: Cursor, rows: Sequence[Row]) -> None:
        """Inside a transaction, see :meth:`Engine.insert_messages`."""
        self._engine.insert_messages(cursor, rows)

    async def read(
        self,
        interaction: Callable[Concatenate[Cursor, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a function that only reads.

        :raises TryAgain: the database can't be reached.
        """

        def transaction(cursor: Any) -> T:
            with _closed_on_error(cursor):
                return interaction(self._engine.adapt(cursor), *args, **kwargs)

        return cast(T, await self._run(self._readers, transaction))

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

        def transaction(cursor: Any) -> T:
            with _closed_on_error(cursor):
                adapted = self._engine.adapt(cursor)
                self._engine.begin(adapted)
                return interaction(adapted, *args, **kwargs)

        return cast(T, await self._run(self._writer, transaction))

    async def _run(self, pool: ConnectionPool, transaction: Callable[[Any], Any]) -> Any:
        if self._is_kept_off(pool):
            raise _unusable()
        for left in reversed(range(_TRIES)):
            try:
                result = await deferToThreadPool(
                    self._reactor, pool.threadpool, self._transact, pool, transaction
                )
            except Exception as problem:
                match self._engine.verdict(problem):
                    case Verdict.REFUSED:
                        raise RowRefused(str(problem)) from problem
                    case Verdict.AGAIN if left:
                        continue
                    case Verdict.AGAIN | Verdict.LOCKED | Verdict.UNREACHABLE:
                        self._failed(pool, problem)
                        raise _unusable() from problem
                raise
            break
        self._succeeded(pool)
        return result

    def _transact(self, pool: ConnectionPool, transaction: Callable[[Any], Any]) -> Any:
        """In a thread of the pool: what its runInteraction does, unless the database hangs."""
        if self._is_kept_off(pool):
            raise _unusable()
        begun = time.monotonic()
        try:
            return pool._runInteraction(transaction)
        except Exception as problem:
            # What fails fast needs no breaker: those behind it fail fast, too.
            is_long = time.monotonic() - begun >= _LONG
            if is_long and self._engine.verdict(problem) is Verdict.UNREACHABLE:
                self._breaker.trip()
            raise

    def _is_kept_off(self, pool: ConnectionPool) -> bool:
        return self._breaker.is_open and (self._engine.hangs_as_one or pool is self._writer)

    async def _answers(self) -> bool:
        """Whether the database can do a transaction that writes."""
        try:
            await cast(Deferred[Any], self._writer.runInteraction(self._begin))
        except Exception as problem:
            if self._engine.verdict(problem) is Verdict.UNREACHABLE:
                return False
        self._succeeded(self._writer)
        return True

    def _begin(self, cursor: Any) -> None:
        self._engine.begin(self._engine.adapt(cursor))

    def _failed(self, pool: ConnectionPool, problem: Exception) -> None:
        """Log the first failure of a row of them; reading may work while writing doesn't."""
        if not self._in_trouble:
            self._log.error(
                "the database can't be used: {problem}; requests are answered with errno 110",
                problem=str(problem),
            )
        self._in_trouble.add(pool)

    def _succeeded(self, pool: ConnectionPool) -> None:
        """Tell that a row of failures has ended."""
        if pool in self._in_trouble:
            self._in_trouble.remove(pool)
            if not self._in_trouble:
                self._log.info("the database works again")
                self.on_recovery()


@contextmanager
def _closed_on_error(cursor: Any) -> Iterator[None]:
    """Close a cursor that adbapi would leave to the garbage collector.

    That may run in any thread, and would wait there for the cursor's connection: with SQLite
    perhaps for one that waits for a lock of that very thread.
    """
    try:
        yield
    except BaseException:
        with suppress(Exception):
            cursor.close()
        raise


def _unusable() -> TryAgain:
    return TryAgain("the database can't be used just now; try again", retry_after=_RETRY_AFTER)


def _nobody() -> None:
    """Nobody wants to know."""
