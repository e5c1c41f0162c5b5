"""Running the program as a real process in the tests."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import termios
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

import chatclient
from tests.chatclient.fake_terminal import COLUMNS, ROWS, FakeTerminal

reactor: Any = installed_reactor
_ROOT = str(Path(chatclient.__file__).parent.parent)


class Run(ProcessProtocol):
    """One run of the program."""

    transport: Any

    def __init__(self) -> None:
        self.out = b""
        self.err = b""
        self.ended: Deferred[int] = Deferred()
        self.gone: Deferred[None] = Deferred()

    def outReceived(self, data: bytes) -> None:
        self.out += data

    def errReceived(self, data: bytes) -> None:
        self.err += data

    def processEnded(self, reason: Failure) -> None:
        value: Any = reason.value
        self.gone.callback(None)
        self.ended.callback(value.exitCode)

    def type(self, text: str) -> None:
        """Send input and leave it open."""
        self.transport.write(text.encode())

    def end_input(self) -> None:
        """Send the end of the file."""
        self.transport.closeStdin()


class TerminalRun(Run):
    """A run of the program in a pseudo-terminal; ``terminal`` is what a person sees."""

    def __init__(self) -> None:
        super().__init__()
        self.terminal = FakeTerminal()
        self._waiting: list[tuple[Callable[[], bool], Deferred[None]]] = []

    def connectionMade(self) -> None:
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        fcntl.ioctl(self.transport.fileno(), termios.TIOCSWINSZ, size)

    def outReceived(self, data: bytes) -> None:
        super().outReceived(data)
        self.terminal.feed(data)
        for waiting in [entry for entry in self._waiting if entry[0]()]:
            self._waiting.remove(waiting)
            reactor.callLater(0, waiting[1].callback, None)

    def shows(self, text: str) -> Deferred[None]:
        """Fires when a line of the screen is, or begins with, ``text``."""
        seen: Deferred[None] = Deferred()

        def visible() -> bool:
            return any(line.startswith(text) for line in self.terminal.lines())

        if visible():
            seen.callback(None)
        else:
            self._waiting.append((visible, seen))
        return seen


RunT = TypeVar("RunT", bound=Run)


class ProgramTestCase(TestCase):
    """Starts the program, and sees to it that it is gone in the end."""

    timeout = 20

    def start(self, *arguments: str, **env: str) -> Run:
        """Start it with pipes, and with more environment."""
        return start_program(self, Run(), arguments, env)

    def start_reading(self, fd: int, *arguments: str) -> Run:
        """Start it with another standard input."""
        return start_program(self, Run(), arguments, {}, childFDs={0: fd, 1: "r", 2: "r"})

    def start_in_terminal(self, *arguments: str, **env: str) -> TerminalRun:
        """Start it in a pseudo-terminal of its own."""
        return start_program_in_terminal(self, arguments, env)


def start_program(
    test: TestCase, run: RunT, arguments: Sequence[str], env: dict[str, str], **options: Any
) -> RunT:
    """Start the program, speaking English, for a test at whose end it is gone."""
    reactor.spawnProcess(
        run,
        sys.executable,
        [sys.executable, "-m", "chatclient", *arguments],
        env={**os.environ, "PYTHONPATH": _ROOT, "LC_ALL": "C.UTF-8", **env},
        **options,
    )

    async def end() -> None:
        if not run.gone.called:
            run.transport.signalProcess("KILL")
        await run.gone

    test.addCleanup(end)
    return run


def start_program_in_terminal(
    test: TestCase, arguments: Sequence[str], env: dict[str, str]
) -> TerminalRun:
    """Start it in a pseudo-terminal of its own."""
    env = {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", **env}
    return start_program(test, TerminalRun(), arguments, env, usePTY=True)


def pause(seconds: float) -> Deferred[None]:
    """Let the reactor run for a while."""
    over: Deferred[None] = Deferred()
    reactor.callLater(seconds, over.callback, None)
    return over
