"""The screen of a real terminal, by prompt_toolkit on Twisted's asyncio reactor."""

from __future__ import annotations

import asyncio
import sys

from prompt_toolkit import PromptSession
from twisted.internet.defer import Deferred

from chatclient.terminal.fold import folded
from chatclient.terminal.modes import ECHO, LINES, Modes
from chatclient.terminal.screen import Quit


class PromptScreen:
    """An input line at the bottom; what is shown meanwhile scrolls by above it.

    Needs the asyncio reactor to run.
    """

    interactive = True

    def __init__(self) -> None:
        self.complained = False
        self._commands = _session()
        self._current: PromptSession[str] | None = None
        self._stopped = False
        # While it reads, prompt_toolkit sets the modes it needs. Between two prompts what is
        # typed is to wait for the next as it is.
        self._modes = Modes(sys.stdin.fileno())
        self._modes.switch_off(ECHO | LINES)

    async def ask(self, question: str, *, secret: bool = False) -> str:
        """The answer, which the history forgets."""
        return await self._read(_session(secret=secret), question)

    async def read_command(self) -> str:
        """The next command; earlier ones are found with the arrow keys."""
        return await self._read(self._commands, "> ")

    def show(self, line: str) -> None:
        """Show a line above the input line."""
        # Not by patch_stdout or run_in_terminal: those give the terminal its own modes back
        # for the time of showing, and keys pressed just then are lost or shown.
        app = self._current.app if self._current else None
        if app is not None and app.is_running:
            app.renderer.erase()
            app.invalidate()
        sys.stdout.write(f"{folded(line, sys.stdout)}\n")
        sys.stdout.flush()

    def complain(self, line: str) -> None:
        """Show a line above the input line."""
        self.complained = True
        self.show(line)

    def stop(self) -> None:
        """Give up the input line."""
        self._stopped = True
        self._leave_if_stopped()

    def close(self) -> None:
        """Give the terminal back."""
        self._modes.restore()

    async def _read(self, session: PromptSession[str], question: str) -> str:
        self._current = session
        reading = session.prompt_async(
            question, pre_run=self._leave_if_stopped, handle_sigint=False
        )
        try:
            answer = await Deferred.fromFuture(asyncio.ensure_future(reading))
        except EOFError:
            raise Quit from None
        finally:
            self._current = None
        # Bytes that are no UTF-8 come as lone surrogates.
        return answer.encode("utf-8", "replace").decode()

    def _leave_if_stopped(self) -> None:
        app = self._current.app if self._current else None
        if self._stopped and app is not None and app.future and not app.future.done():
            app.exit(exception=Quit)


def _session(*, secret: bool = False) -> PromptSession[str]:
    return PromptSession(is_password=secret, interrupt_exception=Quit, eof_exception=Quit)
