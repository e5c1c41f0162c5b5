"""Clients that make load and measure it, in one process: cheap, so that they don't limit it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

PASSWORD = "secret"  # noqa: S105
_SAMPLED = 16  # of so many messages, one carries its time
_STAMP = b'"msg":"@'

Json = dict[str, Any]


class Client(Protocol):
    """One connection. Until :meth:`count` is called it hands frames out, then it only counts.

    Replies to sends and pushed messages are recognized by their first bytes.
    """

    transport: Any

    def __init__(self) -> None:
        self._rest = b""
        self._frames: list[Json] = []
        self._waiting: Deferred[Json] | None = None
        self._is_counting = False
        self._on_replies: Callable[[int], None] = _nothing
        self.replies = 0
        self.refusals = 0
        self.pushes = 0
        #: Seconds from sending to arrival, of some of the pushes.
        self.latencies: list[float] = []

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002
        self._on_replies = _nothing

    def send(self, request: Json) -> None:
        self.transport.write(json.dumps(request).encode() + b"\n")

    async def ask(self, request: Json) -> Json:
        """Send a request; the next frame that comes."""
        self.send(request)
        return await self.next()

    async def next(self) -> Json:
        if self._frames:
            return self._frames.pop(0)
        self._waiting = Deferred()
        return await self._waiting

    def count(self, on_replies: Callable[[int], None] | None = None) -> None:
        """From now on, count what comes; ``on_replies`` is told of each bunch of replies."""
        self._is_counting = True
        self._on_replies = on_replies or _nothing

    def reset(self) -> None:
        """Begin to count anew."""
        self.replies = self.refusals = self.pushes = 0
        self.latencies.clear()

    def dataReceived(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._is_counting:
            self._count(lines)
            return
        for line in lines:
            frame = json.loads(line)
            if self._waiting is not None:
                waiting, self._waiting = self._waiting, None
                waiting.callback(frame)
            else:
                self._frames.append(frame)

    def _count(self, lines: Iterable[bytes]) -> None:
        replies = 0
        for line in lines:
            if line.startswith(b'{"msgid":11,'):
                replies += 1
                self.refusals += b'"errno":0' not in line[:80]
            elif line.startswith((b'{"msgid":5,', b'{"msgid":9,', b'{"msgid":18,')):
                self.pushes += 1
                at = line.find(_STAMP)
                if at >= 0:
                    sent = line[at + len(_STAMP) : line.index(b'"', at + len(_STAMP))]
                    self.latencies.append(time.time() - float(sent))
        self.replies += replies
        if replies:
            self._on_replies(replies)


class Sender:
    """Keeps so many sends of a client unanswered, until stopped.

    :param request: the frame to send, its text apart.
    """

    def __init__(self, client: Client, request: Json, window: int) -> None:
        self._client = client
        self._window = window
        self._head = json.dumps(request, separators=(",", ":")).encode()[:-1]
        self._number = 0
        self._is_running = False

    def start(self) -> None:
        self._is_running = True
        self._client.count(self._send)
        self._send(self._window)

    def stop(self) -> None:
        self._is_running = False

    def _send(self, count: int) -> None:
        if self._is_running:
            self._client.transport.write(b"".join(self._frame() for _ in range(count)))

    def _frame(self) -> bytes:
        self._number += 1
        if self._number % _SAMPLED == 1 or self._window == 1:
            return self._head + b',"msg":"@%.6f"}\n' % time.time()
        return self._head + b',"msg":"a text as long as most are, %010d"}\n' % self._number


async def connect(reactor: Any, port: int) -> Client:
    """A client of a server on this machine."""
    client: Client = await connectProtocol(HostnameEndpoint(reactor, "127.0.0.1", port), Client())
    return client


async def log_in(reactor: Any, port: int, account: int) -> Client:
    """A client that is logged in."""
    client = await connect(reactor, port)
    reply = await client.ask({"msgid": 1, "id": account, "password": PASSWORD})
    assert reply["errno"] == 0, reply
    return client


def _nothing(count: int) -> None:
    """Nobody wants to know."""
