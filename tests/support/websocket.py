"""The client of :mod:`tests.support.wire`, over a WebSocket: Autobahn's own client makes it."""

from __future__ import annotations

import json
from typing import Any

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint

from tests.support.wire import Json, WireClient


class WebSocketClient(WireClient):
    """Sends each message as a text frame of its own."""

    #: Autobahn's protocol.
    websocket: Any
    #: What ended it, as the server told: 1006 where it told nothing.
    status: int | None = None
    #: What to send with the request, before there is a WebSocket.
    early = b""

    def send(self, *messages: Json) -> None:
        for message in messages:
            self.send_text(json.dumps(message, ensure_ascii=False).encode())

    def send_bytes(self, data: bytes) -> None:
        """Send lines, each as a text frame."""
        for line in data.split(b"\n"):
            if line:
                self.send_text(line)

    def send_text(self, text: bytes) -> None:
        """Send a text frame."""
        self.websocket.sendMessage(text, isBinary=False)

    def text_received(self, text: bytes) -> None:
        self.reads.append(text)
        self._frame_received(json.loads(text))

    async def hang_up(self) -> None:
        """Close as the protocol wants it."""
        if not self.is_closed:
            self.websocket.sendClose(1000)
            await self.closed


class _Protocol(WebSocketClientProtocol):
    transport: Any

    def __init__(self, client: WebSocketClient) -> None:
        super().__init__()
        self._client = client
        client.websocket = self
        self.opened: Deferred[None] = Deferred()

    def sendData(self, data: bytes, *args: Any, **fields: Any) -> None:
        early, self._client.early = self._client.early, b""
        if early:
            assert len(early) < 126
            data += bytes([0x81, 0x80 | len(early)]) + b"\0\0\0\0" + early
        super().sendData(data, *args, **fields)

    def onOpen(self) -> None:
        self._client.transport = self.transport
        self.transport.setTcpNoDelay(True)
        self.opened.callback(None)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        assert not isBinary
        self._client.text_received(payload)

    def onClose(self, wasClean: bool, code: Any, reason: Any) -> None:
        self._client.status = code
        if self.opened.called:
            self._client.connectionLost()
        else:
            self.opened.errback(ConnectionError(reason))


class _Factory(WebSocketClientFactory):
    noisy = False

    def __init__(self, client: WebSocketClient, *args: Any, **fields: Any) -> None:
        super().__init__(*args, **fields)
        self._client = client
        # The timers would outlive a test.
        self.setProtocolOptions(
            openHandshakeTimeout=0, closeHandshakeTimeout=0, serverConnectionDropTimeout=0
        )

    def buildProtocol(self, addr: object) -> _Protocol:
        protocol = _Protocol(self._client)
        protocol.factory = self
        return protocol


async def connect(
    reactor: Any,
    port: int,
    source: str = "127.0.0.1",
    *,
    client: WebSocketClient | None = None,
    endpoint: Any = None,
    url: str = "",
    early: bytes = b"",
    **fields: Any,
) -> WebSocketClient:
    """A WebSocket to a server on this machine, from an address of this machine.

    :param client: what to make of it, if not a new one.
    :param endpoint: where to connect instead, in which way ever; ``url`` says what to ask for.
    :param early: a text frame to send with the request, before there is a WebSocket.
    :param fields: of the factory: ``origin``, ``headers``.
    :raises ConnectionError: the server refuses it; the text has the status.
    """
    client = client or WebSocketClient(reactor)
    client.early = early
    factory = _Factory(client, url or f"ws://127.0.0.1:{port}/ws", reactor=reactor, **fields)
    if endpoint is None:
        endpoint = HostnameEndpoint(reactor, "127.0.0.1", port, bindAddress=(source, 0))
    protocol: Any = await endpoint.connect(factory)
    await protocol.opened
    return client
