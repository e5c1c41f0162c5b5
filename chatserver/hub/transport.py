"""A connection in the hub, as its protocol sees it."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from errno import ENOBUFS
from select import EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IConsumer,
    IHalfCloseableProtocol,
    IPushProducer,
    ISystemHandle,
    ITCPTransport,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from chatserver.hub.hub import Hub

_READ_SIZE = 16384  # bytes that a connection may bring before others have their turn
_BUFFER_SIZE = 65536  # unsent bytes at which a streaming producer has to pause
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # of SO_LINGER

_done = Failure(ConnectionDone())
_lost = Failure(ConnectionLost())
_log = Logger()


@implementer(ITCPTransport, IConsumer, IPushProducer, ISystemHandle)
class HubTransport:
    """Does what Twisted's own transport of an accepted TCP connection does.

    :param client: the socket's peer, as accept() told it.
    """

    __slots__ = (
        "_client",
        "_events",
        "_hub",
        "_is_flushing",
        "_is_open",
        "_is_paused",
        "_is_producer_paused",
        "_is_streaming",
        "_is_write_closed",
        "_is_write_closing",
        "_producer",
        "_size",
        "_socket",
        "_unsent",
        "connected",
        "disconnecting",
        "protocol",
    )

    def __init__(
        self, hub: Hub, connection: socket.socket, client: tuple[Any, ...], protocol: Any
    ) -> None:
        self.protocol = protocol
        self.connected = True
        self.disconnecting = False
        self._hub = hub
        self._socket = connection
        self._client = client
        self._is_open = True  # until it is closed or aborted
        self._is_paused = False
        self._is_write_closing = False
        self._is_write_closed = False
        self._unsent: list[bytes | memoryview] | None = None
        self._size = 0  # of what is unsent, while a producer streams
        self._is_flushing = False  # soon, or when the socket has room
        self._producer: Any = None
        self._is_streaming = False
        self._is_producer_paused = False
        self._events = EPOLLIN
        connection.setblocking(False)
        hub.add(self, connection.fileno(), EPOLLIN)

    @property
    def disconnected(self) -> bool:
        return not self.connected

    def write(self, data: bytes) -> None:
        if not isinstance(data, bytes):
            raise TypeError("Data must be bytes")
        if not (data and self._is_open) or self._is_write_closed:
            return
        if self._unsent is None:
            self._unsent = [data]
        else:
            self._unsent.append(data)
        if not self._is_flushing:
            self._is_flushing = True
            self._hub.flush_later(self)
        if self._is_streaming:
            self._size += len(data)
            self._pause_producer()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def flush(self) -> None:
        """Send what was written, as far as the socket takes it; then do what was to follow."""
        if not self._is_open:
            return
        unsent = self._unsent
        if unsent is not None:
            data = unsent[0] if len(unsent) == 1 else _joined(unsent)
            try:
                sent = self._socket.send(data)
            except OSError as problem:
                if not isinstance(problem, BlockingIOError) and problem.errno != ENOBUFS:
                    self.lose(_lost)
                    return
                sent = 0
            if sent != len(data) or len(unsent) > 1:
                self._keep(unsent, sent)
                return
            self._unsent = None
            self._size = 0
        self._is_flushing = False
        if self._events & EPOLLOUT:
            self._wait_for(self._events & ~EPOLLOUT)
        producer = self._producer
        if producer is not None and (self._is_producer_paused or not self._is_streaming):
            self._is_producer_paused = False
            producer.resumeProducing()
        elif self.disconnecting:
            self.lose(_done)
        elif self._is_write_closing and not self._is_write_closed:
            self._close_write()

    def _keep(self, unsent: list[bytes | memoryview], sent: int) -> None:
        """Send the rest when there is room: of its first part so many bytes are sent."""
        if sent == len(unsent[0]):
            del unsent[0]
        else:
            unsent[0] = memoryview(unsent[0])[sent:]
        if self._is_streaming:
            self._size = sum(map(len, unsent))
        self._wait_for(self._events | EPOLLOUT)

    def loseConnection(self) -> None:
        if not self.connected or self.disconnecting:
            return
        if self._is_write_closed:
            self.lose(_done)
        else:
            self.disconnecting = self._is_paused = True
            self._flush_later()

    def loseWriteConnection(self) -> None:
        self._is_write_closing = True
        self._flush_later()

    def abortConnection(self) -> None:
        if self._is_open:
            self._is_open = False
            self._wait_for(0)
            self._hub.reactor.callLater(0, self.lose, Failure(ConnectionAborted()))

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if self._producer is not None:
            raise RuntimeError(
                f"Cannot register producer {producer}, because producer {self._producer} was "
                "never unregistered."
            )
        if not self.connected:
            producer.stopProducing()
            return
        self._producer = producer
        self._is_streaming = streaming
        if streaming:
            self._size = sum(map(len, self._unsent or ()))
        else:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        self._producer = None
        self._is_streaming = self._is_producer_paused = False
        if self.connected and self.disconnecting:
            self._flush_later()

    def pauseProducing(self) -> None:
        # Most are resumed before anything comes, so the hub need not be told.
        self._is_paused = True

    def resumeProducing(self) -> None:
        if self._is_open and not self.disconnecting:
            self._is_paused = False
            self._wait_for(self._events | EPOLLIN)

    def stopProducing(self) -> None:
        self.loseConnection()

    def getPeer(self) -> IPv4Address | IPv6Address:
        return address(self._client)

    def getHost(self) -> IPv4Address | IPv6Address:
        return address(self._socket.getsockname())

    def getHandle(self) -> socket.socket:
        return self._socket

    def getTcpNoDelay(self) -> bool:
        return bool(self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    def setTcpNoDelay(self, enabled: bool) -> None:
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, enabled)

    def getTcpKeepAlive(self) -> bool:
        return bool(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))

    def setTcpKeepAlive(self, enabled: bool) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, enabled)

    def serve(self, events: int) -> None:
        """Do what the socket is ready for."""
        if not self._is_open:
            return
        if self._is_paused:
            if events & EPOLLIN:
                self._wait_for(self._events & ~EPOLLIN)
            elif events & (EPOLLERR | EPOLLHUP):
                self.lose(_lost)
        elif events & ~EPOLLOUT:
            try:
                data = self._socket.recv(_READ_SIZE)
            except BlockingIOError:
                pass
            except OSError:
                self.lose(_lost)
            else:
                if data:
                    self.protocol.dataReceived(data)
                else:
                    self._end_of_reading()
        if events & EPOLLOUT:
            self.flush()

    def fail(self) -> None:
        """Log the exception that is being handled, and close."""
        reason = Failure()
        _log.failure("a connection is closed, as its protocol has failed", reason)
        self.lose(reason)

    def lose(self, reason: Failure) -> None:
        """Close at once, and tell the protocol why."""
        if not self.connected:
            return
        self.connected = self._is_open = False
        self._unsent = None
        self._hub.remove(self._socket.fileno(), self._events)
        if isinstance(reason.value, ConnectionAborted):
            with suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        self._socket.close()
        producer, self._producer = self._producer, None
        protocol, self.protocol = self.protocol, None
        if producer is not None:
            _tell(producer.stopProducing)
        _tell(protocol.connectionLost, reason)

    def _end_of_reading(self) -> None:
        """The peer sends nothing more."""
        protocol = IHalfCloseableProtocol(self.protocol, None)
        if protocol is None:
            self.lose(_done)
        else:
            self._is_paused = True
            self._wait_for(self._events & ~EPOLLIN)
            protocol.readConnectionLost()

    def _close_write(self) -> None:
        self._is_write_closed = True
        with suppress(OSError):  # of a peer that is gone, which reading will tell
            self._socket.shutdown(socket.SHUT_WR)
        protocol = IHalfCloseableProtocol(self.protocol, None)
        if protocol is not None:
            protocol.writeConnectionLost()

    def _pause_producer(self) -> None:
        """Pause a streaming producer if too much is unsent."""
        if self._size > _BUFFER_SIZE:
            self._is_producer_paused = True
            self._producer.pauseProducing()

    def _flush_later(self) -> None:
        if not self._is_flushing:
            self._is_flushing = True
            self._hub.flush_later(self)

    def _wait_for(self, events: int) -> None:
        if events != self._events:
            self._hub.change(self._socket.fileno(), self._events, events)
            self._events = events


def _tell(told: Callable[..., object], *args: object) -> None:
    """Tell of an end, which no exception must prevent."""
    try:
        told(*args)
    except BaseException:
        _log.failure("a protocol has failed when it was told that its connection is closed")


def _joined(unsent: list[bytes | memoryview]) -> bytes | memoryview:
    """The first part of what is unsent, all of it if that may be."""
    first = unsent[0]
    # The rest of what was sent in part goes first and alone: joining would copy it each time.
    if isinstance(first, bytes):
        unsent[:] = [first := b"".join(unsent)]
    return first


def address(name: tuple[Any, ...]) -> IPv4Address | IPv6Address:
    """An address as Twisted has it, from one as sockets have it."""
    if len(name) == 2:
        return IPv4Address("TCP", *name)
    host, port, flow, scope = name
    if scope:  # of a link-local address, which stands behind a "%"
        host, _ = socket.getnameinfo(name, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
    return IPv6Address("TCP", host, port, flow, scope)
