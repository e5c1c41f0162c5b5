"""The highest of the values seen lately."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_WINDOW: Final = 60.0  # seconds


class Peak:
    """Remembers the highest value of the last one to two minutes.

    Whoever asks changes nothing, so that several may ask.
    """

    __slots__ = ("_before", "_current", "_now", "_window")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._window = 0
        self._current = 0.0
        self._before = 0.0

    def note(self, value: float) -> None:
        """Take a value, of 0 or more."""
        self._turn()
        self._current = max(self._current, value)

    @property
    def value(self) -> float:
        """The highest value; 0 where there was none."""
        self._turn()
        return max(self._current, self._before)

    def _turn(self) -> None:
        window = int(self._now() // _WINDOW)
        if window != self._window:
            self._before = self._current if window == self._window + 1 else 0.0
            self._current = 0.0
            self._window = window
