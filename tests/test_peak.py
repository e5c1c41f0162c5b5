"""The highest value of the last minutes."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from chatserver.peak import Peak


class PeakTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.peak = Peak(self.clock.seconds)

    def test_the_highest_counts(self) -> None:
        for value in (1.0, 3.0, 2.0):
            self.peak.note(value)
        self.assertEqual(self.peak.value, 3.0)

    def test_nothing_noted_is_nothing(self) -> None:
        self.assertEqual(self.peak.value, 0.0)

    def test_it_is_remembered_for_a_minute_at_least_and_two_at_most(self) -> None:
        self.peak.note(3.0)
        self.clock.advance(59)
        self.assertEqual(self.peak.value, 3.0)
        self.clock.advance(61)
        self.assertEqual(self.peak.value, 0.0)

    def test_a_lower_one_later_does_not_hide_it(self) -> None:
        self.peak.note(3.0)
        self.clock.advance(50)
        self.peak.note(1.0)
        self.assertEqual(self.peak.value, 3.0)
        self.clock.advance(60)
        self.assertEqual(self.peak.value, 1.0)
