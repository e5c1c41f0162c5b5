"""Gathered reads: what many ask for while the database reads is read next, together."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred

from chatserver.clock import Clock, sleep
from chatserver.spawn import spawn

Key = TypeVar("Key")
Answer = TypeVar("Answer")

# Reads under way: what takes long for one shall not hold all others up.
_AT_ONCE = 2
_TURN = 0.02  # seconds that answers may take of the reactor at once


class GatheredReads(Generic[Key, Answer]):
    """Answers questions, many with one read, without any timer.

    A read begins after its questions were asked, so it sees what was committed by then.

    :param read: answers some questions, in their order.
    :param most: how many questions go into one read.
    """

    def __init__(
        self,
        clock: Clock,
        read: Callable[[list[Key]], Coroutine[Any, Any, Sequence[Answer]]],
        most: int,
    ) -> None:
        self._clock = clock
        self._read = read
        self._most = most
        self._asked: list[tuple[Key, Deferred[Answer]]] = []
        self._under_way = 0
        self._is_begun = False

    def ask(self, key: Key) -> Deferred[Answer]:
        """Fires with the answer."""
        answered: Deferred[Answer] = Deferred()
        self._asked.append((key, answered))
        if self._under_way < _AT_ONCE and not self._is_begun:
            self._is_begun = True
            # What else is asked in this turn of the reactor shares the read.
            self._clock.callLater(0, self._begin)
        return answered

    def _begin(self) -> None:
        self._is_begun = False
        while self._asked and self._under_way < _AT_ONCE:
            self._under_way += 1
            spawn(self._read_asked(), "a gathered read")

    async def _read_asked(self) -> None:
        try:
            while self._asked:
                batch, self._asked = self._asked[: self._most], self._asked[self._most :]
                try:
                    answers = await self._read([key for key, _ in batch])
                except Exception as problem:
                    for _, answered in batch:
                        answered.errback(problem)
                else:
                    await self._tell([answered for _, answered in batch], answers)
        finally:
            self._under_way -= 1

    async def _tell(self, waiting: list[Deferred[Answer]], answers: Sequence[Answer]) -> None:
        """Hand the answers out, in several turns of the reactor if what follows takes long."""
        begun = self._clock.seconds()
        for answered, answer in zip(waiting, answers, strict=True):
            if self._clock.seconds() - begun > _TURN:
                await sleep(self._clock, 0)
                begun = self._clock.seconds()
            answered.callback(answer)
