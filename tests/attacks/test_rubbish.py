"""The client library and the terminal's lines, with a server that sends rubbish."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionClosed
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from chatclient.client import ChatClient
from chatclient.errors import BadFrame
from chatclient.protocol import ChatClientProtocol
from chatclient.results import HistoryPage
from chatclient.terminal import render
from chatserver.errors import ChatError
from chatserver.wire.frames import Friend, Goodbye, Group, PresencePush, Reply, SignalPush
from tests.attacks.hostile_server import FRAMES, HostileServer
from tests.support import logs

CONNECTIONS = 3000
#: The requests of RubbishTests.asked, in their order.
_MSGIDS = (1, 3, 5, 6, 7, 8, 15, 13, 10)
_HARMLESS = (ChatError, BadFrame, ConnectionClosed, UnicodeEncodeError)


class _Transport(StringTransport):
    """Tells its protocol of a close, as a real one does."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol: Any = None

    def loseConnection(self) -> None:
        self.abortConnection()

    def abortConnection(self) -> None:
        if not self.disconnected:
            super().abortConnection()
            self.protocol.connectionLost(Failure(ConnectionClosed()))


class _Endpoint:
    """Where every connection is to a server that the test plays."""

    def __init__(self) -> None:
        self.transport = _Transport()

    def connect(self, factory: Any) -> Deferred[Any]:
        protocol = factory.buildProtocol(None)
        self.transport.protocol = protocol
        protocol.makeConnection(self.transport)
        connected: Deferred[Any] = Deferred()
        connected.callback(protocol)
        return connected


def _lines_of_friend(friend: Friend | None) -> list[str]:
    return [] if friend is None else [render.friend(friend)]


def _lines_of_group(group: Group | None) -> list[str]:
    return [] if group is None else list(render.group(group))


def _lines_of_page(page: HistoryPage) -> list[str]:
    return [render.message(one, 1) for one in page.messages]


class RubbishTests(TestCase):
    def setUp(self) -> None:
        self.shown: list[str] = []
        self.ends: list[BaseException] = []

    def show(self, event: Any) -> None:
        """What the terminal client does with it."""
        match event:
            case PresencePush():
                self.shown.append(render.presence(event, "li"))
            case Goodbye():
                self.shown.append(render.goodbye(event))
            case Reply() | SignalPush():
                pass
            case _:
                self.shown.append(render.message(event, 1))

    def asked(self, client: ChatClient) -> Iterator[Deferred[Any]]:
        """One request of each kind, of which the results are shown."""
        show = self.shown.append
        yield (
            client.login(userid=1, password="x")
            .addCallback(render.welcome)
            .addCallback(self.shown.extend)
        )
        yield client.register("me", "x")
        yield client.chat(2, "x").addCallback(render.sent, "2", "x").addCallback(show)
        yield client.add_friend(2).addCallback(_lines_of_friend).addCallback(self.shown.extend)
        yield client.create_group("g")
        yield client.add_group(1).addCallback(_lines_of_group).addCallback(self.shown.extend)
        yield client.history(conv=1).addCallback(_lines_of_page).addCallback(self.shown.extend)
        yield client.ping()
        yield client.logout()

    def attack(self, seed: str) -> None:
        clock, endpoint = Clock(), _Endpoint()
        client = ChatClient(clock, on_event=self.show, on_lost=lambda why: None)
        client.connect(endpoint)
        asked = list(self.asked(client))
        server = HostileServer(seed)
        for _ in range(20):
            if client.connected:
                data = server.frame(_MSGIDS) + server.terminator()
                endpoint.transport.protocol.dataReceived(data)
        clock.advance(100)
        client.close()
        clock.advance(100)
        self.assertFalse(client.connected, seed)
        for answer in asked:
            result = self.successResultOf(answer.addErrback(lambda failure: failure.value))
            if isinstance(result, BaseException):
                self.assertIsInstance(result, _HARMLESS, seed)
                self.ends.append(result)

    def test_no_frame_does_harm(self) -> None:
        told = logs.listen(self, "chatclient")
        for number in range(CONNECTIONS):
            self.attack(f"rubbish {number}")
        self.assertEqual([text for text in told if "listener failed" in text], [])
        self.assertGreater(len(self.shown), CONNECTIONS)
        for line in self.shown:
            self.assertTrue(line.replace("\t", "").isprintable(), repr(line))
        self.assertGreater(sum(isinstance(end, BadFrame) for end in self.ends), CONNECTIONS // 10)

    def test_what_is_no_frame_is_said_to_be_none(self) -> None:
        for rubbish in (
            b"HTTP/1.1 400 Bad Request", b"{}", b"[]", b"\xff", b"220 smtp", b'{"msgid":"5"}',
            b'{"msgid":5}', b'{"msgid":16,"id":2,"state":"away"}', b"[" * 100_000, b"",
            b'{"msgid":13,"t":' + b"[" * 100_000, b'{"msgid":2,"errno":0,"req":1}',
            b'{"msgid":4,"errno":0,"id":1,"req":1}',
        ):  # fmt: skip
            endpoint, lost = _Endpoint(), list[Failure]()
            client = ChatClient(Clock(), on_lost=lost.append)
            client.connect(endpoint)
            login = client.login(userid=1, password="x")
            endpoint.transport.protocol.dataReceived(rubbish + b"\n")
            problem = self.failureResultOf(login, BadFrame).value
            self.assertIn("does not speak this protocol", str(problem), rubbish[:50])
            self.assertEqual([failure.type for failure in lost], [BadFrame])

    def test_frames_of_the_generator_are_valid_before_they_are_spoilt(self) -> None:
        for frame in FRAMES:
            lost: list[Failure] = []
            protocol = ChatClientProtocol(Clock(), lambda event: None, lost.append)
            transport = _Transport()
            transport.protocol = protocol
            protocol.makeConnection(transport)
            protocol.dataReceived(msgspec.json.encode(frame) + b"\n")
            self.assertEqual(lost, [], frame)
