"""A client made of nothing but a socket and JSON, to see what really goes over the wire."""

from __future__ import annotations

import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

PATIENCE = 10.0  # seconds to wait for what must come

Json = dict[str, Any]
_marks = itertools.count(1_000_000)


class Closed(Exception):
    """The server closed the connection before what was waited for came."""


class WireClient(Protocol):
    """Sends bytes, and takes frames apart by their terminator.

    :param terminator: what the server ends its frames with.
    """

    transport: Any

    def __init__(self, reactor: Any, terminator: bytes = b"\n") -> None:
        self._reactor = reactor
        self._terminator = terminator
        self._buffer = b""
        self._waiting: list[tuple[Callable[[Json], bool], Deferred[Json]]] = []
        #: Frames that came and were not asked for yet, oldest first.
        self.frames: list[Json] = []
        #: All frames that ever came.
        self.received: list[Json] = []
        #: All that ever came, as bytes, one item per read of the socket.
        self.reads: list[bytes] = []
        self.is_closed = False
        self.closed: Deferred[None] = Deferred()
        #: Waits until what happened elsewhere has come to the client's node.
        self.news: Callable[[], Awaitable[None]] | None = None

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        self.reads.append(data)
        *frames, self._buffer = (self._buffer + data).split(self._terminator)
        for frame in frames:
            self._frame_received(json.loads(frame))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.is_closed = True
        self.closed.callback(None)
        waiting, self._waiting = self._waiting, []
        for _, deferred in waiting:
            deferred.errback(self._closed())

    def send(self, *messages: Json) -> None:
        """Send messages in one write."""
        text = "".join(json.dumps(message, ensure_ascii=False) + "\n" for message in messages)
        self.transport.write(text.encode())

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.transport.write(data)

    async def next(self, **wanted: Any) -> Json:
        """The first frame, of those not asked for yet, that has all these fields."""

        def matches(frame: Json) -> bool:
            return all(frame.get(name) == value for name, value in wanted.items())

        for at, frame in enumerate(self.frames):
            if matches(frame):
                return self.frames.pop(at)
        if self.is_closed:
            raise self._closed()
        deferred: Deferred[Json] = Deferred()
        self._waiting.append((matches, deferred))
        deferred.addTimeout(PATIENCE, self._reactor)
        return await deferred

    async def ask(self, message: Json) -> Json:
        """Send a request and return its reply."""
        self.send(message)
        match message["msgid"]:
            case 1:
                return await self.next(msgid=2)
            case 3:
                return await self.next(msgid=4)
            case other:
                return await self.next(msgid=11, re=other)

    async def settled(self) -> list[Json]:
        """What came and was not asked for, up to the answer to a PING sent now."""
        if self.news is not None:
            await self.news()
        mark = next(_marks)
        self.send({"msgid": 13, "t": mark})
        await self.next(msgid=14, t=mark)
        return self.frames

    async def sent(self) -> None:
        """Wait until what was given to the socket so far has left in a packet of its own."""
        done: Deferred[None] = Deferred()
        self._reactor.callLater(0, done.callback, None)
        await done

    async def quiet(self, seconds: float = 0.2) -> list[Json]:
        """What is there after a while in which nothing must come."""
        pause: Deferred[None] = Deferred()
        self._reactor.callLater(seconds, pause.callback, None)
        await pause
        return self.frames

    def stop_reading(self) -> None:
        """Leave what comes in the system's buffers, which hold some 4 MiB."""
        self.transport.pauseProducing()

    def read_on(self) -> None:
        """Take what has piled up."""
        self.transport.resumeProducing()

    async def hang_up(self) -> None:
        """Close the connection and wait until it is."""
        if not self.is_closed:
            self.transport.loseConnection()
            await self.closed

    def cut(self) -> None:
        """Let the connection die without a goodbye."""
        if not self.is_closed:
            self.transport.abortConnection()

    def _closed(self) -> Closed:
        return Closed(f"closed; not asked for: {str(self.frames)[-500:]}")

    def _frame_received(self, frame: Json) -> None:
        self.received.append(frame)
        for at, (matches, deferred) in enumerate(self._waiting):
            if matches(frame):
                del self._waiting[at]
                deferred.callback(frame)
                return
        self.frames.append(frame)


async def connect(
    reactor: Any, port: int, terminator: bytes = b"\n", source: str = "127.0.0.1"
) -> WireClient:
    """A connection to a server on this machine, from an address of this machine."""
    client = WireClient(reactor, terminator)
    endpoint = HostnameEndpoint(reactor, "127.0.0.1", port, bindAddress=(source, 0))
    await connectProtocol(endpoint, client)
    return client
