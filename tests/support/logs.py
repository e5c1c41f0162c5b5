"""What the server logs while a test runs."""

from __future__ import annotations

from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import TestCase
from zope.interface import implementer


@implementer(ILogObserver)
class _Texts:
    """Keeps what a part of the server logs."""

    def __init__(self, part: str) -> None:
        self._part = part
        self.kept: list[str] = []

    def __call__(self, event: LogEvent) -> None:
        if self._part in event.get("log_namespace", ""):
            self.kept.append(formatEvent(event))


def listen(test: TestCase, part: str = "chatserver.") -> list[str]:
    """What the server, or the modules with ``part`` in their name, log until the test is over."""
    observer = _Texts(part)
    globalLogPublisher.addObserver(observer)
    test.addCleanup(globalLogPublisher.removeObserver, observer)
    return observer.kept
