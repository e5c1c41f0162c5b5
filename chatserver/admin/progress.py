"""A line on the terminal that tells how far long work has come."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from chatserver.admin.texts import span

_INTERVAL = 0.1  # seconds between two changes of the line
_ERASE = "\r\x1b[K"


class Progress:
    """Tells how far work has come, where somebody looks at a terminal; elsewhere it is silent.

    The line vanishes at the end of the ``with`` block.

    :param what: the work, like "importing messages".
    :param total: how much there is to do; None where that is not known.
    """

    def __init__(
        self,
        what: str,
        total: int | None = None,
        *,
        to: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._total = total
        self._to = to or sys.stderr
        self._is_seen = self._to.isatty()
        self._clock = clock
        self._begun = self._shown = clock()
        self.done = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._write(_ERASE)

    def advance(self, count: int = 1) -> None:
        """So much more is done."""
        self.reach(self.done + count)

    def reach(self, done: int, total: int | None = None) -> None:
        """So much is done in all, of ``total`` where that has changed."""
        self.done = done
        self._total = self._total if total is None else total
        now = self._clock()
        if now - self._shown >= _INTERVAL:
            self._shown = now
            self._write(_ERASE + self.line())

    def line(self) -> str:
        """What is shown: how much, of how much, how fast, and how long it still takes."""
        text = f"{self._what}: {self.done:,}"
        if self._total:
            text += f" of {self._total:,} ({self.done * 100 // self._total} %)"
        seconds = self._clock() - self._begun
        if seconds > 0:
            text += f", {self.done / seconds:,.0f}/s"
        if self._total and self.done and (left := seconds * (self._total / self.done - 1)) > 0:
            text += f", {span(left)} left"
        return text

    def _write(self, text: str) -> None:
        if self._is_seen:
            self._to.write(text)
            self._to.flush()
