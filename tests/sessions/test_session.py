"""One connection: what it is told, and when it is closed."""

from __future__ import annotations

import json
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from chatserver.errors import NotLoggedIn
from chatserver.sessions.outbox import CONGESTED
from chatserver.sessions.registry import LocalAccount
from chatserver.sessions.requests import Desk, Turn
from chatserver.sessions.session import Login, Session
from chatserver.settings import Settings
from chatserver.wire.dialects import CLASSIC, LINES, Dialect
from chatserver.wire.frames import Goodbye, PresencePush
from chatserver.wire.requests import AddFriend
from tests.sessions.fakes import FakeConnection, FakeDesk

DEVICE = 7
PRESENCE = PresencePush(id=2, state="online")


class SessionCase(SynchronousTestCase):
    """A session on a connection that only remembers."""

    dialect: Dialect = LINES

    def setUp(self) -> None:
        self.connection = FakeConnection()
        self.clock = Clock()
        self.desk = FakeDesk()
        self.turns = self.desk.turns
        self.noted: list[tuple[int, int, int]] = []
        self.session = self.open()

    def open(self, **settings: Any) -> Session:
        return Session(
            self.connection,
            self.dialect,
            Settings(**settings),
            self.clock,
            cast(Desk, self.desk),
            self._note,
        )

    def log_in(self, *, acks: bool = False, greeted: bool = True) -> Login:
        account = LocalAccount(1, "z")
        login = Login(account, DEVICE, "phone", "holder", self._note, acks=acks)
        login.is_greeted = greeted
        self.session.login = login
        return login

    def put(self, count: int = 1) -> list[Turn]:
        """Take requests."""
        turns = [Turn(self.session, AddFriend(friendid=2)) for _ in range(count)]
        for turn in turns:
            self.session.requests.put(turn)
        return turns

    def drain(self) -> None:
        self.session.outbox.drained()

    def frames(self) -> list[Any]:
        """What was sent, in the lines dialect."""
        return [json.loads(line) for line in self.connection.sent.splitlines()]

    def _note(self, device: int, conversation: int, seq: int) -> None:
        self.noted.append((device, conversation, seq))


class PushTests(SessionCase):
    """Messages, and what it means that they were sent."""

    def test_without_ack_a_message_counts_when_it_has_reached_the_socket(self) -> None:
        self.log_in()
        self.session.push(4, 1, (b"a",), live=True)
        self.session.skip(4, 2)
        self.assertEqual(self.noted, [])
        self.drain()
        self.assertEqual(self.noted, [(DEVICE, 4, 1), (DEVICE, 4, 2)])

    def test_with_ack_it_counts_when_the_client_says_so(self) -> None:
        login = self.log_in(acks=True)
        assert login.acked is not None
        self.session.push(4, 1, (b"a",), live=True)
        self.session.push(4, 2, (b"b",), live=True)
        self.drain()
        self.assertEqual(self.noted, [])
        login.acked.acknowledged(4, 1)
        self.assertEqual(self.noted, [(DEVICE, 4, 1)])
        self.session.skip(4, 3)
        login.acked.acknowledged(4, 2)
        self.assertEqual(self.noted, [(DEVICE, 4, 1), (DEVICE, 4, 3)])

    def test_what_was_sent_before_the_logout_counts_for_the_device_that_got_it(self) -> None:
        self.log_in()
        self.session.push(4, 1, (b"a",), live=True)
        self.session.login = None
        self.drain()
        self.assertEqual(self.noted, [(DEVICE, 4, 1)])

    def test_nothing_is_pushed_to_nobody(self) -> None:
        self.session.push(4, 1, (b"a",), live=True)
        self.session.skip(4, 2)
        self.session.tell(PRESENCE)
        self.drain()
        self.assertEqual((self.connection.sent, self.noted), (b"", []))

    def test_events_are_told_only_after_the_login_was_answered(self) -> None:
        login = self.log_in(greeted=False)
        self.session.tell(PRESENCE)
        self.assertEqual(self.frames(), [])
        login.is_greeted = True
        self.session.tell(PRESENCE)
        self.assertEqual(self.frames(), [{"msgid": 16, "id": 2, "state": "online"}])

    def test_nobody_logged_in_is_an_error_with_its_errno(self) -> None:
        with self.assertRaises(NotLoggedIn):
            _ = self.session.logged_in
        login = self.log_in()
        self.assertIs(self.session.logged_in, login)

    def test_a_ping(self) -> None:
        self.session.ping()
        self.assertEqual(self.frames(), [{"msgid": 13}])


class ClassicTests(SessionCase):
    """A dialect that has chats only."""

    dialect = CLASSIC

    def test_events_pings_and_goodbyes_are_not_told(self) -> None:
        self.log_in()
        self.session.tell(PRESENCE)
        self.session.ping()
        self.session.goodbye(Goodbye(reason="idle"))
        self.assertEqual(self.connection.writes, [])
        self.assertEqual(self.connection.calls, ["close soon", "close"])

    def test_frames_go_one_by_one_in_the_gap_that_is_set(self) -> None:
        self.session = self.open(classic_gap=0.5)
        self.log_in()
        self.session.push(4, 1, (b"a\0", b"b\0"), live=True)
        self.drain()
        self.clock.advance(0.4)
        self.assertEqual(self.connection.writes, [b"a\0"])
        self.clock.advance(0.1)
        self.assertEqual(self.connection.writes, [b"a\0", b"b\0"])
        self.drain()
        self.assertEqual(self.noted, [(DEVICE, 4, 1)])


class EndTests(SessionCase):
    """Goodbyes, slow clients, lost connections."""

    def test_a_goodbye_says_why_and_closes(self) -> None:
        self.session.goodbye(Goodbye(reason="shutdown", retry_after=1.5))
        self.drain()
        self.assertEqual(self.frames(), [{"msgid": 17, "reason": "shutdown", "retry_after": 1.5}])
        self.assertEqual(self.connection.calls, ["close soon", "close"])

    def test_only_the_first_goodbye_is_said(self) -> None:
        self.session.goodbye(Goodbye(reason="shutdown"))
        self.session.goodbye(Goodbye(reason="idle"))
        self.assertEqual([frame["reason"] for frame in self.frames()], ["shutdown"])

    def test_what_is_in_progress_at_the_goodbye_is_not_answered_behind_it(self) -> None:
        (turn,) = self.put()
        self.session.goodbye(Goodbye(reason="replaced"))
        turn.finish((b"answer",))
        self.drain()
        self.assertEqual([frame["reason"] for frame in self.frames()], ["replaced"])

    def test_requests_that_wait_do_not_begin_after_it(self) -> None:
        first, *_ = self.put(3)
        self.session.goodbye(Goodbye(reason="replaced"))
        first.finish()
        self.assertEqual(self.turns, [first])

    def test_nobody_waits_for_requests_that_will_not_begin(self) -> None:
        self.session.outbox.reply((b"x" * (CONGESTED + 1),))
        self.put()
        idle = self.session.requests.idle()
        self.session.goodbye(Goodbye(reason="replaced"))
        self.assertTrue(idle.called)

    def test_a_client_that_does_not_take_live_pushes_is_slow(self) -> None:
        self.session = self.open(send_queue=100_000)
        self.log_in()
        for seq in range(1, 300):
            self.session.push(4, seq, (b"%1000d\n" % seq,), live=True)
        self.drain()
        self.assertEqual(self.frames()[-1], {"msgid": 17, "reason": "slow", "retry_after": 1.0})
        self.assertEqual(self.connection.calls, ["close soon", "close"])
        self.assertLess(len(self.noted), 100, "what was dropped was not delivered")
        self.assertEqual([seq for _, _, seq in self.noted], list(range(1, len(self.noted) + 1)))

    def test_a_lost_connection_is_told_to_those_who_wait(self) -> None:
        self.session.outbox.reply((b"x" * (CONGESTED + 1),))
        waiting = [self.session.room(), self.session.all_sent(), self.session.gone()]
        self.session.lost()
        self.assertEqual([each.called for each in waiting], [True] * 3)
        self.assertTrue(self.session.is_closing)
        self.session.goodbye(Goodbye(reason="idle"))
        self.assertEqual(self.connection.calls, [])


class RoomTests(SessionCase):
    """Nobody is given more than is taken."""

    def test_there_is_room_until_much_waits(self) -> None:
        self.assertTrue(self.session.room().called)
        self.session.outbox.reply((b"x" * (CONGESTED + 1),))
        waiting = self.session.room()
        self.assertFalse(waiting.called)
        self.drain()
        self.assertTrue(waiting.called)

    def test_all_sent(self) -> None:
        self.assertTrue(self.session.all_sent().called)
        self.session.outbox.reply((b"x" * CONGESTED,))
        self.session.outbox.reply((b"y",))
        waiting = self.session.all_sent()
        self.drain()
        self.assertFalse(waiting.called)
        self.drain()
        self.assertTrue(waiting.called)

    def test_who_waits_again_when_called_is_called_again(self) -> None:
        self.session.outbox.reply((b"x" * (CONGESTED + 1),))
        calls: list[int] = []

        def more(_: object) -> None:
            calls.append(1)
            if len(calls) < 3:
                self.session.outbox.reply((b"x" * (CONGESTED + 1),))
                again: Deferred[None] = self.session.room()
                again.addCallback(more)

        self.session.room().addCallback(more)
        for expected in (1, 2, 3):
            self.drain()
            self.assertEqual(len(calls), expected)

    def test_requests_wait_until_their_answers_have_room(self) -> None:
        self.session.outbox.reply((b"x" * (CONGESTED + 1),))
        turns = self.put(2)
        self.assertEqual(self.turns, [])
        self.drain()
        self.assertEqual(self.turns, turns[:1])

    def test_reading_stops_at_so_many_in_progress(self) -> None:
        self.session = self.open(in_progress=2)
        turns = self.put(2)
        self.assertEqual(self.connection.calls, ["pause"])
        turns[0].finish()
        self.assertEqual(self.connection.calls, ["pause", "resume"])
