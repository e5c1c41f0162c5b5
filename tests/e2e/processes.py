"""Servers as twistd processes on free ports."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cluster.nodes import TWISTD, Node
from cluster.process import free_port

_PATIENCE = 20.0  # seconds


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


class ServerProcess(Node):
    """A server that has just been started, on a free port.

    :param port: where another one was, to take its place.
    """

    def __init__(
        self,
        folder: Path,
        *flags: str,
        port: int | None = None,
        program: Sequence[str] = (TWISTD,),
        **environment: str,
    ) -> None:
        super().__init__(folder, port or free_port(), *flags, program=program, **environment)
        self.launch()
