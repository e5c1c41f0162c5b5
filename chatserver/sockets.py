"""The socket of a client's connection, and what is set on it."""

from __future__ import annotations

import socket
from typing import Any

from twisted.protocols.tls import TLSMemoryBIOProtocol

#: How many connections may wait to be accepted.
BACKLOG = 4096
_PROBES = 3


def below_tls(transport: Any) -> Any:
    """TLS turns what is written into other bytes; the socket below it knows what is out."""
    return transport.transport if isinstance(transport, TLSMemoryBIOProtocol) else transport


def tune(handle: socket.socket, seconds: float) -> None:
    """Send without delay; find a peer that is gone within ``seconds``, idle or not.

    Set on a port, Linux gives it to all its connections. Sockets of other kinds stay as they are.
    """
    try:
        if handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY):
            return  # it has all of it from its port
    except OSError:
        return  # no TCP
    handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {
        "TCP_KEEPIDLE": max(1, int(seconds * 0.4)),
        "TCP_KEEPINTVL": max(1, int(seconds * 0.2)),
        "TCP_KEEPCNT": _PROBES,
        "TCP_USER_TIMEOUT": int(seconds * 1000),
    }
    for name, value in options.items():
        if hasattr(socket, name):
            handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
