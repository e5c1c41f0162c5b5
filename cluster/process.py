"""What all private servers have in common: a process to start, watch and stop."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_PATIENCE = 30.0  # seconds
_PORTS = range(10_000, 32_000)


class NotStarted(Exception):
    """A server did not come up, or its program is not installed; the text says why."""


class Process(ABC):
    """A server process of its own session, so that Ctrl-C in a terminal does not reach it.

    :param name: what messages call it; it logs to ``NAME.log`` in the folder.
    :param folder: where it runs; made, for its owner only, if it is not there.
    :param environment: variables besides those of this process.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.folder = folder
        self.log_file = folder / f"{name.replace(' ', '-')}.log"
        self._command = command
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._is_swept = True
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.log_file.write_bytes(b"")

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process that was started last."""
        assert self._process, f"{self.name} was never started"
        return self._process

    @property
    def log(self) -> str:
        """What it has logged."""
        return self.log_file.read_text(errors="replace")

    def last_lines(self, count: int = 10) -> str:
        """The end of the log, indented."""
        return "".join(f"    {line}\n" for line in self.log.splitlines()[-count:])

    @abstractmethod
    def is_up(self) -> bool:
        """Whether it answers."""

    def is_running(self) -> bool:
        """Whether it has been started and has not ended."""
        if self._process is None or self._process.poll() is not None:
            self._sweep()
            return False
        return True

    def end(self) -> str:
        """How it ended, in words."""
        status = self.process.returncode
        return f"ended with status {status}" if status >= 0 else f"died of {_signal_name(-status)}"

    def start(self) -> None:
        """Start it, and return when it answers.

        :raises NotStarted: it ended instead, or did not answer in time.
        """
        self.launch()
        self.wait_until_up()

    def launch(self) -> None:
        """Start it without waiting.

        :raises NotStarted: it can't be started.
        """
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                env=os.environ | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._is_swept = False

    def wait_until_up(self) -> None:
        """Return when it answers.

        :raises NotStarted: it ended, or did not answer in time.
        """
        deadline = time.monotonic() + _PATIENCE
        while self.is_running():
            if self.is_up():
                return
            if time.monotonic() > deadline:
                self.kill()
            time.sleep(0.02)
        raise NotStarted(f"{self.name} did not come up:\n{self.last_lines()}")

    def terminate(self) -> None:
        """Tell it to stop in good order, without waiting."""
        if self.is_running():
            self.process.terminate()

    def stop(self) -> None:
        """Stop it in good order, and wait; kill it if that takes too long."""
        self.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_PATIENCE)
        self.kill()

    def kill(self) -> None:
        """kill -9, also what it has started itself, and wait."""
        if self.is_running():
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(_PATIENCE)
        self._sweep()

    def remove(self) -> None:
        """Kill it, and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _sweep(self) -> None:
        """End what a dead process has left behind, as nginx's workers; once, as ids come again."""
        if not self._is_swept:
            self._is_swept = True
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


def program(name: str, package: str) -> str:
    """Where a program is.

    :param package: the Debian package that has it.
    :raises NotStarted: it is not installed.
    """
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin:/sbin")
    if not found:
        raise NotStarted(f"{name} is missing; on Debian and Ubuntu: apt-get install {package}")
    return found


def free_port() -> int:
    """A port of the loopback interface that nothing listens on.

    It is none of those that systems give to outgoing connections, one of which could have it
    before it is used.
    """
    while True:
        port = random.choice(_PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def is_open(port: int) -> bool:
    """Whether something listens on a port of the loopback interface."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
