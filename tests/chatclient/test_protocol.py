"""The protocol on a transport of strings and a clock."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from chatclient import BadFrame, ChatClientProtocol, Event, ReplyTimeout
from chatserver.errors import BY_ERRNO, ChatError, Malformed, NoSuchUser, TooMany
from chatserver.wire.frames import (
    Goodbye,
    GroupChatPush,
    LoginAck,
    OneChatPush,
    PresencePush,
    RegisterAck,
    Reply,
    ServerPong,
    SignalPush,
)
from chatserver.wire.requests import AddFriend, Login, OneChat, Ping, Register, Signal
from tests.chatclient.fake_server import login_ack, push
from tests.chatclient.strings import string_transport


class ProtocolTests(TestCase):
    """Requests, answers, events and ends."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.events: list[Event] = []
        self.ends: list[Failure] = []
        self.protocol = ChatClientProtocol(
            self.clock, self.events.append, self.ends.append, reply_timeout=15.0
        )
        self.transport = string_transport(self.protocol)

    def sent(self) -> list[dict[str, Any]]:
        """What the protocol has written since the last look."""
        lines = self.transport.value().split(b"\n")
        self.transport.clear()
        self.assertEqual(lines.pop(), b"")
        return [json.loads(line) for line in lines]

    def receive(self, **frame: Any) -> None:
        self.protocol.dataReceived(json.dumps(frame).encode() + b"\n")

    def test_request_is_numbered_and_typed(self) -> None:
        answer = self.protocol.request(Login(name="zhang san", password="secret"))
        (request,) = self.sent()
        req = request.pop("req")
        self.assertEqual(request, {"msgid": 1, "name": "zhang san", "password": "secret"})
        self.receive(**login_ack(req=req))
        ack = self.successResultOf(answer)
        self.assertIsInstance(ack, LoginAck)
        self.assertEqual((ack.id, ack.name), (13, "zhang san"))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_the_callers_message_is_left_alone(self) -> None:
        message = AddFriend(friendid=15)
        self.protocol.request(message)
        self.assertEqual(message, AddFriend(friendid=15))

    def test_each_kind_of_request_has_its_answer(self) -> None:
        registered = self.protocol.request(Register(name="x", password="y"))
        added = self.protocol.request(AddFriend(friendid=15))
        pinged = self.protocol.request(Ping(t=1))
        reqs = [request["req"] for request in self.sent()]
        self.assertEqual(len(set(reqs)), 3)
        self.receive(msgid=14, t=1, req=reqs[2])
        self.receive(msgid=11, re=6, req=reqs[1], errno=0)
        self.receive(msgid=4, req=reqs[0], errno=0, id=13)
        self.assertIsInstance(self.successResultOf(pinged), ServerPong)
        self.assertIsInstance(self.successResultOf(added), Reply)
        self.assertIsInstance(self.successResultOf(registered), RegisterAck)

    def test_pipelined_answers_in_any_order(self) -> None:
        answers = [self.protocol.request(OneChat(toid=1, msg=str(n))) for n in range(5)]
        reqs = [request["req"] for request in self.sent()]
        for n in (3, 0, 4, 1, 2):
            self.assertNoResult(answers[n])
            self.receive(msgid=11, re=5, req=reqs[n], errno=0, conv=7, seq=n + 1)
            self.assertEqual(self.successResultOf(answers[n]).seq, n + 1)

    def test_every_errno_has_its_class(self) -> None:
        for errno, kind in BY_ERRNO.items():
            answer = self.protocol.request(AddFriend(friendid=15))
            (request,) = self.sent()
            self.receive(msgid=11, re=6, req=request["req"], errno=errno, errmsg="no")
            error = self.failureResultOf(answer, kind).value
            self.assertEqual(str(error), "no")

    def test_retry_after_and_an_errno_of_the_future(self) -> None:
        first = self.protocol.request(AddFriend(friendid=15))
        second = self.protocol.request(AddFriend(friendid=15))
        reqs = [request["req"] for request in self.sent()]
        self.receive(msgid=11, re=6, req=reqs[0], errno=109, errmsg="slow", retry_after=2.5)
        self.receive(msgid=11, re=6, req=reqs[1], errno=999, errmsg="new")
        self.assertEqual(self.failureResultOf(first, TooMany).value.retry_after, 2.5)
        self.assertIs(self.failureResultOf(second, ChatError).type, ChatError)

    def test_refused_login_and_register(self) -> None:
        first = self.protocol.request(Login(name="x", password="y"))
        second = self.protocol.request(Register(name="x", password="y"))
        reqs = [request["req"] for request in self.sent()]
        self.receive(msgid=2, req=reqs[0], errno=1, errmsg="wrong")
        self.receive(msgid=4, req=reqs[1], errno=1, errmsg="taken")
        for answer, words in ((first, "wrong"), (second, "taken")):
            self.assertEqual(str(self.failureResultOf(answer, BY_ERRNO[1]).value), words)

    def test_a_refused_frame_is_the_oldest_requests(self) -> None:
        self.protocol.request(Ping())
        first = self.protocol.request(OneChat(toid=1, msg="long"))
        second = self.protocol.request(OneChat(toid=1, msg="x"))
        self.receive(msgid=11, errno=100, errmsg="too long")
        self.assertEqual(str(self.failureResultOf(first, Malformed).value), "too long")
        self.assertNoResult(second)

    def test_silence_closes_the_connection(self) -> None:
        first = self.protocol.request(OneChat(toid=1, msg="x"))
        self.clock.advance(10)
        second = self.protocol.request(OneChat(toid=1, msg="y"))
        self.clock.advance(4.9)
        self.assertNoResult(first)
        self.clock.advance(0.1)
        for failure in (self.failureResultOf(first), self.failureResultOf(second), *self.ends):
            self.assertIsInstance(failure.value, ReplyTimeout)
        self.assertEqual(len(self.ends), 1)
        self.assertFalse(self.transport.connected)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertIn("15 seconds", str(self.ends[0].value))

    def test_lost_connection_fails_all(self) -> None:
        answers: list[Deferred[Any]] = [
            self.protocol.request(AddFriend(friendid=1)),
            self.protocol.request(Ping()),
        ]
        reason = Failure(ConnectionLost("cut"))
        self.protocol.connectionLost(reason)
        for answer in answers:
            self.assertIs(self.failureResultOf(answer, ConnectionLost).value, reason.value)
        self.assertEqual([end.value for end in self.ends], [reason.value])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nothing_can_be_sent_afterwards(self) -> None:
        self.transport.loseConnection()
        self.sent()
        self.failureResultOf(self.protocol.request(Ping()), ConnectionDone)
        self.protocol.send_ack(7, 1)
        self.assertEqual(self.sent(), [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_request_made_as_another_fails(self) -> None:
        later: list[Deferred[Any]] = []
        answer = self.protocol.request(Ping())
        answer.addErrback(lambda _: later.append(self.protocol.request(Ping())))
        self.transport.loseConnection()
        self.failureResultOf(later[0], ConnectionDone)

    def test_cancelled_request(self) -> None:
        answer = self.protocol.request(OneChat(toid=1, msg="x"))
        (request,) = self.sent()
        answer.cancel()
        self.failureResultOf(answer, CancelledError)
        self.receive(msgid=11, re=5, req=request["req"], errno=105, errmsg="no")
        self.clock.advance(20)
        self.assertTrue(self.transport.connected)
        self.assertEqual(self.events, [])

    def test_server_ping_is_answered(self) -> None:
        self.receive(msgid=13, t={"a": [1, "ü"]})
        self.receive(msgid=13)
        self.assertEqual(self.sent(), [{"msgid": 14, "t": {"a": [1, "ü"]}}, {"msgid": 14}])
        self.assertEqual(self.events, [])

    def test_events_are_typed_and_in_order(self) -> None:
        self.receive(**push(1, "hello"))
        self.receive(**push(1, "hi", msgid=9, groupid=2))
        self.receive(msgid=16, id=15, state="online")
        self.receive(msgid=18, id=15, toid=13, data={"typing": True})
        self.receive(msgid=17, reason="shutdown", retry_after=5)
        kinds = [type(event) for event in self.events]
        self.assertEqual(kinds, [OneChatPush, GroupChatPush, PresencePush, SignalPush, Goodbye])

    def test_refused_signal_is_an_event(self) -> None:
        self.protocol.send(Signal(toid=99, data=1))
        self.receive(msgid=11, re=18, errno=105, errmsg="no user 99")
        (event,) = self.events
        assert isinstance(event, Reply)
        self.assertEqual((event.re, event.errno), (18, NoSuchUser.errno))

    def test_ack(self) -> None:
        self.protocol.send_ack(7, 3)
        self.assertEqual(self.sent(), [{"msgid": 12, "conv": 7, "seq": 3}])

    def test_unknown_msgid_is_ignored(self) -> None:
        self.receive(msgid=77, reason={"new": []})
        self.receive(msgid=16, id=15, state="offline", since="yesterday")
        self.assertEqual(len(self.events), 1)
        self.assertTrue(self.transport.connected)

    def test_garbage_closes(self) -> None:
        for line in (
            b"hello",
            b"[]",
            b"\xff",
            b"{}",
            b'{"msgid":"5"}',
            b'{"msgid":5}',
            b'{"msgid":5,"x":' + b"[" * 9000 + b"]" * 9000 + b"}",
        ):
            self.setUp()
            answer = self.protocol.request(Ping())
            self.protocol.dataReceived(line + b"\n" + json.dumps(push(1, "x")).encode() + b"\n")
            self.failureResultOf(answer, BadFrame)
            self.assertIsInstance(self.ends[0].value, BadFrame)
            self.assertEqual(self.events, [])

    def test_an_answer_of_the_wrong_kind_closes(self) -> None:
        answer = self.protocol.request(Login(name="x", password="y"))
        (request,) = self.sent()
        self.receive(msgid=11, re=1, req=request["req"], errno=0)
        self.failureResultOf(answer, BadFrame)
        self.assertFalse(self.transport.connected)

    def test_huge_line_in_pieces(self) -> None:
        line = json.dumps(push(1, "好" * 3_000_000), ensure_ascii=False).encode() + b"\n"
        for start in range(0, len(line), 65536):
            self.protocol.dataReceived(line[start : start + 65536])
        (event,) = self.events
        assert isinstance(event, OneChatPush)
        self.assertEqual(len(event.msg), 3_000_000)

    def test_many_frames_in_one_read_and_one_in_many(self) -> None:
        data = b"".join(json.dumps(push(n, "x")).encode() + b"\n" for n in range(1, 4))
        self.protocol.dataReceived(data)
        for byte in data:
            self.protocol.dataReceived(bytes([byte]))
        self.assertEqual(len(self.events), 6)

    def test_a_listener_that_fails_is_logged(self) -> None:
        def fail(event: Event) -> None:
            raise ZeroDivisionError

        self.protocol = ChatClientProtocol(self.clock, fail, self.ends.append)
        self.transport = string_transport(self.protocol)
        self.receive(**push(1, "x"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertTrue(self.transport.connected)
