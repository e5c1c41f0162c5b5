"""A node: a chat server process."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from cluster.process import Process, is_open

#: The twistd of this environment.
TWISTD = str(Path(sys.executable).with_name("twistd"))


class Node(Process):
    """A chat server on a port of the loopback interface.

    :param flags: more of ``twistd chatserver``'s.
    :param program: what runs as twistd.
    :param environment: settings that shall not show on a command line.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        *flags: str,
        program: Sequence[str] = (TWISTD,),
        **environment: str,
    ) -> None:
        self.port = port
        endpoint = f"tcp:{port}:interface=127.0.0.1"
        # Its port last: when that is open, so are those among the flags.
        command = [*program, "--pidfile=", "-n", "chatserver", *flags, "--port", endpoint]
        super().__init__(f"node {port}", folder, command, environment)

    def is_up(self) -> bool:
        return is_open(self.port)
