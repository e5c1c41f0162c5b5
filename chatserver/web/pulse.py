"""How punctual the reactor is, and how much goes wrong in it."""

from __future__ import annotations

from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from zope.interface import implementer

from chatserver.clock import Call, Clock
from chatserver.peak import Peak

# Seconds between beats: a turn of the reactor that takes longer makes one late.
_INTERVAL = 0.01


@implementer(ILogObserver)
class Pulse:
    """Calls itself regularly and notes how late the calls come; counts failures in the log.

    A turn of the reactor makes a call late by its length, to within a hundredth of a second.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due = 0.0
        self._next: Call | None = None
        #: By how many seconds the latest call of the last minutes was late.
        self.latest = Peak(clock.seconds)
        #: Failures that were logged since the start.
        self.failures = 0

    def __call__(self, event: LogEvent) -> None:
        """Take what is logged."""
        if "log_failure" in event:
            self.failures += 1

    def start(self) -> None:
        """Begin."""
        globalLogPublisher.addObserver(self)
        self._call_again()

    def stop(self) -> None:
        """End."""
        globalLogPublisher.removeObserver(self)
        if self._next is not None:
            self._next.cancel()

    def _call_again(self) -> None:
        self._due = self._clock.seconds() + _INTERVAL
        self._next = self._clock.callLater(_INTERVAL, self._beat)

    def _beat(self) -> None:
        self.latest.note(max(0.0, self._clock.seconds() - self._due))
        self._call_again()
