"""How connections end, and what their protocols are told."""

from __future__ import annotations

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost

from tests.hub.cases import Hub, Server, Stock, TransportCase, turns, until
from tests.hub.test_writing import MEGABYTES


class Wrong(Exception):
    """Raised by a protocol."""


class Closing(TransportCase):
    async def test_the_peer_closes(self) -> None:
        server, peer = await self.connect()
        peer.send(b"last words")
        peer.socket.close()
        self.assertIsInstance(await server.lost, ConnectionDone)
        self.assertEqual(server.data, b"last words")
        self.assertFalse(server.transport.connected)
        self.assertTrue(server.transport.disconnected)

    async def test_the_peer_resets(self) -> None:
        server, peer = await self.connect()
        peer.reset()
        self.assertIsInstance(await server.lost, ConnectionLost)

    async def test_the_peer_resets_while_it_is_written_to(self) -> None:
        server, peer = await self.connect()
        server.transport.write(MEGABYTES)
        await turns()
        server.transport.pauseProducing()
        peer.reset()
        self.assertIsInstance(await server.lost, ConnectionLost)

    async def test_what_was_written_is_sent_before_it_closes(self) -> None:
        server, peer = await self.connect()
        server.transport.write(MEGABYTES)
        self.assertFalse(server.transport.disconnecting)
        server.transport.loseConnection()
        server.transport.loseConnection()
        self.assertTrue(server.transport.disconnecting)
        self.assertTrue(server.transport.connected)
        self.assertTrue(await peer.ends() == MEGABYTES)
        self.assertIsInstance(await server.lost, ConnectionDone)

    async def test_one_that_closes_does_not_read(self) -> None:
        server, peer = await self.connect()
        server.transport.write(MEGABYTES)
        server.transport.loseConnection()
        server.transport.resumeProducing()
        peer.send(b"too late")
        await turns(10)
        self.assertEqual((server.data, server.told), (b"", []))

    async def test_one_with_nothing_to_send_closes(self) -> None:
        server, peer = await self.connect()
        server.transport.loseConnection()
        self.assertEqual(server.told, [])
        self.assertEqual(await peer.ends(), b"")
        self.assertIsInstance(await server.lost, ConnectionDone)

    async def test_abort_drops_what_is_unsent_and_resets(self) -> None:
        server, peer = await self.connect()
        server.transport.write(MEGABYTES)
        await turns()
        server.transport.abortConnection()
        server.transport.abortConnection()
        server.transport.write(b"more")
        server.transport.loseConnection()
        self.assertEqual(server.told, [])
        self.assertIsInstance(await server.lost, ConnectionAborted)
        await peer.is_reset()
        self.assertLess(len(peer.data), len(MEGABYTES))

    async def test_nothing_is_received_after_an_abort(self) -> None:
        server, peer = await self.connect()
        peer.send(b"unread")
        server.transport.abortConnection()
        self.assertIsInstance(await server.lost, ConnectionAborted)
        self.assertEqual(server.data, b"")

    async def test_a_protocol_that_fails_is_logged_and_closed(self) -> None:
        def fail(_: bytes) -> None:
            raise Wrong

        server, peer = await self.connect()
        other, other_peer = await self.connect()
        server.on_data = fail
        peer.send(b"x")
        other_peer.send(b"y")
        self.assertIsInstance(await server.lost, Wrong)
        self.assertEqual(len(self.flushLoggedErrors(Wrong)), 1)
        await until(lambda: other.data == b"y")
        self.assertEqual(await peer.ends(), b"")

    async def test_a_protocol_may_fail_at_the_end(self) -> None:
        def fail() -> None:
            raise Wrong

        server, peer = await self.connect()
        other, other_peer = await self.connect()
        server.on_lost = fail
        peer.socket.close()
        await server.lost
        await turns()
        self.assertEqual(len(self.flushLoggedErrors(Wrong)), 1)
        other_peer.send(b"y")
        await until(lambda: other.data == b"y")
        self.assertEqual(server.told, ["lost"])

    async def test_a_protocol_may_fail_twice(self) -> None:
        def fail(*_: object) -> None:
            raise Wrong

        connections = [await self.connect() for _ in range(5)]
        for server, _ in connections[1:]:
            server.on_data, server.on_lost = fail, fail
        for _, peer in connections[1:]:
            peer.send(b"x")
        for server, _ in connections[1:]:
            self.assertIsInstance(await server.lost, Wrong)
        await turns()
        self.assertEqual(len(self.flushLoggedErrors(Wrong)), 8)
        server, peer = connections[0]
        peer.send(b"y")
        await until(lambda: server.data == b"y")
        self.assertEqual(server.told, [])

    async def test_a_protocol_may_close_others_that_are_ready(self) -> None:
        servers = [await self.connect() for _ in range(10)]

        def abort_others(data: bytes) -> None:
            for server, _ in servers:
                if not server.data:
                    server.transport.abortConnection()

        for server, _ in servers:
            server.on_data = abort_others
        for _, peer in servers:
            peer.send(b"x")
        await until(lambda: sum(bool(server.told) for server, _ in servers) == 9)
        self.assertEqual(sum(bool(server.data) for server, _ in servers), 1)

    async def test_a_protocol_may_answer_and_close(self) -> None:
        def answer(data: bytes) -> None:
            server.transport.write(data)
            server.transport.loseConnection()

        server, peer = await self.connect(Server())
        server.on_data = answer
        peer.send(b"only this")
        self.assertEqual(await peer.ends(), b"only this")
        self.assertIsInstance(await server.lost, ConnectionDone)

    async def test_it_may_close_when_it_is_made(self) -> None:
        def close(server: Server) -> None:
            server.transport.write(b"full")
            server.transport.loseConnection()

        server = Server()
        server.on_made = close
        server, peer = await self.connect(server)
        self.assertEqual(await peer.ends(), b"full")
        await server.lost


class StockClosingTests(Stock, Closing):
    pass


class HubClosingTests(Hub, Closing):
    pass


del Closing
