"""What the server logs while a test runs."""

from __future__ import annotations

from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import TestCase
from zope.interface import implementer


@implementer(ILogObserver)
class _Texts:
    """Keeps what the server logs."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    def __call__(self, event: LogEvent) -> None:
        if event.get("log_namespace", "").startswith("chatserver"):
            self.kept.append(formatEvent(event))


def listen(test: TestCase) -> list[str]:
    """All that the server logs from now on, until the test is over."""
    observer = _Texts()
    globalLogPublisher.addObserver(observer)
    test.addCleanup(globalLogPublisher.removeObserver, observer)
    return observer.kept
