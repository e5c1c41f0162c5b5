"""The database without a reactor, for programs that do one thing after the other."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, TypeVar

from twisted.enterprise.adbapi import ConnectionPool

from chatserver.store.database import Database
from chatserver.store.engine import Engine, Verdict
from chatserver.store.errors import DatabaseUnusable, RowRefused

T = TypeVar("T")

_TRIES = 5  # of a transaction that loses against others, or waits in vain for a lock


class DirectDatabase(Database):
    """Runs what it is given at once, in the calling thread: its coroutines never wait.

    So what only reads and writes works on it, like :class:`Accounts`; see :func:`at_once`. What
    gathers the work of many doesn't. Where the database can't be reached it raises
    :class:`DatabaseUnusable`.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, _NoReactor())

    def __enter__(self) -> DirectDatabase:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def _run(self, pool: ConnectionPool, transaction: Callable[[Any], Any]) -> Any:
        for left in reversed(range(_TRIES)):
            try:
                return pool._runInteraction(transaction)
            except Exception as problem:
                match self._engine.verdict(problem):
                    case Verdict.REFUSED:
                        raise RowRefused(str(problem)) from problem
                    case Verdict.AGAIN | Verdict.LOCKED if left:
                        continue
                    case Verdict.AGAIN | Verdict.LOCKED | Verdict.UNREACHABLE:
                        why = problem.args[-1] if problem.args else problem
                        raise DatabaseUnusable(
                            f"can't use the database {self._engine.name}: {why}"
                        ) from problem
                raise
        raise AssertionError("the last try returns or raises")


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits, as those on a :class:`DirectDatabase`."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("it waits for something")


class _NoReactor:
    """What a connection pool asks of a reactor, for one that never runs."""

    def callWhenRunning(self, work: Callable[[], Any]) -> object:
        return work

    def removeSystemEventTrigger(self, trigger: object) -> None:
        """Nothing will be called."""
