"""Group commit: what gathers while a transaction runs goes into the next one, together."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred

from chatserver.clock import Clock
from chatserver.peak import Peak
from chatserver.spawn import spawn

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class GroupCommit(Generic[Item, Outcome]):
    """Writes items in the order given, many in one transaction, without any timer.

    :param commit: writes some items and tells what became of each: an outcome, or the exception
        that its Deferred fails with.
    :param most: how many items go into one transaction.
    """

    def __init__(
        self,
        clock: Clock,
        commit: Callable[[list[Item]], Coroutine[Any, Any, Sequence[Outcome | Exception]]],
        most: int,
    ) -> None:
        self._clock = clock
        self._commit = commit
        self._most = most
        self._pending: list[tuple[Item, Deferred[Outcome]]] = []
        self._is_committing = False
        #: How many transactions there were, and the seconds that they took.
        self.commits = 0
        self.seconds = 0.0
        self.last_seconds = 0.0
        self.longest = Peak(clock.seconds)

    def __len__(self) -> int:
        """How many items wait for their transaction to begin."""
        return len(self._pending)

    def put(self, item: Item) -> Deferred[Outcome]:
        """Write an item; fires with its outcome, after the commit, in the order of the calls."""
        written: Deferred[Outcome] = Deferred()
        self._pending.append((item, written))
        if not self._is_committing:
            self._is_committing = True
            # What else comes in this turn of the reactor shares the transaction.
            self._clock.callLater(0, lambda: spawn(self._commit_pending(), "a group commit"))
        return written

    async def _commit_pending(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending[: self._most], self._pending[self._most :]
                begun = self._clock.seconds()
                try:
                    outcomes = await self._commit([item for item, _ in batch])
                except Exception as problem:
                    outcomes = [problem] * len(batch)
                self._took(max(0.0, self._clock.seconds() - begun))
                for (_, written), outcome in zip(batch, outcomes, strict=True):
                    if isinstance(outcome, Exception):
                        written.errback(outcome)
                    else:
                        written.callback(outcome)
        finally:
            self._is_committing = False

    def _took(self, seconds: float) -> None:
        self.commits += 1
        self.seconds += seconds
        self.last_seconds = seconds
        self.longest.note(seconds)
