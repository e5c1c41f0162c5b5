"""Connections that say nothing, or next to nothing: plain sockets, as many as there may be."""

from __future__ import annotations

import socket
from contextlib import suppress


class Silent:
    """Sockets that are connected to a port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.sockets: list[socket.socket] = []

    def connect(self, count: int) -> None:
        """Open more."""
        for _ in range(count):
            connected = socket.create_connection(("127.0.0.1", self._port), 30)
            connected.setblocking(False)
            self.sockets.append(connected)

    def send(self, data: bytes) -> None:
        """Send the same on each that takes it."""
        for one in self.sockets:
            with suppress(OSError):
                one.send(data)

    def open(self) -> int:
        """How many the server has not closed."""
        return sum(not _is_closed(one) for one in self.sockets)

    def close(self) -> None:
        """Close all."""
        for one in self.sockets:
            one.close()
        self.sockets.clear()


def _is_closed(one: socket.socket) -> bool:
    try:
        while data := one.recv(65_536):
            del data
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
