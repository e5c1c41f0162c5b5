"""Somebody who does what a page says, in a folder of their own and on ports of their own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cluster.process import free_port, is_open
from tests.docs.blocks import ROOT, Command

_PATIENCE = 30.0  # seconds
_PORT = re.compile(r"(?<![\w.])(6000|6002|8080|9000)(?![\w.])")
# What goes on until it is stopped.
_STAYS = re.compile(r"^make run$|\btwistd .*-n |^(\S*/)?chatclient tail|^python3 \w+\.py ")
# What no two runs tell alike.
_VARIES = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?"  # a time
    r"|\b\d+(\.\d+)? (ms|s|min|B|kB|MB)\b"  # an age, a size
    r"|[\w.-]+:\d{4,}\b"  # a node: its host and its process
    r"|\d{8}-\d{6}\b"
    r"|/\S+\.db\b"
    r"|…"
)


class Shell:
    """Runs a page's commands.

    :param folder: where; the program is in ``.venv`` there, as after an install, and so are the
        examples.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ports: dict[str, int] = {}
        self._staying: list[_Staying] = []
        self._kept: list[socket.socket] = []
        (folder / ".venv").symlink_to(sys.prefix)
        for example in (ROOT / "docs" / "examples").glob("*.py"):
            shutil.copy(example, folder)
        ours = ("CHATSERVER_", "CHATCLIENT_", "XDG_", "LC_", "LANG")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
        }

    def port(self, told: str) -> int:
        """What stands for a port that a page names."""
        if told not in self._ports:
            self._ports[told] = free_port()
        return self._ports[told]

    def keep(self, connection: socket.socket) -> socket.socket:
        """Leave a connection open as long as this shell."""
        self._kept.append(connection)
        return connection

    def run(self, command: Command) -> None:
        """Run it to its end; or, if it goes on until it is stopped, until it listens."""
        text = _PORT.sub(lambda found: str(self.port(found[1])), _recipe(command.text))
        if _STAYS.search(command.text):
            self._start(text, command.shown)
            return
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", text],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
            check=False,
        )
        printed = done.stdout.decode()
        assert done.returncode == 0, f"{text}\nended with status {done.returncode}:\n{printed}"
        if command.shown:
            real = printed.splitlines()
            assert is_like(command.shown, real), f"{text}\nprinted:\n{printed}"

    def stop(self) -> None:
        """Stop all that goes on, in good order."""
        for staying in reversed(self._staying):
            staying.stop()

    def close(self) -> None:
        """See that what goes on has printed what the page shows, and stop it in good order."""
        try:
            for staying in self._staying:
                staying.wait(staying.has_shown, "show what the page shows")
            self.stop()
        finally:
            for connection in self._kept:
                connection.close()
            for staying in self._staying:
                staying.kill()

    def _start(self, text: str, shown: list[str]) -> None:
        ports = {int(port) for port in re.findall(r"--(?:port|web) (\d+)", text)}
        for other in self._staying:
            if other.ports & ports:
                other.stop()
        log = self.folder / f"{len(self._staying)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {text.removeprefix('exec ')}"],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        staying = _Staying(process, log, ports, shown)
        self._staying.append(staying)
        staying.wait(lambda: all(is_open(port) for port in ports), "listen")


class _Staying:
    """A process that goes on until it is stopped."""

    def __init__(
        self, process: subprocess.Popen[bytes], log: Path, ports: set[int], shown: list[str]
    ) -> None:
        self.ports = ports
        self._process = process
        self._log = log
        self._shown = shown

    def has_shown(self) -> bool:
        """Whether all that the page shows of it was printed, in that order."""
        printed = iter(self._log.read_text().splitlines())
        return all(any(is_like([line], [real]) for real in printed) for line in self._shown)

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until a condition holds, which it can only while the process lives."""
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            assert self._process.poll() is None, self._tell("ended")
            assert time.monotonic() < deadline, self._tell(f"did not {what}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it in good order, and wait."""
        self._process.terminate()
        self._process.wait(_PATIENCE)
        assert "Traceback" not in self._log.read_text(), self._tell("failed")

    def kill(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def _tell(self, what: str) -> str:
        return f"{self._process.args!r} {what}:\n{self._log.read_text()}"


def is_like(shown: list[str], real: list[str]) -> bool:
    """Whether lines are what the page shows, but for times, sizes and the width of gaps."""
    return len(shown) == len(real) and all(
        re.fullmatch(_pattern(line), " ".join(printed.split()))
        for line, printed in zip(shown, real, strict=True)
    )


def _pattern(shown: str) -> str:
    line = " ".join(shown.split())
    fixed, at = "", 0
    for found in _VARIES.finditer(line):
        fixed += re.escape(line[at : found.start()]) + ".+"
        at = found.end()
    return fixed + re.escape(line[at:])


def _recipe(text: str) -> str:
    """What make would run, as it would install the program first."""
    if text != "make run":
        return text
    dry = ["make", "--dry-run", "--always-make", "--no-print-directory", "run"]
    done = subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]
