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
        opened: Any = Port(port, factory, backlog, interface, self._reactor)
        opened.transport = self._transport
        opened.startListening()
        return opened  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def _transport(
        self, connection: socket.socket, protocol: Any, client: tuple[Any, ...], *_: object
    ) -> HubTransport:
        return HubTransport(self._hub, connection, client, protocol)
