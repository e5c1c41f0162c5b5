"""Starting, watching and stopping twistd processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

TWISTD = str(Path(sys.executable).with_name("twistd"))
_PATIENCE = 20.0  # seconds


def free_port() -> int:
    """A port of the loopback interface that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def run_to_its_end(folder: Path, *flags: str, **environment: str) -> tuple[int, str]:
    """Run a server that must not come up: its exit status and all that it printed."""
    done = subprocess.run(
        [TWISTD, "--pidfile=", "-n", "chatserver", *flags],
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_PATIENCE,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


class ServerProcess:
    """A server in a process of its own, on a port of the loopback interface."""

    def __init__(self, folder: Path, *flags: str, **environment: str) -> None:
        self.port = free_port()
        self.folder = folder
        self._log = folder / f"log-{self.port}"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    TWISTD,
                    "--pidfile=",
                    "-n",
                    "chatserver",
                    "--port",
                    f"tcp:{self.port}:interface=127.0.0.1",
                    *flags,
                ],
                cwd=folder,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> str:
        """What the server has logged."""
        return self._log.read_text()

    def wait_until_up(self) -> None:
        """Return when the port is open."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended:\n{self.log}"
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"the server did not come up:\n{self.log}")

    def stop(self) -> None:
        """Stop in good order, and wait."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(_PATIENCE)

    def kill(self) -> None:
        """kill -9, and wait."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(_PATIENCE)
