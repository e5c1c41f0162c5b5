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


class Wait:
    """A pause that can be cut short.

    :param least: the seconds that it lasts in any case.
    """

    def __init__(self, clock: Clock, seconds: float, least: float) -> None:
        self._clock = clock
        self._end = clock.seconds() + seconds
        self._earliest = clock.seconds() + least
        #: Fires at the end; may be cancelled.
        self.over: Deferred[None] = Deferred(lambda _: self._timer.cancel())
        self._timer = clock.callLater(seconds, self.over.callback, None)

    @property
    def left(self) -> float:
        """The seconds until its end."""
        return max(0.0, self._end - self._clock.seconds())

    def cut(self) -> bool:
        """End as early as may be; whether that is earlier than before."""
        end = max(self._earliest, self._clock.seconds())
        if self.over.called or end >= self._end:
            return False
        self._end = end
        self._timer.reset(self.left)
        return True


def pause(clock: Clock, seconds: float) -> Deferred[None]:
    """Fires after ``seconds``; may be cancelled."""
    over: Deferred[None] = Deferred(lambda _: timer.cancel())
    timer = clock.callLater(seconds, over.callback, None)
    return over
