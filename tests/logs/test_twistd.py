"""What is logged through twistd, as text to the letter as twistd would."""

from __future__ import annotations

import io
import json
import time
from typing import cast

from twisted.application.service import Application
from twisted.logger import (
    FileLogObserver,
    ILogObserver,
    LogEvent,
    Logger,
    textFileLogObserver,
)
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from chatserver.logs.twistd import use_format
from tests.support.folders import temporary_folder


class TwistdTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.file = temporary_folder(self) / "log"
        self.options = {
            "logger": None,
            "syslog": False,
            "logfile": str(self.file),
            "nodaemon": True,
        }
        self.application = Application("chatserver")

    def observer(self, name: str = "text") -> FileLogObserver | None:
        use_format(self.application, self.options, name)
        found: FileLogObserver | None = self.application.getComponent(ILogObserver, None)
        return found

    def events(self) -> list[LogEvent]:
        events: list[LogEvent] = []
        log = Logger(namespace="chatserver.test", observer=cast(ILogObserver, events.append))
        log.info("account {account} logged in from {peer}", account=7, peer="192.0.2.1")
        log.warn("多么好 {nothing}")
        log.failure("a request failed", Failure(ZeroDivisionError("x")))
        for number, event in enumerate(events):
            event["log_time"] = time.time() + number * 0.4 + (number == 2) * 4000
        return [*events, {"log_format": "at no time"}]

    def test_lines_are_twisted_s(self) -> None:
        observer = self.observer()
        assert observer is not None
        expected = io.StringIO()
        other = textFileLogObserver(expected)
        for event in self.events():
            observer(event)
            other(event)
        self.assertEqual(self.file.read_text(encoding="utf-8"), expected.getvalue())
        self.assertIn("account 7 logged in from 192.0.2.1", expected.getvalue())

    def test_lines_are_objects_where_that_is_wanted(self) -> None:
        observer = self.observer("json")
        assert observer is not None
        for event in self.events():
            observer(event)
        lines = self.file.read_text(encoding="ascii").splitlines()
        self.assertEqual(
            [json.loads(line)["level"] for line in lines], ["info", "warn", "critical", "info"]
        )

    def test_who_logs_elsewhere_is_let_be(self) -> None:
        for option in ("logger", "syslog"):
            self.options = {**self.options, option: True}
            self.assertIsNone(self.observer())
            self.options[option] = False
