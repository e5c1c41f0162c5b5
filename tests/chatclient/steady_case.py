"""A steady client on transports of strings and a clock, and its server's side by hand."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from chatclient import Credentials, Event, Offline, Sent, State, SteadyClient
from chatclient.steady.pauses import Pauses
from chatserver.wire.frames import OneChatPush
from tests.chatclient.fake_server import TIME, login_ack
from tests.chatclient.strings import StringEndpoint

Fields = dict[str, Any]
PASSWORD = Credentials(userid=13, password="secret")


class SteadyCase(TestCase):
    """One client, ``self.client``; pauses are as long as they may be."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.endpoint = StringEndpoint()
        self.events: list[Event] = []
        self.states: list[State] = []
        self.make()

    def make(self, credentials: Credentials = PASSWORD, **options: Any) -> None:
        """Another client, before its start."""
        given: Fields = {
            "device": "d",
            "on_event": self.events.append,
            "on_state": self.states.append,
            "pauses": Pauses(1.0, 60.0, lambda: 1.0),
        }
        endpoint = options.pop("endpoints", self.endpoint)
        self.client = SteadyClient(self.clock, endpoint, credentials, **{**given, **options})

    @property
    def transport(self) -> Any:
        return self.endpoint.transports[-1]

    def requests(self) -> list[Fields]:
        """What came from the client since the last call, on the newest connection."""
        lines = self.transport.value().split(b"\n")
        self.transport.clear()
        return [json.loads(line) for line in lines[:-1]]

    def receive(self, **frame: Any) -> None:
        self.transport.protocol.dataReceived(json.dumps(frame).encode() + b"\n")

    def answer(self, request: Fields, **fields: Any) -> None:
        """Answer a request with a REPLY."""
        head = {"msgid": 11, "re": request["msgid"], "req": request["req"], "errno": 0}
        self.receive(**{**head, **fields})

    def stored(self, request: Fields, seq: int = 1, **fields: Any) -> None:
        """Answer a chat: it is stored."""
        self.answer(request, conv=7, seq=seq, time=TIME, **fields)

    def answer_login(self, **fields: Any) -> Fields:
        """Answer the login that is the one thing that came; the request."""
        (request,) = self.requests()
        self.assertEqual(request["msgid"], 1)
        self.answer(request, **{**login_ack(), **fields})
        return request

    def refuse_login(self, errno: int, **fields: Any) -> Fields:
        (request,) = self.requests()
        self.answer(request, msgid=2, errno=errno, errmsg="no", **fields)
        return request

    def log_in(self, **fields: Any) -> None:
        self.client.start()
        self.answer_login(**fields)

    def lose(self) -> None:
        self.transport.loseConnection()

    def come_back(self) -> None:
        """Wait out the pause, and log in again."""
        self.clock.advance(self.offline().pause)
        self.answer_login()

    def lose_and_come_back(self) -> None:
        self.lose()
        self.come_back()

    def offline(self) -> Offline:
        """The state, which is this."""
        assert isinstance(self.client.state, Offline), self.client.state
        return self.client.state

    def stop(self) -> None:
        stopping = self.client.stop()
        self.clock.advance(0)
        self.successResultOf(stopping)

    def seqs(self) -> list[int]:
        """Of the messages handed over, in order."""
        return [event.seq for event in self.events if isinstance(event, OneChatPush)]

    def result(self, sending: Deferred[Sent]) -> Sent:
        return self.successResultOf(sending)
