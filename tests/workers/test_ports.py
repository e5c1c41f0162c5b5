"""Ports that several processes open, and trials of ports."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase, TestCase

from chatserver.ports import SharedPorts, TrialPorts, moved
from cluster.process import free_port
from tests.support.waiting import until

reactor: Any = _reactor
_HERE = "127.0.0.1"


class _Counting(Factory):
    """Counts its connections."""

    noisy = False

    def __init__(self) -> None:
        self.count = 0

    def buildProtocol(self, addr: object) -> Protocol:
        self.count += 1
        return Protocol()


class MovedTests(SynchronousTestCase):
    def test_only_the_number_changes(self) -> None:
        self.assertEqual(moved("9000", 2), "9002")
        self.assertEqual(moved("tcp:9100:interface=10.0.0.5", 1), "tcp:9101:interface=10.0.0.5")
        self.assertEqual(moved("ssl:1:certKey=2.pem", 9), "ssl:10:certKey=2.pem")


class SharedPortsTests(TestCase):
    def open(self, port: int, interface: str = _HERE) -> tuple[Any, _Counting]:
        factory = _Counting()
        opened = SharedPorts(reactor.adoptStreamPort, reactor.adoptStreamPort).listenTCP(
            port, factory, 200, interface
        )
        self.addCleanup(opened.stopListening)
        return opened, factory

    async def test_connections_are_spread_over_all_who_opened_it(self) -> None:
        port = free_port()
        factories = [self.open(port)[1] for _ in range(2)]
        for _ in range(100):
            self.addCleanup(socket.create_connection((_HERE, port)).close)
        await until(lambda: sum(factory.count for factory in factories) == 100)
        self.assertGreater(min(factory.count for factory in factories), 10)

    async def test_who_closes_it_leaves_all_connections_to_the_others(self) -> None:
        port = free_port()
        (first, _), (_, others) = self.open(port), self.open(port)
        await first.stopListening()
        for _ in range(20):
            self.addCleanup(socket.create_connection((_HERE, port)).close)
        await until(lambda: others.count == 20)

    def test_ipv6(self) -> None:
        opened, _ = self.open(0, "::1")
        self.assertEqual(opened.getHost().host, "::1")

    def test_a_port_of_somebody_who_does_not_share_is_refused(self) -> None:
        with socket.create_server((_HERE, 0)) as taken:
            port = taken.getsockname()[1]
            self.assertRaises(CannotListenError, self.open, port)


class TrialPortsTests(TestCase):
    def setUp(self) -> None:
        self.ports = TrialPorts()
        self.addCleanup(self.ports.close)

    def test_a_free_port_is_free_again_afterwards(self) -> None:
        port = free_port()
        trial = self.ports.listenTCP(port, None, interface=_HERE)
        self.assertEqual(trial.getHost(), IPv4Address("TCP", _HERE, port))
        self.assertRaises(OSError, socket.create_server, (_HERE, port))
        self.ports.close()
        socket.create_server((_HERE, port)).close()

    def test_ipv6(self) -> None:
        trial = self.ports.listenSSL(0, None, None, interface="::1")
        host = trial.getHost()
        self.assertIsInstance(host, IPv6Address)
        self.assertEqual(host.host, "::1")

    def test_a_port_that_is_shared_is_in_use_all_the_same(self) -> None:
        """A second server shall not mix its connections with those of the first."""
        port = free_port()
        opened = SharedPorts(reactor.adoptStreamPort, reactor.adoptStreamPort).listenTCP(
            port, _Counting(), interface=_HERE
        )
        self.addCleanup(opened.stopListening)
        problem: Any = self.assertRaises(
            CannotListenError, self.ports.listenTCP, port, None, interface=_HERE
        )
        self.assertEqual(problem.socketError.strerror, "Address already in use")

    def test_one_port_twice_is_found(self) -> None:
        port = self.ports.listenTCP(0, None, interface=_HERE).getHost().port
        self.assertRaises(CannotListenError, self.ports.listenTCP, port, None, interface=_HERE)

    def test_what_is_no_port_is_refused(self) -> None:
        self.assertRaises(CannotListenError, self.ports.listenTCP, 70_000, None)
