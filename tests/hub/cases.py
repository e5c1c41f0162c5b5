"""Connections on a port of this process, whose other end is a bare socket."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from chatserver.hub.reactor import HubReactor
from tests.support.waiting import reactor

_PATIENCE = 30.0  # seconds
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class Server(Protocol):
    """The end that is tested: remembers what it was told."""

    transport: Any

    def __init__(self) -> None:
        #: What came.
        self.data = b""
        #: What it was told besides, in order.
        self.told: list[str] = []
        #: Fires with the exception that is the reason.
        self.lost: Deferred[BaseException | None] = Deferred()
        self.on_made: Callable[[Server], object] = lambda _: None
        self.on_data: Callable[[bytes], object] = lambda _: None
        self.on_lost: Callable[[], object] = lambda: None

    def connectionMade(self) -> None:
        self.on_made(self)

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        self.on_data(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.told.append("lost")
        self.lost.callback(reason.value)
        self.on_lost()


@implementer(IHalfCloseableProtocol)
class HalfCloseable(Server):
    """One that goes on when one direction is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.on_end: Callable[[], object] = lambda: None

    def readConnectionLost(self) -> None:
        self.told.append("read")
        self.on_end()

    def writeConnectionLost(self) -> None:
        self.told.append("write")


class Peer:
    """The other end."""

    def __init__(self, port: Any) -> None:
        address = port.getHost()
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self.socket = socket.socket(family)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.socket.connect((address.host, address.port))
        self.socket.setblocking(False)
        #: What was read.
        self.data = b""
        self.has_ended = False

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self) -> bool:
        """Read some of what is there; whether anything was.

        :raises ConnectionResetError: it was reset.
        """
        try:
            data = self.socket.recv(200_000)
        except BlockingIOError:
            return False
        self.data += data
        self.has_ended = not data
        return True

    async def reads(self, size: int) -> bytes:
        """Read until so many bytes have come; returns all."""

        def has_come() -> bool:
            while self.read() and not self.has_ended:
                pass
            return len(self.data) >= size

        await until(has_come, f"{size} bytes")
        return self.data

    async def ends(self) -> bytes:
        """Read until the end; returns all."""

        def is_over() -> bool:
            while self.read() and not self.has_ended:
                pass
            return self.has_ended

        await until(is_over, "the end")
        return self.data

    async def is_reset(self) -> None:
        """Wait until it is."""

        def is_reset() -> bool:
            try:
                self.read()
            except ConnectionResetError:
                return True
            assert not self.has_ended
            return False

        await until(is_reset, "a reset")

    def reset(self) -> None:
        """Close without a goodbye."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        self.socket.close()


class TransportCase(TestCase):
    """A test with a port. Two classes derive from each: for Twisted's transport, and the hub's."""

    timeout = 60
    interface = "127.0.0.1"

    def setUp(self) -> None:
        #: The servers that were made, in order.
        self.servers: list[Server] = []
        self._next: list[Server] = []
        factory = Factory()
        factory.noisy = False
        factory.buildProtocol = self._build  # type: ignore[assignment]
        self.port = self.port_reactor().listenTCP(0, factory, interface=self.interface)
        self.addCleanup(self._clean_up)

    def port_reactor(self) -> Any:
        """What opens the port."""
        raise NotImplementedError

    async def connect(self, server: Server | None = None) -> tuple[Any, Peer]:
        """A new connection: the end that is tested, and its peer."""
        before = len(self.servers)
        self._next.append(server or Server())
        peer = Peer(self.port)
        self.addCleanup(peer.socket.close)
        await until(lambda: len(self.servers) > before, "a connection")
        return self.servers[-1], peer

    def _build(self, _: object) -> Server:
        server = self._next.pop(0) if self._next else Server()
        self.servers.append(server)
        return server

    async def _clean_up(self) -> None:
        for server in self.servers:
            server.transport.abortConnection()
        await self.port.stopListening()
        await turns()


class Stock:
    """Twisted's own transport."""

    def port_reactor(self) -> Any:
        return reactor


class Hub:
    """The hub's."""

    def port_reactor(self) -> Any:
        return HubReactor(reactor)


async def until(condition: Callable[[], object], what: str = "it comes true") -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not in {_PATIENCE} s: {what}"
        await deferLater(reactor, 0.001)


async def turns(number: int = 3) -> None:
    """Let the reactor do what it has to."""
    for _ in range(number):
        await deferLater(reactor, 0)
