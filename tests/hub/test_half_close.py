"""Connections of which one direction is closed."""

from __future__ import annotations

import socket

from twisted.internet.error import ConnectionDone

from tests.hub.cases import HalfCloseable, Hub, Stock, TransportCase, turns, until
from tests.hub.test_closing import Wrong
from tests.hub.test_writing import MEGABYTES


class HalfClose(TransportCase):
    async def test_the_peer_sends_nothing_more_but_reads(self) -> None:
        server, peer = await self.connect(HalfCloseable())
        peer.send(b"all")
        peer.socket.shutdown(socket.SHUT_WR)
        await until(lambda: server.told)
        await turns()
        self.assertEqual((server.data, server.told), (b"all", ["read"]))
        server.transport.write(MEGABYTES)
        server.transport.loseConnection()
        self.assertTrue(await peer.ends() == MEGABYTES)
        self.assertIsInstance(await server.lost, ConnectionDone)

    async def test_a_protocol_that_knows_no_half_is_closed(self) -> None:
        server, peer = await self.connect()
        peer.socket.shutdown(socket.SHUT_WR)
        self.assertIsInstance(await server.lost, ConnectionDone)
        self.assertEqual(await peer.ends(), b"")

    async def test_we_send_nothing_more_but_read(self) -> None:
        server, peer = await self.connect(HalfCloseable())
        server.transport.write(MEGABYTES)
        server.transport.loseWriteConnection()
        await turns()
        self.assertEqual(server.told, [])
        server.transport.write(b"still")
        self.assertTrue(await peer.ends() == MEGABYTES + b"still")
        self.assertEqual(server.told, ["write"])
        server.transport.write(b"ignored")
        peer.send(b"heard")
        await until(lambda: server.data == b"heard")
        server.transport.loseConnection()
        self.assertEqual(server.told, ["write", "lost"])
        self.assertIsInstance(await server.lost, ConnectionDone)

    async def test_a_protocol_that_knows_no_half_may_close_its_own(self) -> None:
        server, peer = await self.connect()
        server.transport.loseWriteConnection()
        await peer.ends()
        peer.send(b"heard")
        await until(lambda: server.data == b"heard")
        peer.socket.close()
        self.assertIsInstance(await server.lost, ConnectionDone)

    async def test_our_direction_and_then_theirs(self) -> None:
        server, peer = await self.connect(HalfCloseable())
        server.transport.loseWriteConnection()
        await peer.ends()
        peer.socket.shutdown(socket.SHUT_WR)
        await until(lambda: server.told == ["write", "read"])
        await turns()
        server.transport.loseConnection()
        self.assertIsInstance(await server.lost, ConnectionDone)

    async def test_their_direction_and_then_ours(self) -> None:
        server, peer = await self.connect(HalfCloseable())
        peer.socket.shutdown(socket.SHUT_WR)
        await until(lambda: server.told == ["read"])
        server.transport.loseWriteConnection()
        await peer.ends()
        await turns()
        self.assertEqual(server.told, ["read", "write"])
        server.transport.loseConnection()
        self.assertIsInstance(await server.lost, ConnectionDone)

    async def test_it_may_close_when_it_hears_of_the_end(self) -> None:
        server = HalfCloseable()
        server.on_end = lambda: server.transport.loseConnection()
        server, peer = await self.connect(server)
        peer.socket.shutdown(socket.SHUT_WR)
        self.assertIsInstance(await server.lost, ConnectionDone)
        self.assertEqual(await peer.ends(), b"")

    async def test_it_may_fail_when_it_hears_of_the_end(self) -> None:
        def fail() -> None:
            raise Wrong

        server = HalfCloseable()
        server.on_end = fail
        server, peer = await self.connect(server)
        peer.socket.shutdown(socket.SHUT_WR)
        self.assertIsInstance(await server.lost, Wrong)
        self.assertEqual(len(self.flushLoggedErrors(Wrong)), 1)

    async def test_a_peer_that_resets_after_the_end_is_lost(self) -> None:
        server, peer = await self.connect(HalfCloseable())
        peer.socket.shutdown(socket.SHUT_WR)
        await until(lambda: server.told)
        peer.reset()
        await turns()
        server.transport.write(MEGABYTES)
        self.assertNotIsInstance(await server.lost, ConnectionDone)


class StockHalfCloseTests(Stock, HalfClose):
    pass


class HubHalfCloseTests(Hub, HalfClose):
    pass


del HalfClose
