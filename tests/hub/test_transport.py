"""What a transport tells about its connection."""

from __future__ import annotations

import socket

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IConsumer, IPushProducer, ISystemHandle, ITCPTransport
from zope.interface.verify import verifyObject

from chatserver.hub.transport import address
from tests.hub.cases import Hub, Stock, TransportCase, turns


class Telling(TransportCase):
    async def test_it_is_what_twisted_calls_so(self) -> None:
        server, _ = await self.connect()
        for interface in (ITCPTransport, IConsumer, IPushProducer, ISystemHandle):
            verifyObject(interface, server.transport)

    async def test_addresses(self) -> None:
        server, peer = await self.connect()
        host, port = peer.socket.getsockname()
        self.assertEqual(server.transport.getPeer(), IPv4Address("TCP", host, port))
        self.assertEqual(server.transport.getHost(), self.port.getHost())
        peer.socket.close()
        await server.lost
        await turns()
        self.assertEqual(server.transport.getPeer(), IPv4Address("TCP", host, port))

    async def test_options(self) -> None:
        server, _ = await self.connect()
        transport = server.transport
        for enabled in (True, False):
            transport.setTcpNoDelay(enabled)
            transport.setTcpKeepAlive(enabled)
            self.assertIs(transport.getTcpNoDelay(), enabled)
            self.assertIs(transport.getTcpKeepAlive(), enabled)
        transport.setTcpKeepAlive(True)
        handle = transport.getHandle()
        self.assertEqual(handle.family, socket.AF_INET)
        self.assertEqual(handle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 1)


class TellingOnIPv6(TransportCase):
    interface = "::1"

    async def test_addresses(self) -> None:
        server, peer = await self.connect()
        host, port, *_ = peer.socket.getsockname()
        self.assertEqual(server.transport.getPeer(), IPv6Address("TCP", host, port))
        self.assertEqual(server.transport.getHost(), self.port.getHost())


class StockTellingTests(Stock, Telling):
    pass


class HubTellingTests(Hub, Telling):
    def test_scopes(self) -> None:
        name = socket.if_indextoname(1)
        found = address(("fe80::1", 6000, 0, 1))
        self.assertEqual(found, IPv6Address("TCP", f"fe80::1%{name}", 6000, 0, 1))


class StockTellingOnIPv6Tests(Stock, TellingOnIPv6):
    pass


class HubTellingOnIPv6Tests(Hub, TellingOnIPv6):
    pass


del Telling, TellingOnIPv6
