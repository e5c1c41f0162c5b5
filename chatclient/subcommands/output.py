"""Standard output for one who may read slowly, or go."""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Callable
from typing import Any

# What a pipe that is ready takes at once without blocking.
_PIECE = 512 if not hasattr(select, "PIPE_BUF") else select.PIPE_BUF
_LOOK_UP = 0.2  # seconds


class OutputGone(Exception):
    """What was to be written was not, or not all of it."""


class Output:
    """Writes lines; a line that was written is in the reader's hands, or the system's.

    While the reader is busy, this waits, and with it the program; it ends when ``given_up``
    says so.
    """

    def __init__(self, fd: int, given_up: Callable[[], bool]) -> None:
        self._fd = fd
        self._given_up = given_up
        self._is_gone = False

    def write_line(self, line: str) -> None:
        """Write it, and come back when that is done.

        :raises OutputGone: now, or at an earlier line.
        """
        rest = memoryview(f"{line}\n".encode())
        while rest:
            self._wait()
            try:
                rest = rest[os.write(self._fd, rest[:_PIECE]) :]
            except BlockingIOError:
                continue
            except OSError as problem:
                self._is_gone = True
                raise OutputGone(problem.strerror) from problem

    def _wait(self) -> None:
        while not self._is_gone and not self._given_up():
            if select.select([], [self._fd], [], _LOOK_UP)[1]:
                return
        self._is_gone = True
        raise OutputGone("nobody waits for it any more")


class ReaderWatch:
    """Tells when the reader of a pipe has gone, also while there is nothing to write.

    Of anything else than a pipe it knows nothing.
    """

    def __init__(self, reactor: Any, fd: int, gone: Callable[[], None]) -> None:
        self._fd = fd
        self._gone = gone
        if stat.S_ISFIFO(os.fstat(fd).st_mode):
            reactor.addReader(self)

    def fileno(self) -> int:
        """Called by the reactor."""
        return self._fd

    def logPrefix(self) -> str:  # noqa: N802
        """Called by the reactor."""
        return "output"

    def doRead(self) -> None:  # noqa: N802
        """Never called: the end of a pipe where one writes has nothing to read."""

    def connectionLost(self, _: object) -> None:
        """Called by the reactor."""
        self._gone()
