"""Two kinds of time: what passes, by a clock that is given, and what the calendar says."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred


class Call(Protocol):
    """A call to come."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Tells how many seconds have passed, and calls later: the reactor, or a test's Clock."""

    def seconds(self) -> float: ...

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any) -> Call: ...


def epoch_milliseconds() -> int:
    """The time of day, since the epoch; people may set it forward and back at any moment."""
    return time.time_ns() // 1_000_000


def use_steady_time(reactor: Any) -> None:
    """Let a reactor's timers go by a clock that nobody can set.

    Twisted's go by the time of day: set back an hour, it would hold all of them up for an hour.
    To be called before there are any.
    """
    reactor.seconds = time.monotonic


def sleep(clock: Clock, seconds: float) -> Deferred[None]:
    """Fires after some seconds; cancelling it ends the wait with an error."""
    call: Call
    waited: Deferred[None] = Deferred(lambda _: call.cancel())
    call = clock.callLater(seconds, waited.callback, None)
    return waited
