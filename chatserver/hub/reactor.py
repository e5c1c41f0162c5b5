"""A reactor whose TCP ports belong to a hub."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.tcp import Port

from chatserver.hub.hub import Hub
from chatserver.hub.transport import HubTransport


class HubReactor:
    """A reactor, but for the connections of the TCP ports it opens: they are in a hub."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._hub = Hub(reactor)

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Port:
        """Open a port.

        :raises CannotListenError: it can't be opened.
        """
        return self._start(Port(port, factory, backlog, interface, self._reactor))

    def adoptStreamPort(self, descriptor: int, family: socket.AddressFamily, factory: Any) -> Port:
        """Serve a TCP port that is open; the descriptor stays the caller's."""
        return self._start(
            Port._fromListeningDescriptor(self._reactor, descriptor, family, factory)
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def _start(self, port: Any) -> Port:
        port.transport = self._transport
        port.startListening()
        return port  # type: ignore[no-any-return]

    def _transport(
        self, connection: socket.socket, protocol: Any, client: tuple[Any, ...], *_: object
    ) -> HubTransport:
        return HubTransport(self._hub, connection, client, protocol)
