"""WebSockets on a port with TLS of the server's own."""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.ssl import optionsForClientTLS

from tests.server import test_tls
from tests.support import websocket
from tests.support.certificates import HOST
from tests.support.servers import ServerCase, reactor
from tests.support.wire import WireClient


class _Web(ServerCase):
    files: str

    def start(self, **settings: Any) -> None:
        super().start(web=(f"ssl:0:{self.files}",), **settings)


class WssTests(test_tls.TlsTests, _Web):
    """The tests of TLS, over WebSocket."""

    async def connect(self, terminator: bytes = b"\n", source: str = "127.0.0.1") -> WireClient:
        port = int(self.server.web_addresses[0].port)
        tls = optionsForClientTLS(HOST, trustRoot=self.made.authority)
        plain = HostnameEndpoint(reactor, "127.0.0.1", port, bindAddress=(source, 0))
        endpoint = wrapClientTLS(tls, plain)
        url = f"wss://{HOST}:{port}/ws"
        client = await websocket.connect(reactor, port, endpoint=endpoint, url=url)
        self.clients.append(client)
        return client

    async def test_too_long_a_frame_is_answered_before_the_close(self) -> None:
        client: Any = await self.connect()
        client.send_bytes(b"x" * 200_000)
        await client.closed
        self.assertEqual([frame["msgid"] for frame in client.frames], [11, 17])
        self.assertEqual((client.status, client.websocket.wasClean), (1009, True))
