"""Who produces is told when to; and the transport itself, which produces for the protocol."""

from __future__ import annotations

import socket
from collections.abc import Callable

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IPullProducer, IPushProducer
from zope.interface import implementer

from tests.hub.cases import HalfCloseable, Hub, Server, Stock, TransportCase, turns, until
from tests.hub.test_closing import Wrong
from tests.hub.test_writing import MEGABYTES


@implementer(IPullProducer, IPushProducer)
class Producer:
    """Remembers what it was told."""

    def __init__(self, resumed: Callable[[], object] = lambda: None) -> None:
        self.told: list[str] = []
        self._resumed = resumed

    def resumeProducing(self) -> None:
        self.told.append("resume")
        self._resumed()

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def stopProducing(self) -> None:
        self.told.append("stop")


class Producers(TransportCase):
    async def test_one_that_is_pulled_is_asked_each_time_all_is_out(self) -> None:
        server, peer = await self.connect()
        producer = Producer()
        server.transport.registerProducer(producer, False)
        self.assertEqual(producer.told, ["resume"])
        await turns()
        self.assertEqual(producer.told, ["resume"])
        for _ in range(10):
            server.transport.write(b"x")
        self.assertEqual(producer.told, ["resume"])
        await peer.reads(10)
        await turns()
        self.assertEqual(producer.told, ["resume"] * 2)
        server.transport.write(MEGABYTES)
        await turns()
        self.assertEqual(producer.told, ["resume"] * 2)
        await peer.reads(10 + len(MEGABYTES))
        await until(lambda: producer.told == ["resume"] * 3)
        server.transport.abortConnection()
        await server.lost
        self.assertEqual(producer.told, ["resume"] * 3 + ["stop"])

    async def test_what_is_produced_when_asked_is_sent(self) -> None:
        def produce() -> None:
            pieces.pop()
            server.transport.write(b"piece")
            if not pieces:
                server.transport.unregisterProducer()

        pieces = [None] * 100
        server, peer = await self.connect()
        server.transport.registerProducer(Producer(produce), False)
        server.transport.loseConnection()
        self.assertEqual(await peer.ends(), b"piece" * 100)
        self.assertIsInstance(await server.lost, ConnectionDone)

    async def test_it_does_not_close_before_who_is_pulled_is_done(self) -> None:
        server, peer = await self.connect()
        server.transport.registerProducer(Producer(), False)
        server.transport.loseConnection()
        await turns(10)
        self.assertEqual(server.told, [])
        server.transport.write(b"the rest")
        server.transport.unregisterProducer()
        self.assertEqual(await peer.ends(), b"the rest")
        self.assertIsInstance(await server.lost, ConnectionDone)

    async def test_it_closes_when_who_is_pulled_has_no_more(self) -> None:
        server, peer = await self.connect()
        server.transport.registerProducer(Producer(), False)
        server.transport.loseConnection()
        await turns()
        server.transport.unregisterProducer()
        self.assertEqual(await peer.ends(), b"")
        self.assertIsInstance(await server.lost, ConnectionDone)

    async def test_half_closing_waits_for_who_is_pulled(self) -> None:
        server, peer = await self.connect(HalfCloseable())
        server.transport.registerProducer(Producer(), False)
        server.transport.loseWriteConnection()
        await turns(10)
        self.assertEqual(server.told, [])
        server.transport.unregisterProducer()
        server.transport.loseWriteConnection()
        await peer.ends()
        self.assertEqual(server.told, ["write"])

    async def test_one_that_pushes_is_paused_while_too_much_is_unsent(self) -> None:
        server, peer = await self.connect()
        producer = Producer()
        server.transport.write(b"x" * 40_000)
        server.transport.registerProducer(producer, True)
        server.transport.write(b"x" * 20_000)
        self.assertEqual(producer.told, [])
        server.transport.write(b"x" * 20_000)
        self.assertEqual(producer.told, ["pause"])
        server.transport.write(MEGABYTES)
        await turns()
        self.assertNotIn("resume", producer.told)
        await peer.reads(80_000 + len(MEGABYTES))
        await until(lambda: producer.told[-1] == "resume")
        server.transport.write(b"x" * 60_000)
        await peer.reads(140_000 + len(MEGABYTES))
        await turns()
        self.assertEqual(producer.told.count("resume"), 1)

    async def test_there_is_one_at_a_time(self) -> None:
        server, _ = await self.connect()
        for streaming in (True, False):
            server.transport.registerProducer(Producer(), streaming)
            with self.assertRaises(RuntimeError):
                server.transport.registerProducer(Producer(), streaming)
            server.transport.unregisterProducer()

    async def test_one_that_comes_too_late_is_stopped(self) -> None:
        server, peer = await self.connect()
        peer.socket.close()
        await server.lost
        await turns()
        producer = Producer()
        server.transport.registerProducer(producer, False)
        server.transport.unregisterProducer()
        self.assertEqual(producer.told, ["stop"])

    async def test_one_that_fails_is_logged_and_its_connection_closed(self) -> None:
        def fail() -> None:
            if server.transport.disconnecting:
                raise Wrong

        server, _ = await self.connect()
        other, other_peer = await self.connect()
        server.transport.registerProducer(Producer(fail), False)
        server.transport.loseConnection()
        other.transport.write(b"y")
        self.assertIsInstance(await server.lost, Wrong)
        self.assertEqual(await other_peer.reads(1), b"y")
        self.assertEqual(len(self.flushLoggedErrors(Wrong)), 1)


class Reading(TransportCase):
    async def test_one_that_is_paused_reads_nothing(self) -> None:
        server, peer = await self.connect()
        server.transport.pauseProducing()
        peer.send(b"one")
        await turns(10)
        self.assertEqual(server.data, b"")
        server.transport.resumeProducing()
        await until(lambda: server.data == b"one")
        server.transport.pauseProducing()
        server.transport.resumeProducing()
        peer.send(b" two")
        await until(lambda: server.data == b"one two")

    async def test_it_may_be_paused_when_it_is_made(self) -> None:
        server = Server()
        server.on_made = lambda server: server.transport.pauseProducing()
        server, peer = await self.connect(server)
        peer.send(b"x")
        await turns(10)
        self.assertEqual(server.data, b"")
        server.transport.resumeProducing()
        await until(lambda: server.data == b"x")

    async def test_it_may_be_paused_by_what_comes(self) -> None:
        server, peer = await self.connect()
        server.on_data = lambda _: server.transport.pauseProducing()
        peer.send(MEGABYTES[:65536])
        await until(lambda: server.data)
        await turns(10)
        size = len(server.data)
        peer.send(b"more")
        await turns(10)
        self.assertEqual(len(server.data), size)
        server.on_data = lambda _: None
        server.transport.resumeProducing()
        await until(lambda: server.data == MEGABYTES[:65536] + b"more")

    async def test_one_that_is_paused_writes(self) -> None:
        server, peer = await self.connect()
        server.transport.pauseProducing()
        peer.send(b"unread")
        await turns()
        server.transport.write(MEGABYTES)
        await peer.reads(len(MEGABYTES))
        self.assertEqual(server.data, b"")
        server.transport.resumeProducing()
        await until(lambda: server.data == b"unread")

    async def test_one_that_is_paused_does_not_hear_of_the_end_before_the_rest(self) -> None:
        server, peer = await self.connect(HalfCloseable())
        server.transport.pauseProducing()
        peer.send(b"the rest")
        peer.socket.shutdown(socket.SHUT_WR)
        await turns(10)
        self.assertEqual((server.data, server.told), (b"", []))
        server.transport.resumeProducing()
        await until(lambda: server.told)
        self.assertEqual((server.data, server.told), (b"the rest", ["read"]))

    async def test_one_that_is_paused_can_be_closed(self) -> None:
        for how in ("loseConnection", "abortConnection", "stopProducing"):
            server, peer = await self.connect()
            server.transport.pauseProducing()
            peer.send(b"unread")
            await turns(10)
            getattr(server.transport, how)()
            await server.lost
            self.assertEqual(server.data, b"")

    async def test_one_after_the_other_gets_its_turn(self) -> None:
        servers = [await self.connect() for _ in range(3)]
        for _, peer in servers:
            peer.socket.send(MEGABYTES)
        await until(lambda: all(server.data for server, _ in servers))
        sizes = []
        for server, _ in servers:
            server.on_data = lambda data: sizes.append(len(data))
        await turns()
        self.assertLessEqual(max(sizes, default=0), 65536)


class StockProducersTests(Stock, Producers):
    pass


class HubProducersTests(Hub, Producers):
    pass


class StockReadingTests(Stock, Reading):
    pass


class HubReadingTests(Hub, Reading):
    pass


del Producers, Reading
