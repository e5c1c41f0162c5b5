"""The requests of one connection: in order, sends together, all else alone."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from chatserver.errors import InvalidField
from chatserver.sessions.requests import BYTES_IN_PROGRESS
from chatserver.wire.codec import Rejected
from chatserver.wire.requests import AddFriend, GroupChat, OneChat, Request
from tests.sessions.queue_user import QueueUser
from tests.wire.samples import property_of_some

SEND = OneChat(toid=1, msg="hi")
GROUP_SEND = GroupChat(groupid=1, msg="hi")
OTHER = AddFriend(friendid=1)
BAD_SEND = Rejected(InvalidField("msg is missing"), OneChat, 5)


class OrderTests(SynchronousTestCase):
    """Answers come in the order of the requests."""

    def setUp(self) -> None:
        self.user = QueueUser()

    def test_a_request_begins_at_once(self) -> None:
        (turn,) = self.user.put(OTHER)
        self.assertEqual(self.user.begun, [turn])
        turn.finish((b"a", b"b"))
        self.assertEqual(self.user.answers, [b"a", b"b"])

    def test_one_begins_when_the_one_before_has_ended(self) -> None:
        turns = self.user.put(OTHER, OTHER, OTHER)
        self.assertEqual(self.user.begun, turns[:1])
        turns[0].finish((b"0",))
        self.assertEqual(self.user.begun, turns[:2])
        turns[1].finish()
        self.assertEqual(self.user.begun, turns)

    def test_an_answer_of_no_frames_lets_the_next_begin(self) -> None:
        turns = self.user.put(OTHER, OTHER)
        turns[0].finish()
        turns[1].finish((b"1",))
        self.assertEqual(self.user.answers, [b"1"])

    def test_sends_begin_one_after_the_other_and_wait_together(self) -> None:
        turns = self.user.put(SEND, GROUP_SEND, SEND)
        self.assertEqual(self.user.begun, turns[:1])
        turns[0].release()
        self.assertEqual(self.user.begun, turns[:2])
        turns[1].release()
        self.assertEqual(self.user.begun, turns)

    def test_a_send_that_ends_without_a_place_in_the_log_lets_the_next_begin(self) -> None:
        turns = self.user.put(SEND, SEND)
        turns[0].finish((b"no such user",))
        self.assertEqual(self.user.begun, turns)

    def test_sends_that_end_late_are_answered_in_order(self) -> None:
        turns = self.user.put(SEND, SEND, SEND)
        for turn in turns:
            turn.release()
        turns[2].finish((b"2",))
        turns[1].finish((b"1",))
        self.assertEqual(self.user.answers, [])
        turns[0].finish((b"0",))
        self.assertEqual(self.user.answers, [b"0", b"1", b"2"])

    def test_a_refused_send_is_answered_behind_the_one_before_it(self) -> None:
        turns = self.user.put(SEND, SEND)
        turns[0].release()
        turns[1].finish((b"refused",))
        self.assertEqual(self.user.answers, [])
        turns[0].finish((b"stored",))
        self.assertEqual(self.user.answers, [b"stored", b"refused"])

    def test_any_other_request_waits_for_the_sends_before_it(self) -> None:
        for other in (OTHER, BAD_SEND):
            user = QueueUser()
            turns = user.put(SEND, SEND, other)
            turns[0].release()
            turns[1].release()
            turns[0].finish((b"0",))
            self.assertEqual(user.begun, turns[:2])
            turns[1].finish((b"1",))
            self.assertEqual(user.begun, turns)

    def test_a_send_waits_for_any_other_request_before_it(self) -> None:
        turns = self.user.put(SEND, OTHER, SEND)
        turns[0].release()
        turns[0].finish((b"0",))
        self.assertEqual(self.user.begun, turns[:2])
        turns[1].finish((b"1",))
        self.assertEqual(self.user.begun, turns)

    def test_releasing_what_has_ended_changes_nothing(self) -> None:
        turns = self.user.put(SEND, OTHER, OTHER)
        turns[0].finish((b"0",))
        turns[0].release()
        self.assertEqual(self.user.begun, turns[:2])

    def test_a_request_that_overtakes_is_answered_at_once(self) -> None:
        self.user.put(OTHER, OTHER)
        turn = self.user.turn(OTHER, overtakes=True)
        turn.finish((b"pong",))
        self.assertEqual(self.user.outbox.replies, [(b"pong",)])
        self.assertEqual(self.user.requests.in_progress, 2)

    def test_one_that_began_without_a_place_can_let_others_wait(self) -> None:
        turn = self.user.turn(OTHER, overtakes=True)
        self.user.requests.hold(turn)
        turns = self.user.put(SEND, OTHER)
        self.assertEqual((self.user.begun, self.user.requests.in_progress), ([], 3))
        turn.finish((b"0",))
        self.assertEqual((self.user.begun, self.user.answers), (turns[:1], [b"0"]))

    def test_where_others_are_in_progress_it_is_late_for_that(self) -> None:
        turns = self.user.put(OTHER)
        turn = self.user.turn(OTHER, overtakes=True)
        self.user.requests.hold(turn)
        turn.finish((b"1",))
        turns[0].finish((b"0",))
        self.assertEqual(self.user.answers, [b"1", b"0"])
        self.assertEqual(self.user.requests.in_progress, 0)

    def test_who_wants_quiet_has_it_from_the_beginning_until_behind_the_answer(self) -> None:
        turn = self.user.turn(OTHER, wants_quiet=True)
        self.user.requests.put(turn)
        self.assertEqual(self.user.outbox.calls, ["hush"])
        turn.finish((b"a",))
        self.assertEqual(self.user.outbox.calls, ["hush", "reply", "unhush"])

    @property_of_some
    @given(st.lists(st.sampled_from([SEND, OTHER, BAD_SEND]), max_size=30), st.integers())
    def test_any_mix_is_answered_once_each_and_in_order(
        self, requests: list[Request | Rejected], seed: int
    ) -> None:
        user, chance = QueueUser(), random.Random(seed)
        turns = user.put(*requests)
        while user.requests.in_progress:
            running = [turn for turn in user.begun if turn.frames is None]
            if not all(turn.is_send for turn in running):
                self.assertEqual(len(running), 1, "it runs alone")
            turn = chance.choice(running)
            if turn.is_send and chance.random() < 0.5:
                turn.release()
            else:
                turn.finish((b"%d" % turns.index(turn),))
        self.assertEqual(user.begun, turns)
        self.assertEqual(user.answers, [b"%d" % at for at in range(len(turns))])


class BoundsTests(SynchronousTestCase):
    """So many at once, and no more than there is room for."""

    def test_at_the_limit_reading_pauses_and_goes_on_at_half_of_it(self) -> None:
        user = QueueUser(limit=4)
        turns = user.put(OTHER, OTHER, OTHER)
        self.assertEqual((user.reading, user.requests.is_paused), ([], False))
        turns += user.put(OTHER)
        self.assertEqual((user.reading, user.requests.is_paused), ([False], True))
        turns[0].finish()
        self.assertEqual(user.reading, [False])
        turns[1].finish()
        self.assertEqual((user.reading, user.requests.is_paused), ([False, True], False))

    def test_what_comes_while_reading_is_paused_is_taken_still(self) -> None:
        user = QueueUser(limit=2)
        turns = user.put(*[OTHER] * 5)
        self.assertEqual(user.reading, [False])
        for turn in turns:
            turn.finish()
        self.assertEqual(user.begun, turns)
        self.assertEqual(user.reading, [False, True])

    def test_many_bytes_of_them_pause_the_reading_too(self) -> None:
        user = QueueUser()
        turns = [user.turn(OTHER, size=BYTES_IN_PROGRESS // 4) for _ in range(4)]
        for turn in turns[:3]:
            user.requests.put(turn)
        self.assertEqual(user.reading, [])
        user.requests.put(turns[3])
        self.assertEqual(user.reading, [False])
        turns[0].finish()
        self.assertEqual(user.reading, [False])
        turns[1].finish()
        self.assertEqual(user.reading, [False, True])

    def test_the_bytes_of_what_was_dropped_do_not_count(self) -> None:
        user = QueueUser()
        begun = user.turn(OTHER)
        user.requests.put(begun)
        for _ in range(2):
            user.requests.put(user.turn(OTHER, size=BYTES_IN_PROGRESS))
            user.requests.drop_waiting()
        begun.finish()
        self.assertEqual(user.reading, [False, True])

    def test_a_limit_of_one(self) -> None:
        user = QueueUser(limit=1)
        for _ in range(3):
            (turn,) = user.put(OTHER)
            self.assertIs(user.reading[-1], False)
            turn.finish()
            self.assertIs(user.reading[-1], True)

    def test_it_pauses_again(self) -> None:
        user = QueueUser(limit=2)
        for _ in range(3):
            for turn in user.put(OTHER, OTHER):
                turn.finish()
        self.assertEqual(user.reading, [False, True] * 3)

    def test_nothing_begins_without_room_for_its_answer(self) -> None:
        user = QueueUser()
        user.outbox.is_congested = True
        turns = user.put(OTHER, OTHER)
        self.assertEqual(user.begun, [])
        user.outbox.is_congested = False
        user.requests.advance()
        self.assertEqual(user.begun, turns[:1])
        user.outbox.is_congested = True
        turns[0].finish()
        self.assertEqual(user.begun, turns[:1])

    def test_a_hundred_thousand_that_end_at_once_are_no_recursion(self) -> None:
        for request in (OTHER, SEND):
            user = QueueUser(limit=10**6)
            user.on_run = lambda turn: turn.finish((b"x",))
            user.outbox.is_congested = True
            user.put(*[request] * 100_000)
            user.outbox.is_congested = False
            user.requests.advance()
            self.assertEqual(len(user.answers), 100_000)
            self.assertEqual(user.requests.in_progress, 0)

    def test_a_hundred_thousand_that_wait_for_one(self) -> None:
        user = QueueUser(limit=10**6)
        (first,) = user.put(OTHER)
        user.on_run = lambda turn: turn.finish((b"x",))
        user.put(*[OTHER] * 100_000)
        first.finish()
        self.assertEqual(len(user.answers), 100_000)


class EndTests(SynchronousTestCase):
    """Waiting until all is answered, and forgetting what has not begun."""

    def setUp(self) -> None:
        self.user = QueueUser()

    def _idle(self) -> Deferred[None]:
        return self.user.requests.idle()

    def test_idle_with_nothing_in_progress(self) -> None:
        self.assertTrue(self._idle().called)

    def test_idle_when_all_is_answered(self) -> None:
        turns = self.user.put(OTHER, SEND, SEND)
        first, second = self._idle(), self._idle()
        for turn in turns:
            self.assertFalse(first.called)
            turn.finish()
        self.assertTrue(first.called)
        self.assertTrue(second.called)
        self.assertTrue(self._idle().called)

    def test_what_has_not_begun_can_be_dropped(self) -> None:
        turns = self.user.put(OTHER, OTHER, OTHER)
        self.user.requests.drop_waiting()
        turns[0].finish((b"0",))
        self.assertEqual(self.user.begun, turns[:1])
        self.assertEqual(self.user.answers, [b"0"])

    def test_idle_after_dropping_when_what_had_begun_is_answered(self) -> None:
        turns = self.user.put(OTHER, OTHER)
        idle = self._idle()
        self.user.requests.drop_waiting()
        self.assertFalse(idle.called)
        turns[0].finish()
        self.assertTrue(idle.called)

    def test_idle_at_the_dropping_when_nothing_had_begun(self) -> None:
        """As when the client goes away that would not take its answers."""
        self.user.outbox.is_congested = True
        self.user.put(OTHER)
        idle = self._idle()
        self.user.requests.drop_waiting()
        self.assertTrue(idle.called)
