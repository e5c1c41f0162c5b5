"""The socket of a client's connection, and what is set on it."""

from __future__ import annotations

import socket
from typing import Any

from twisted.protocols.tls import TLSMemoryBIOProtocol

_INTERNET = (socket.AF_INET, socket.AF_INET6)


def below_tls(transport: Any) -> Any:
    """TLS turns what is written into other bytes; the socket below it knows what is out."""
    return transport.transport if isinstance(transport, TLSMemoryBIOProtocol) else transport


def tune(transport: Any, seconds: float) -> None:
    """Send without delay; find a peer that is gone within ``seconds``, idle or not."""
    handle: socket.socket = transport.getHandle()
    if handle.family not in _INTERNET:
        return
    transport.setTcpNoDelay(True)
    transport.setTcpKeepAlive(True)
    probes = 3
    options = {
        "TCP_KEEPIDLE": max(1, int(seconds * 0.4)),
        "TCP_KEEPINTVL": max(1, int(seconds * 0.2)),
        "TCP_KEEPCNT": probes,
        "TCP_USER_TIMEOUT": int(seconds * 1000),
    }
    for name, value in options.items():
        if hasattr(socket, name):
            handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
