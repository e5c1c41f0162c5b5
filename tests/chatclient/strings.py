"""Connections to nowhere."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.testing import StringTransportWithDisconnection


def string_transport(protocol: Any) -> Any:
    """A transport that keeps what ``protocol``, now connected to it, writes."""
    transport: Any = StringTransportWithDisconnection()
    transport.protocol = protocol
    protocol.makeConnection(transport)
    return transport


class StringEndpoint:
    """Connects to nothing; keeps the transports.

    It fails with ``problem`` where there is one, and never answers where it ``hangs``.
    """

    def __init__(self) -> None:
        self.transports: list[Any] = []
        self.problem: Exception | None = None
        self.hangs = False
        self.hanging: list[Deferred[Any]] = []

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        if self.problem is not None:
            return fail(self.problem)
        if self.hangs:
            self.hanging.append(Deferred())
            return self.hanging[-1]
        protocol = protocolFactory.buildProtocol(None)
        self.transports.append(string_transport(protocol))
        return succeed(protocol)
