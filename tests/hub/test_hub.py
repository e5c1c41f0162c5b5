"""Many connections at once, and what they cost."""

from __future__ import annotations

import select
import socket
from typing import Any

from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from chatserver.hub.hub import Hub
from chatserver.hub.transport import HubTransport
from tests.hub.cases import HalfCloseable, Server, turns, until
from tests.hub.test_closing import Wrong
from tests.hub.test_writing import MEGABYTES
from tests.support.waiting import reactor


class Counting(socket.socket):
    """A socket that counts what is asked of the system."""

    sends = 0
    receives = 0
    #: What was to be sent last.
    last: bytes | memoryview = b""

    def send(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        self.sends += 1
        self.last = data
        return super().send(data)

    def recv(self, *args: Any) -> bytes:
        self.receives += 1
        return super().recv(*args)


class CountingEpoll:
    """An epoll that counts the calls that change it."""

    def __init__(self, epoll: Any) -> None:
        self._epoll = epoll
        self.changes = 0

    def __getattr__(self, name: str) -> Any:
        self.changes += name in ("register", "modify", "unregister")
        return getattr(self._epoll, name)


class SlowReactor:
    """A reactor with a time of its own."""

    def __init__(self) -> None:
        self._now = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(reactor, name)

    def seconds(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds


class HubTests(TestCase):
    def setUp(self) -> None:
        self.hub = Hub(reactor)
        self.servers: list[Server] = []
        self.addCleanup(self._clean_up)

    def connect(self, server: Server | None = None) -> tuple[Any, Counting, socket.socket]:
        """A new connection: its protocol, its socket, and its peer."""
        near, peer = socket.socketpair()
        counted = Counting(fileno=near.detach())
        peer.setblocking(False)
        self.addCleanup(peer.close)
        server = server or Server()
        self.servers.append(server)
        server.makeConnection(HubTransport(self.hub, counted, ("127.0.0.1", 6000), server))
        return server, counted, peer

    async def test_what_is_written_in_one_turn_leaves_at_once(self) -> None:
        receiver, counted, reader = self.connect()
        for _ in range(10):
            server, _, peer = self.connect()
            server.on_data = lambda _: receiver.transport.write(b"x")
            peer.send(b"y")
        calls = reactor.getDelayedCalls()
        self.hub.doRead()
        self.assertEqual(reactor.getDelayedCalls(), calls)
        self.assertEqual(counted.sends, 1)
        self.assertEqual(reader.recv(100), b"x" * 10)

    async def test_what_is_written_at_other_times_leaves_in_the_next_turn(self) -> None:
        connections = [self.connect() for _ in range(10)]
        for server, _, _ in connections:
            for _ in range(3):
                server.transport.write(b"x")
        await turns(1)
        self.assertEqual({counted.sends for _, counted, _ in connections}, {1})
        self.assertEqual({peer.recv(100) for _, _, peer in connections}, {b"xxx"})

    async def test_a_large_rest_is_not_copied_when_more_is_written(self) -> None:
        server, counted, peer = self.connect()
        server.transport.write(MEGABYTES)
        self.hub.flush()
        server.transport.write(b"more")
        while peer.recv(65536):
            self.hub.doRead()
            if counted.sends > 1:
                break
        self.assertIsInstance(counted.last, memoryview)
        self.assertIs(counted.last.obj, MEGABYTES)  # type: ignore[union-attr]

    async def test_messages_change_nothing_in_the_epoll(self) -> None:
        server, _, peer = self.connect()
        epoll = CountingEpoll(self.hub._epoll)
        self.hub._epoll = epoll  # type: ignore[assignment]
        server.on_data = server.transport.write
        for _ in range(10):
            peer.send(b"x")
            server.transport.pauseProducing()
            server.transport.resumeProducing()
            self.hub.doRead()
            self.assertEqual(peer.recv(100), b"x")
        self.assertEqual(epoll.changes, 0)

    async def test_what_is_not_to_be_read_wakes_nobody(self) -> None:
        paused, _, peer = self.connect()
        paused.transport.pauseProducing()
        peer.send(b"x")
        ended, _, ended_peer = self.connect(HalfCloseable())
        ended_peer.shutdown(socket.SHUT_WR)
        self.hub.doRead()
        self.assertEqual(select.select([self.hub], [], [], 0)[0], [])
        self.assertEqual((paused.data, ended.told), (b"", ["read"]))

    async def test_one_that_is_paused_hears_that_its_socket_has_failed(self) -> None:
        server, _, _ = self.connect()
        server.transport.pauseProducing()
        server.transport.serve(select.EPOLLHUP)
        self.assertIsInstance(await server.lost, ConnectionLost)

    async def test_all_are_served_where_more_are_ready_than_one_poll_tells(self) -> None:
        connections = [self.connect() for _ in range(1100)]
        for server, _, peer in connections:
            server.on_data = server.transport.write
            peer.send(b"x")
        await until(lambda: all(server.data for server, _, _ in connections))
        self.assertEqual({peer.recv(100) for _, _, peer in connections}, {b"x"})

    async def test_others_have_their_turn_however_many_are_ready(self) -> None:
        self.hub.reactor = clock = SlowReactor()
        connections = [self.connect() for _ in range(1100)]
        for server, _, peer in connections:
            server.on_data = lambda _: clock.advance(0.001)
            peer.send(b"x" * 100_000)
        self.hub.doRead()
        served = [server.data for server, _, _ in connections if server.data]
        self.assertLess(len(served), 200)
        self.assertEqual({len(data) for data in served}, {16384})
        for _ in range(10):
            self.hub.doRead()
        self.assertTrue(all(server.data for server, _, _ in connections))

    async def test_a_new_connection_does_not_get_the_events_of_the_one_before(self) -> None:
        connections = [self.connect() for _ in range(2)]
        made: list[tuple[Any, Counting, socket.socket]] = []

        def replace(_: bytes) -> None:
            [old] = [server for server, _, _ in connections if not server.data]
            number = old.transport.getHandle().fileno()
            old.transport.loseConnection()
            self.assertEqual(old.told, ["lost"])
            made.append(self.connect())
            self.assertEqual(made[0][1].fileno(), number)

        for server, _, peer in connections:
            server.on_data = replace
            server.transport.loseWriteConnection()
            peer.send(b"x")
        self.hub.flush()
        self.hub.doRead()
        [(newest, counted, newest_peer)] = made
        self.assertEqual(counted.receives, 0)
        newest_peer.send(b"y")
        self.hub.doRead()
        self.assertEqual(newest.data, b"y")

    async def test_who_always_has_more_to_send_leaves_others_their_turn(self) -> None:
        class Endless:
            asked = 0

            def resumeProducing(self) -> None:
                self.asked += 1
                server.transport.write(b"x")

            def stopProducing(self) -> None:
                pass

        server, _, _ = self.connect()
        endless = Endless()
        server.transport.registerProducer(endless, False)
        self.hub.flush()
        self.assertEqual(endless.asked, 2)
        await turns(1)
        self.assertGreater(endless.asked, 2)

    async def test_the_reactor_has_it_only_while_there_are_connections(self) -> None:
        self.assertNotIn(self.hub, reactor.getReaders())
        (one, *_), (other, *_) = self.connect(), self.connect()
        verifyObject(IReadDescriptor, self.hub)
        one.transport.abortConnection()
        await one.lost
        self.assertIn(self.hub, reactor.getReaders())
        other.transport.abortConnection()
        await other.lost
        self.assertNotIn(self.hub, reactor.getReaders())

    async def test_connections_end_with_the_reactor(self) -> None:
        def fail() -> None:
            raise Wrong

        connections = [self.connect() for _ in range(3)]
        for server, _, _ in connections:
            server.on_lost = fail
        self.hub.connectionLost(Failure(ConnectionLost()))
        for server, _, _ in connections:
            self.assertIsInstance(await server.lost, ConnectionLost)
        self.assertEqual(len(self.flushLoggedErrors(Wrong)), 3)
        self.assertNotIn(self.hub, reactor.getReaders())

    async def _clean_up(self) -> None:
        for server in self.servers:
            server.transport.abortConnection()
        await turns()
