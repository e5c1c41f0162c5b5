"""Real terminals: windows of a private tmux server, to type in and to look at."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import chatclient
from tests.support.folders import temporary_folder

_ROOT = str(Path(chatclient.__file__).parent.parent)
_PATIENCE = 30.0  # seconds


class Terminals:
    """A tmux server that nobody else uses; gone when the test is over."""

    def __init__(self, test: SynchronousTestCase) -> None:
        self._folder = temporary_folder(test)
        test.addCleanup(self._end)

    def open(
        self, *arguments: str, environment: Mapping[str, str], columns: int = 100, rows: int = 24
    ) -> Terminal:
        """A window in which chatclient runs."""
        program = [sys.executable, "-m", "chatclient", *arguments]
        settings = {"PYTHONPATH": _ROOT, "LC_ALL": "C.UTF-8", "COLUMNS": "80", **environment}
        values = [f"{name}={value}" for name, value in settings.items()]
        command = shlex.join(["env", "-u", "NO_COLOR", *values, *program])
        window = self.run(
            "new-session", "-d", "-P", "-F", "#{window_id}", "-x", str(columns), "-y", str(rows),
            f"{command}; echo ended $?; exec sleep 1000",
        ).strip()  # fmt: skip
        return Terminal(self, window)

    def run(self, *command: str) -> str:
        """What a command of tmux prints."""
        return subprocess.run(
            ["tmux", "-L", "test", "-f", "/dev/null", *command],
            env={**os.environ, "TMUX_TMPDIR": str(self._folder)},
            capture_output=True,
            check=True,
            text=True,
            timeout=_PATIENCE,
        ).stdout

    def _end(self) -> None:
        if any(self._folder.iterdir()):
            self.run("kill-server")


class Terminal:
    """One window."""

    def __init__(self, terminals: Terminals, window: str) -> None:
        self._terminals = terminals
        self._window = window

    def type(self, text: str, *keys: str) -> None:
        """Type a text, and then keys by tmux's names for them."""
        if text:
            self._terminals.run("send-keys", "-t", self._window, "-l", text)
        if keys:
            self._terminals.run("send-keys", "-t", self._window, *keys)

    def resize(self, columns: int, rows: int) -> None:
        """Make the window larger or smaller."""
        size = ("-x", str(columns), "-y", str(rows))
        self._terminals.run("resize-window", "-t", self._window, *size)

    def lines(self, *, escapes: bool = False) -> list[str]:
        """What a person sees, with escapes for colours if wanted."""
        options = ["-e"] if escapes else []
        return self._terminals.run("capture-pane", "-p", *options, "-t", self._window).split("\n")

    def line(self, text: str) -> str:
        """The line that has this text, once there is one."""
        self.shows(text)
        return next(line for line in self.lines() if text in line)

    def shows(self, *texts: str) -> None:
        """Wait until all of these are there."""
        self._wait(lambda shown: all(text in shown for text in texts), f"{texts} to come")

    def hides(self, text: str) -> None:
        """Wait until this is not there."""
        self._wait(lambda shown: text not in shown, f"{text!r} to go")

    def _wait(self, is_so: Callable[[str], bool], what: str) -> None:
        end = time.monotonic() + _PATIENCE
        while not is_so(shown := "\n".join(self.lines())):
            if time.monotonic() > end:
                raise AssertionError(f"waited for {what}; there is:\n{shown}")
            time.sleep(0.05)
