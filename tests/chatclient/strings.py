"""Connections to nowhere."""

from __future__ import annotations

from typing import Any

from twisted.internet.testing import StringTransportWithDisconnection


def string_transport(protocol: Any) -> Any:
    """A transport that keeps what ``protocol``, now connected to it, writes."""
    transport: Any = StringTransportWithDisconnection()
    transport.protocol = protocol
    protocol.makeConnection(transport)
    return transport
