"""Finding out that the server is dead while there is nothing to say."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from chatclient.interfaces import Clock, DelayedCall


class Heartbeat:
    """Pings whenever no event has come for a while.

    :param silence: that while, in seconds.
    :param ping: whoever gives it finds out by himself that no answer comes.
    """

    def __init__(self, clock: Clock, silence: float, ping: Callable[[], Deferred[float]]) -> None:
        self._clock = clock
        self._silence = silence
        self._ping = ping
        self._timer: DelayedCall | None = None

    def start(self) -> None:
        """A login has succeeded."""
        self._timer = self._clock.callLater(self._silence, self._time_is_up)

    def heard(self) -> None:
        """An event has come."""
        if self._timer is not None:
            self._timer.reset(self._silence)

    def stop(self) -> None:
        """The connection has ended."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_is_up(self) -> None:
        self.start()
        self._ping().addErrback(lambda _: None)
