"""How values are spread, for the price of a number or two for each."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate


class Histogram:
    """Counts values by size.

    :param bounds: the largest value of each bucket, in order; one without a bound follows.
    """

    __slots__ = ("_counts", "bounds", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        #: The sum of all values.
        self.total = 0.0

    def note(self, value: float) -> None:
        """Take a value."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self._counts)

    @property
    def up_to(self) -> list[int]:
        """How many values there were up to each bound; behind these, how many there were."""
        return list(accumulate(self._counts))
