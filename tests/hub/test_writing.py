"""What is written arrives, in order and whole, at its own pace."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import deferLater

from tests.hub.cases import Hub, Server, Stock, TransportCase, turns, until
from tests.support.waiting import reactor

MEGABYTES = b"".join(number.to_bytes(4, "big") for number in range(2_500_000))


class Writing(TransportCase):
    async def test_what_is_written_arrives_in_order(self) -> None:
        server, peer = await self.connect()
        server.transport.write(b"one ")
        server.transport.writeSequence([b"two ", b"three "])
        server.transport.write(b"")
        server.transport.writeSequence([])
        server.transport.write(b"four")
        self.assertEqual(await peer.reads(18), b"one two three four")

    async def test_it_can_be_written_at_any_moment(self) -> None:
        server = Server()
        server.on_made = lambda _: server.transport.write(b"made ")
        server.on_data = lambda data: server.transport.write(data)
        server, peer = await self.connect(server)
        peer.send(b"asked ")
        await peer.reads(11)
        await deferLater(reactor, 0, server.transport.write, b"later")
        self.assertEqual(await peer.reads(16), b"made asked later")

    async def test_only_bytes_can_be_written(self) -> None:
        server, _ = await self.connect()
        for wrong in ("text", None, bytearray(b"bytes")):
            self.assertRaises(TypeError, server.transport.write, wrong)
        self.assertRaises(TypeError, server.transport.writeSequence, [b"bytes", "text"])

    async def test_a_slow_reader_gets_all_of_it(self) -> None:
        server, peer = await self.connect()
        server.transport.write(MEGABYTES)
        await turns()
        for number in range(100):
            server.transport.write(b"%d" % number)
            peer.read()
            await turns(1)
        server.transport.write(MEGABYTES)
        last = b"".join(b"%d" % number for number in range(100))
        expected = MEGABYTES + last + MEGABYTES
        server.transport.loseConnection()
        self.assertTrue(await peer.ends() == expected)
        self.assertEqual(server.told, ["lost"])

    async def test_others_are_served_while_one_does_not_read(self) -> None:
        slow, _ = await self.connect()
        slow.transport.write(MEGABYTES)
        server, peer = await self.connect()
        server.on_data = server.transport.write
        for number in range(10):
            peer.send(b"x")
            await peer.reads(number + 1)
        self.assertEqual(slow.told, [])

    async def test_what_a_slow_reader_sends_is_read(self) -> None:
        server, peer = await self.connect()
        server.transport.write(MEGABYTES)
        await turns()
        peer.send(b"hello")
        await until(lambda: server.data == b"hello")

    async def test_nothing_is_written_to_a_lost_connection(self) -> None:
        server, peer = await self.connect()
        peer.socket.close()
        await server.lost
        server.transport.write(b"late")
        server.transport.writeSequence([b"late"])
        server.transport.loseConnection()
        server.transport.abortConnection()
        server.transport.resumeProducing()
        server.transport.pauseProducing()
        await turns()
        self.assertEqual(server.told, ["lost"])

    async def test_answers_to_others_leave_too(self) -> None:
        receiver, reader = await self.connect()
        senders: list[Any] = [await self.connect() for _ in range(20)]
        for server, _ in senders:
            server.on_data = receiver.transport.write
        for _, peer in senders:
            peer.send(b"x")
        self.assertEqual(await reader.reads(20), b"x" * 20)


class StockWritingTests(Stock, Writing):
    pass


class HubWritingTests(Hub, Writing):
    pass


del Writing
