"""What workers log, as the process that started them logs it."""

from __future__ import annotations

import json
import os
from io import StringIO
from typing import cast

from twisted.logger import (
    ILogObserver,
    LogEvent,
    Logger,
    LogPublisher,
    globalLogPublisher,
    textFileLogObserver,
)
from twisted.trial.unittest import TestCase

from chatserver.logs.lines import json_line
from chatserver.workers.log import Teller, retell


class LogCase(TestCase):
    """A worker's end of a pipe, and what is logged here."""

    def setUp(self) -> None:
        self.reads, writes = os.pipe()
        self.addCleanup(os.close, self.reads)
        self.addCleanup(os.close, writes)
        os.set_blocking(self.reads, False)
        self.teller = Teller(writes)
        self.log = Logger("chat.part", observer=LogPublisher(self.teller))
        self.out = StringIO()
        observer = textFileLogObserver(self.out)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def told(self) -> list[bytes]:
        """The lines that have come through the pipe."""
        return os.read(self.reads, 2**20).split(b"\n")[:-1]

    def logged(self) -> str:
        """What has been logged here, without the time."""
        lines = self.out.getvalue().splitlines()
        return "\n".join(line.partition(" ")[2] if line[:2] == "20" else line for line in lines)


class Tests(LogCase):
    def test_a_line_keeps_its_level_and_where_it_comes_from(self) -> None:
        self.log.warn("name {name!r} at {{", name="李 {x}\n")
        [line] = self.told()
        retell(line, 3)
        self.assertEqual(self.logged(), "[worker 3 chat.part#warn] name '李 {x}\\n' at {")

    def test_a_failure_comes_with_its_traceback(self) -> None:
        try:
            raise ValueError("no way")
        except ValueError:
            self.log.failure("it failed")
        [line] = self.told()
        retell(line, 1)
        self.assertIn("[worker 1 chat.part#critical] it failed\n\tTraceback", self.logged())
        self.assertIn("ValueError: no way", self.logged())

    def test_machines_get_what_the_worker_knew_and_which_it_was(self) -> None:
        events: list[LogEvent] = []
        observer = cast(ILogObserver, events.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.log.info("account {account} is here", account=7)
        [line] = self.told()
        retell(line, 3)
        record = json.loads(json_line(events[0]) or "")
        self.assertEqual((record["account"], record["worker"]), (7, 3))
        self.assertEqual(record["message"], "account 7 is here")
        self.assertEqual(record["namespace"], "chat.part")

    def test_what_is_no_line_of_the_log_is_told_as_it_is(self) -> None:
        for line in (b"Segmentation fault", b"[1,2]", b'{"level":"loud"}', b"\xff"):
            retell(line, 2)
        self.assertIn("[worker 2 stdout#warn] Segmentation fault", self.logged())
        self.assertEqual(len(self.logged().splitlines()), 4)

    def test_a_worker_waits_for_no_reader_and_counts_the_lines_lost(self) -> None:
        for _ in range(10_000):
            self.log.info("the same again, the same again, the same again")
        come = len(self.told())
        self.log.info("heard")
        [line] = self.told()
        self.assertIn(f"(lines lost before this one: {10_000 - come}) heard", line.decode())
        self.log.info("heard again")
        self.assertNotIn(b"lost", self.told()[0])

    def test_a_worker_survives_who_reads_its_log(self) -> None:
        reads, writes = os.pipe()
        self.addCleanup(os.close, writes)
        teller = Teller(writes)
        os.close(reads)
        teller.beat()
        Logger("x", observer=LogPublisher(teller)).info("unheard")

    def test_a_beat_is_an_empty_line(self) -> None:
        self.teller.beat()
        self.assertEqual(self.told(), [b""])
