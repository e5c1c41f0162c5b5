"""Reading standard input line by line, no further than asked."""

from __future__ import annotations

import os
from typing import Protocol

from twisted.internet.defer import Deferred

from chatclient.terminal.screen import Quit


class ReaderReactor(Protocol):
    """The side of a reactor that watches files; regular files too."""

    def addReader(self, reader: object) -> None: ...  # noqa: N802

    def removeReader(self, reader: object) -> None: ...  # noqa: N802


class LineSource:
    """Gives the lines of a file, a pipe or a terminal, one at a time.

    What was not asked for is left unread as far as possible; the file stays blocking for
    those who share it.
    """

    def __init__(self, reactor: ReaderReactor, fd: int) -> None:
        self._reactor = reactor
        self._fd = fd
        self._buffer = b""
        self._ended = False
        self._asked: Deferred[str] | None = None

    def read_line(self) -> Deferred[str]:
        """The next line without its end; invalid UTF-8 becomes U+FFFD.

        Fails with :class:`Quit` at the end of the file. One line at a time.
        """
        self._asked = asked = Deferred[str]()
        self._answer()
        if self._asked is not None:
            self._reactor.addReader(self)
        return asked

    def stop(self) -> None:
        """Act as if the file ended here."""
        self._buffer = b""
        self._ended = True
        self._answer()

    def fileno(self) -> int:
        """Called by the reactor."""
        return self._fd

    def logPrefix(self) -> str:  # noqa: N802
        """Called by the reactor."""
        return "input"

    def doRead(self) -> None:  # noqa: N802
        """Called by the reactor: there is something to read, or the end."""
        try:
            data = os.read(self._fd, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._buffer += data
        self._ended = not data
        self._answer()

    def connectionLost(self, _: object) -> None:
        """Called by the reactor when it stops."""
        self.stop()

    def _answer(self) -> None:
        asked = self._asked
        line, end, rest = self._buffer.partition(b"\n")
        if asked is None or not (end or self._ended):
            return
        self._asked = None
        self._reactor.removeReader(self)
        self._buffer = rest
        if line or end:
            asked.callback(line.removesuffix(b"\r").decode("utf-8", "replace"))
        else:
            asked.errback(Quit())
