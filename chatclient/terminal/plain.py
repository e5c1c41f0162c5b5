"""The screen of pipes, files and terminals that can do no more."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from chatclient.terminal.fold import folded
from chatclient.terminal.lines import LineSource, ReaderReactor
from chatclient.terminal.modes import ECHO, Modes


class PlainScreen:
    """Reads standard input line by line; results go to stdout, complaints to stderr.

    Questions are shown only where a person types the answers.
    """

    def __init__(self, reactor: ReaderReactor) -> None:
        self._fd = sys.stdin.fileno() if sys.stdin else os.open(os.devnull, os.O_RDONLY)
        self._modes = Modes(self._fd)
        self._source = LineSource(reactor, self._fd)
        self.interactive = os.isatty(self._fd)
        self.complained = False

    async def ask(self, question: str, *, secret: bool = False) -> str:
        """The next line."""
        if secret:
            self._modes.switch_off(ECHO)
        try:
            if self.interactive:
                self._write(sys.stdout, question)
            answer = await self._source.read_line()
        finally:
            self._modes.restore()
        if secret and self.interactive:
            self.show("")
        return answer

    async def read_command(self) -> str:
        """The next line."""
        return await self.ask("")

    def show(self, line: str) -> None:
        """Write the line to stdout."""
        self._write_line(sys.stdout, line)

    def complain(self, line: str) -> None:
        """Write the line to stderr."""
        self.complained = True
        self._write_line(sys.stderr, line)

    def stop(self) -> None:
        """Leave the rest of the input alone."""
        self._source.stop()

    def close(self) -> None:
        """The terminal is as it was found between any two questions."""

    def _write_line(self, stream: TextIO | None, line: str) -> None:
        if stream is not None:
            self._write(stream, f"{folded(line, stream)}\n")

    def _write(self, stream: TextIO | None, text: str) -> None:
        if stream is None:
            return
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError:
            # Nobody reads any more: what is still to come goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            self.complained = True
            self.stop()
