"""The connections to the database, behind adbapi: several readers and one writer."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from chatserver.errors import TryAgain
from chatserver.store.engine import Cursor, Engine, Verdict
from chatserver.store.errors import RowRefused

P = ParamSpec("P")
T = TypeVar("T")

READERS = 4
_RETRY_AFTER = 1.0  # seconds
_TRIES = 5  # of a transaction that loses against others


class Database:
    """Runs functions on a cursor, in database threads; each write in its own transaction.

    A function's first argument is the :class:`Cursor`; it may run more than once, and
    touches nothing of the reactor's. Writes run one after the other, in the order given;
    one that lost a race against another process runs again behind them.
    """

    _log = Logger()

    def __init__(self, engine: Engine, reactor: Any) -> None:
        self._engine = engine
        self._reachable = True
        #: Called when the database can be used again after it could not.
        self.on_recovery: Callable[[], None] = _nobody
        self.upsert_cursor = engine.upsert_cursor
        self.for_update = engine.for_update
        self._readers = engine.pool(reactor, READERS)
        self._writer = engine.pool(reactor, 1)

    def close(self) -> None:
        """Close all connections, after what has been given has run."""
        for pool in (self._writer, self._readers):
            pool.close()

    def lock(self, cursor: Cursor, conversations: Collection[int]) -> dict[int, int]:
        """Inside a transaction, see :meth:`Engine.lock`."""
        return self._engine.lock(cursor, conversations)

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
            adapted = self._engine.adapt(cursor)
            self._engine.begin(adapted)
            return interaction(adapted, *args, **kwargs)

        return cast(T, await self._run(self._writer, transaction))

    async def _run(self, pool: ConnectionPool, transaction: Callable[[Any], Any]) -> Any:
        for left in reversed(range(_TRIES)):
            try:
                result = await cast(Deferred[Any], pool.runInteraction(transaction))
            except Exception as problem:
                match self._engine.verdict(problem):
                    case Verdict.REFUSED:
                        raise RowRefused(str(problem)) from problem
                    case Verdict.AGAIN if left:
                        continue
                    case Verdict.AGAIN | Verdict.UNREACHABLE:
                        self._tell_unreachable(problem)
                        raise TryAgain(
                            "the database can't be used just now; try again",
                            retry_after=_RETRY_AFTER,
                        ) from problem
                raise
            break
        if not self._reachable:
            self._reachable = True
            self._log.info("the database works again")
            self.on_recovery()
        return result

    def _tell_unreachable(self, problem: Exception) -> None:
        """Log the first failure of a row of them."""
        if self._reachable:
            self._reachable = False
            self._log.error(
                "the database can't be used: {problem}; requests are answered with errno 110",
                problem=str(problem),
            )


def _nobody() -> None:
    """Nobody wants to know."""
