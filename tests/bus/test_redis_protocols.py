"""The connection that publishes: which reply belongs to what."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from txredisapi import ConnectionError, ResponseError

from chatserver.bus.redis_protocols import Publication


class Transport(StringTransport):
    """Counts writes."""

    writes = 0

    def write(self, data: bytes) -> None:
        self.writes += 1
        super().write(data)


class PublicationTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.refused: list[str] = []
        self.connection: Any = Publication(
            lambda problem: self.refused.append(str(problem)), charset=None, convertNumbers=False
        )
        self.transport = Transport()
        self.connection.makeConnection(self.transport)

    def reply(self, data: bytes) -> None:
        self.connection.dataReceived(data)

    def test_the_commands_are_written_at_once(self) -> None:
        self.connection.send([("a", b"1\r\n2"), ("channel", b"")])
        self.assertEqual(
            self.transport.value(),
            b"*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$4\r\n1\r\n2\r\n"
            b"*3\r\n$7\r\nPUBLISH\r\n$7\r\nchannel\r\n$0\r\n\r\n",
        )
        self.assertEqual(self.transport.writes, 1)

    def test_each_command_gets_its_own_reply(self) -> None:
        first = self.connection.ping()
        self.connection.send([("a", b"1"), ("b", b"2")])
        second = self.connection.ping()
        self.connection.send([("c", b"3")])
        third = self.connection.ping()
        self.reply(b"+1st\r\n:0\r")
        self.assertEqual(self.successResultOf(first), b"1st")
        self.reply(b"\n:5\r\n")
        self.assertNoResult(second)
        self.reply(b"+2nd\r\n:1\r\n")
        self.assertEqual(self.successResultOf(second), b"2nd")
        self.assertNoResult(third)
        self.reply(b"+3rd\r\n")
        self.assertEqual(self.successResultOf(third), b"3rd")
        self.assertEqual(self.refused, [])

    def test_what_is_refused_is_told_and_only_that(self) -> None:
        self.connection.send([("a", b"1"), ("b", b"2"), ("c", b"3")])
        ping = self.connection.ping()
        self.reply(b":1\r\n-NOPERM not there\r\n:1\r\n")
        self.assertEqual(self.refused, ["NOPERM not there"])
        self.reply(b"-ERR no pings\r\n")
        self.failureResultOf(ping, ResponseError)
        self.assertEqual(len(self.refused), 1)

    def test_a_lost_connection_is_told_to_who_waits(self) -> None:
        self.connection.send([("a", b"1")])
        ping = self.connection.ping()
        self.connection.send([("a", b"2")])
        self.connection.connectionLost(Failure(ConnectionDone()))
        self.failureResultOf(ping, ConnectionError)
        self.assertEqual(self.refused, [])

    def test_a_refusal_before_any_command_is_told_to_the_first(self) -> None:
        self.reply(b"-ERR max number of clients reached\r\n")
        problem = self.failureResultOf(self.connection.ping(), ResponseError)
        self.assertIn("max number", str(problem.value))

    def test_a_connection_on_which_too_much_waits_is_given_up(self) -> None:
        data = b"x" * 2**20
        for _ in range(31):
            self.connection.send([("a", data)])
        self.assertFalse(self.transport.disconnected)
        self.connection.send([("a", data)])
        self.assertTrue(self.transport.disconnected)

    def test_what_is_answered_waits_no_longer(self) -> None:
        data = b"x" * 2**20
        for _ in range(10):
            self.connection.send([("a", data)] * 16)
            self.reply(b":0\r\n" * 16)
        self.connection.send([("a", data)] * 31)
        self.reply(b":0\r\n" * 20)  # a part of what was written at once
        self.connection.send([("a", data)] * 20)
        self.assertFalse(self.transport.disconnected)
