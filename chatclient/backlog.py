"""Knowing when the missed messages that a login announced have all come."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from chatclient.interfaces import Clock, DelayedCall
from chatclient.language import gettext as _


class Backlog:
    """Counts announced messages down as they come.

    :param patience: seconds without a message after which no more are expected.
    """

    def __init__(self, clock: Clock, patience: float) -> None:
        self._clock = clock
        self._patience = patience
        self._missing = 0
        self._waiting: list[Deferred[None]] = []
        self._timer: DelayedCall | None = None

    def expect(self, count: int) -> None:
        """A login announced ``count`` messages."""
        self._missing = count
        if count == 0:
            self._finish(None)

    def arrived(self) -> None:
        """One message came."""
        self._missing = max(0, self._missing - 1)
        if self._missing == 0:
            self._finish(None)
        elif self._timer is not None:
            self._timer.reset(self._patience)

    def wait(self) -> Deferred[None]:
        """Fires when none is missing any more; fails with :class:`TimeoutError`."""
        done: Deferred[None] = Deferred()
        self._waiting.append(done)
        if self._missing == 0:
            self._finish(None)
        elif self._timer is None:
            self._timer = self._clock.callLater(self._patience, self._time_is_up)
        return done

    def give_up(self, reason: Failure) -> None:
        """The connection is gone: nothing more will come."""
        self._missing = 0
        self._finish(reason)

    def _time_is_up(self) -> None:
        text = _("{count} of the missed messages did not come").format(count=self._missing)
        self._finish(Failure(TimeoutError(text)))

    def _finish(self, result: Failure | None) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            if result is None:
                done.callback(None)
            else:
                done.errback(result)
