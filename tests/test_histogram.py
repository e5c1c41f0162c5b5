"""Values counted by size."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatserver.histogram import Histogram


class HistogramTests(SynchronousTestCase):
    def test_a_bound_belongs_to_its_bucket(self) -> None:
        histogram = Histogram((1, 10))
        for value in (0, 1, 1.5, 10, 11):
            histogram.note(value)
        self.assertEqual(histogram.up_to, [2, 4, 5])
        self.assertEqual((histogram.count, histogram.total), (5, 23.5))

    def test_nothing_yet(self) -> None:
        self.assertEqual(Histogram((1,)).up_to, [0, 0])
