"""Ports are shut while there are no descriptors for new connections."""

from __future__ import annotations

import os
import resource

from twisted.trial.unittest import SynchronousTestCase

from chatserver.doors import Doors, can_open


class FakePort:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def startReading(self) -> None:
        self.calls.append("start")

    def stopReading(self) -> None:
        self.calls.append("stop")


class DoorsTests(SynchronousTestCase):
    def test_they_are_shut_once_and_opened_once(self) -> None:
        port, other = FakePort(), FakePort()
        answers = [True, True, False, False, True, True]
        doors = Doors([port, other], lambda: answers.pop(0))
        seen = []
        while answers:
            doors.look()
            seen.append(len(port.calls))
        self.assertEqual(seen, [0, 0, 1, 1, 2, 2])
        self.assertEqual(port.calls, ["stop", "start"])
        self.assertEqual(other.calls, ["stop", "start"])


class CanOpenTests(SynchronousTestCase):
    def test_it_tells_whether_there_is_a_descriptor(self) -> None:
        self.assertTrue(can_open())
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest = os.open(os.devnull, os.O_RDONLY)
        os.close(lowest)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, before[1]))
            self.assertFalse(can_open())
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        self.assertTrue(can_open())
