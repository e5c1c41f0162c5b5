"""Standard output for one who may read slowly, or go; and what is said beside it."""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Callable
from typing import Any

from chatclient.language import gettext as _
from chatclient.terminal.visible import visible

# What a pipe that is ready takes at once without blocking.
_PIECE = select.PIPE_BUF
_LOOK_UP = 0.2  # seconds


def complain(program: str, text: str) -> None:
    """Say something on standard error, if there is one."""
    if sys.stderr is not None:
        print(f"{program}: {visible(text)}", file=sys.stderr, flush=True)


def print_result(program: str, line: str) -> None:
    """Print what came of it. That it can't be printed does not undo it."""
    try:
        print(line, flush=True)
    except OSError as problem:
        # Else the interpreter would try it again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(problem, BrokenPipeError):
            complain(program, unwritable(problem))


def unwritable(problem: OSError) -> str:
    """Why nothing could be written."""
    return _("standard output can't be written ({why})").format(why=problem.strerror)


class OutputGone(Exception):
    """What was to be written was not, or not all of it.

    ``why`` tells what is wrong; None where just nobody reads or waits any more.
    """

    def __init__(self, why: str | None = None) -> None:
        super().__init__(why)
        self.why = why


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
                nobody_reads = isinstance(problem, BrokenPipeError)
                raise OutputGone(None if nobody_reads else unwritable(problem)) from problem

    def _wait(self) -> None:
        while not self._is_gone and not self._given_up():
            if select.select([], [self._fd], [], _LOOK_UP)[1]:
                return
        self._is_gone = True
        raise OutputGone


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
