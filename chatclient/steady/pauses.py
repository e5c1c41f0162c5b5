"""Pauses between attempts: they grow, and chance spreads those of many clients."""

from __future__ import annotations

import random
from collections.abc import Callable

from twisted.internet.defer import Deferred

from chatclient.interfaces import Clock


class Pauses:
    """Each pause is anything from nothing to a ceiling, which doubles with each.

    :param first: the first ceiling, in seconds.
    :param most: the highest, in seconds.
    :param chance: a number from 0 to 1, a new one each time.
    """

    def __init__(
        self, first: float, most: float, chance: Callable[[], float] = random.random
    ) -> None:
        self._first = first
        self._most = most
        self._chance = chance
        self._ceiling = first

    def next(self, at_least: float = 0.0) -> float:
        """The next pause, in seconds, on top of ``at_least``."""
        pause = self._chance() * self._ceiling
        self._ceiling = min(self._ceiling * 2, self._most)
        return at_least + pause

    def reset(self) -> None:
        """Things went well: begin with the first ceiling again."""
        self._ceiling = self._first


def pause(clock: Clock, seconds: float) -> Deferred[None]:
    """Fires after ``seconds``; may be cancelled."""
    over: Deferred[None] = Deferred(lambda _: timer.cancel())
    timer = clock.callLater(seconds, over.callback, None)
    return over
