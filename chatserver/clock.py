"""What is asked of a clock: the reactor is one, and a test's Clock is another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred


class Call(Protocol):
    """A call to come."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Tells the time in seconds since the epoch, and calls later."""

    def seconds(self) -> float: ...

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any) -> Call: ...


def sleep(clock: Clock, seconds: float) -> Deferred[None]:
    """Fires after some seconds; cancelling it ends the wait with an error."""
    call: Call
    waited: Deferred[None] = Deferred(lambda _: call.cancel())
    call = clock.callLater(seconds, waited.callback, None)
    return waited
