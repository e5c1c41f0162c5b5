"""A line of the log, for people and for machines."""

from __future__ import annotations

import json
from typing import Any, cast

from twisted.logger import ILogObserver, LogEvent, Logger, globalLogPublisher
from twisted.python import log as legacy
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from chatserver.logs.lines import json_line, text_line

TRICKS = "x\r\n2026-11-24T00:00:00+0000 [-] forged \x1b[2J \x9b1A \x85 \u2028 \u202e \0 \x7f 李"


class LinesCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.events: list[LogEvent] = []
        self.log = Logger("chat.part", observer=cast(ILogObserver, self.events.append))

    def event(self) -> LogEvent:
        """The last one."""
        return self.events[-1] | {"log_time": 1_000_000_000.1239}

    def record(self) -> dict[str, Any]:
        line = json_line(self.event())
        assert line is not None
        self.assertTrue(line.isascii())
        self.assertEqual(line.count("\n"), 1)
        found: dict[str, Any] = json.loads(line)
        return found


class JsonTests(LinesCase):
    def test_all_that_is_known_has_a_field_of_its_own(self) -> None:
        self.log.warn("account {account} is at {peer}", account=7, peer="192.0.2.1", rest=None)
        self.assertEqual(
            self.record(),
            {
                "time": "2001-09-09T01:46:40.124Z",
                "level": "warn",
                "namespace": "chat.part",
                "message": "account 7 is at 192.0.2.1",
                "account": 7,
                "peer": "192.0.2.1",
                "rest": None,
            },
        )

    def test_a_failure_has_its_traceback_in_one_field(self) -> None:
        self.log.failure("it failed", Failure(ValueError(TRICKS)))
        record = self.record()
        self.assertEqual(record["message"], "it failed")
        self.assertIn("builtins.ValueError: x", record["traceback"])

    def test_what_json_does_not_know_is_a_text(self) -> None:
        self.log.info("{thing}", thing=ValueError("x"), data=b"\xff", many=(1, 2))
        record = self.record()
        self.assertEqual(
            (record["thing"], record["data"], record["many"]), ("x", r"b'\xff'", "(1, 2)")
        )

    def test_a_field_that_is_the_message_is_not_said_twice(self) -> None:
        self.log.warn("{warning}", warning="{all} of it")
        self.assertNotIn("warning", self.record())
        self.assertEqual(self.record()["message"], "{all} of it")

    def test_no_field_takes_the_place_of_what_every_line_has(self) -> None:
        self.log.info("well", time="never", namespace="?", message="ill")
        record = self.record()
        self.assertEqual((record["namespace"], record["message"]), ("chat.part", "well"))
        self.assertTrue(record["time"].startswith("2001-"))

    def test_a_name_can_not_forge_a_line(self) -> None:
        self.log.info("device {device!r}", device=TRICKS)
        self.assertEqual(self.record()["device"], TRICKS)

    def test_lines_of_older_parts_of_twisted(self) -> None:
        globalLogPublisher.addObserver(cast(ILogObserver, self.events.append))
        self.addCleanup(globalLogPublisher.removeObserver, cast(ILogObserver, self.events.append))
        legacy.msg("ChatFactory starting on 6000", factory=self)
        self.assertEqual(
            self.record(),
            {
                "time": "2001-09-09T01:46:40.124Z",
                "level": "info",
                "namespace": "-",
                "message": "ChatFactory starting on 6000",
            },
        )

    def test_an_event_without_words_is_no_line(self) -> None:
        self.log.info("")
        self.assertIsNone(json_line(self.event()))
        self.assertIsNone(text_line(self.event()))


class TextTests(LinesCase):
    def test_it_can_not_drive_a_terminal(self) -> None:
        self.log.info("device {device}", device=TRICKS)
        line = text_line(self.event())
        assert line is not None
        first, second, end = line.split("\n")
        self.assertTrue(second.startswith("\t2026"))
        self.assertTrue(first.isprintable() and second[1:].isprintable(), repr(line))
        self.assertIn(r"\x1b[2J \x9b1A \x85 \u2028 \u202e \x00 \x7f 李", second)
        self.assertEqual(end, "")


class NoiseTests(LinesCase):
    def test_what_visitors_of_a_page_can_make_twisted_tell_is_no_line(self) -> None:
        log = Logger("twisted.web.http.HTTPChannel", observer=self.log.observer)
        log.info("Timing out client: {peer}", peer="192.0.2.1")
        self.assertIsNone(text_line(self.event()))
        self.assertIsNone(json_line(self.event()))
        log.error("something is wrong")
        self.assertIsNotNone(text_line(self.event()))
        self.assertIsNotNone(json_line(self.event()))
