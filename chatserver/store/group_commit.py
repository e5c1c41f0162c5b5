"""Group commit: what gathers while a transaction runs goes into the next one, together."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from chatserver.clock import Clock, sleep
from chatserver.histogram import Histogram
from chatserver.peak import Peak
from chatserver.spawn import spawn

_TURN = 0.01  # seconds that what follows a commit may take of the reactor at once
_LOOKED_AFTER = 50  # items after which the time is looked at

# Bounds for the times and the sizes of transactions.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000, 4000)

T = TypeVar("T")
Outcome = TypeVar("Outcome")


class Settled(Protocol):
    """What can be told what became of it."""

    def settled(self, outcome: Any, /) -> None: ...


Item = TypeVar("Item", bound=Settled)
Written = list[tuple[Item, Outcome | Exception]]


class GroupCommit(Generic[Item, Outcome]):
    """Writes items in the order given, many in one transaction, without any timer.

    After the commit each is told its outcome, or the exception, by its method ``settled``.

    :param commit: writes some items and tells what became of each.
    :param most: how many items go into one transaction.
    """

    _log = Logger()

    def __init__(
        self,
        clock: Clock,
        commit: Callable[[list[Item]], Coroutine[Any, Any, Sequence[Outcome | Exception]]],
        most: int,
    ) -> None:
        self._clock = clock
        self._commit = commit
        self._most = most
        self._pending: list[Item] = []
        self._is_committing = False
        #: The seconds that the transactions took, and the items in them.
        self.durations = Histogram(_SECONDS)
        self.sizes = Histogram(_SIZES)
        self.longest = Peak(clock.seconds)

    def __len__(self) -> int:
        """How many items wait for their transaction to begin."""
        return len(self._pending)

    def put(self, item: Item) -> None:
        """Write an item; it is told the outcome in the order of the calls."""
        self._pending.append(item)
        if not self._is_committing:
            self._is_committing = True
            # What else comes in this turn of the reactor shares the transaction.
            self._clock.callLater(0, lambda: spawn(self._commit_pending(), "a group commit"))

    async def _commit_pending(self) -> None:
        """While the database has a batch, what became of the one before is told."""
        written: Written[Item, Outcome] = []
        try:
            while self._pending or written:
                committing = Deferred.fromCoroutine(self._commit_next())
                await self._settle(written)
                written = await committing
        finally:
            self._is_committing = False

    async def _commit_next(self) -> Written[Item, Outcome]:
        if not self._pending:
            return []
        batch, self._pending = self._pending[: self._most], self._pending[self._most :]
        begun = self._clock.seconds()
        outcomes: Sequence[Outcome | Exception]
        try:
            outcomes = await self._commit(batch)
        except Exception as problem:
            outcomes = [problem] * len(batch)
        self._took(max(0.0, self._clock.seconds() - begun), len(batch))
        return list(zip(batch, outcomes, strict=True))

    async def _settle(self, written: Written[Item, Outcome]) -> None:
        """Tell what became of each, in several turns of the reactor if what follows takes long."""
        begun = self._clock.seconds()
        for start in range(0, len(written), _LOOKED_AFTER):
            if self._clock.seconds() - begun > _TURN:
                await sleep(self._clock, 0)
                begun = self._clock.seconds()
            for item, outcome in written[start : start + _LOOKED_AFTER]:
                try:
                    item.settled(outcome)
                except Exception:
                    self._log.failure("what follows a commit failed")

    def _took(self, seconds: float, items: int) -> None:
        self.durations.note(seconds)
        self.sizes.note(items)
        self.longest.note(seconds)


class Awaited(Generic[T, Outcome]):
    """A thing on its way into the database, whose outcome somebody waits for."""

    __slots__ = ("outcome", "thing")

    def __init__(self, thing: T) -> None:
        self.thing = thing
        self.outcome: Deferred[Outcome] = Deferred()

    def settled(self, outcome: Outcome | Exception) -> None:
        if isinstance(outcome, Exception):
            self.outcome.errback(outcome)
        else:
            self.outcome.callback(outcome)


class AwaitedCommit(GroupCommit[Awaited[T, Outcome], Outcome]):
    """A group commit of things whose outcomes are waited for."""

    def __init__(
        self,
        clock: Clock,
        commit: Callable[[list[T]], Coroutine[Any, Any, Sequence[Outcome | Exception]]],
        most: int,
    ) -> None:
        super().__init__(clock, lambda batch: commit([each.thing for each in batch]), most)

    def write(self, thing: T) -> Deferred[Outcome]:
        """Write a thing; fires with its outcome, after the commit, in the order of the calls."""
        awaited: Awaited[T, Outcome] = Awaited(thing)
        self.put(awaited)
        return awaited.outcome
