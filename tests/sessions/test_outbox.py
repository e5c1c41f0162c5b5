"""The send queue: order, bounds, and what is known to have reached the socket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from chatserver.sessions.outbox import CONGESTED, IN_TRANSPORT
from tests.sessions.fakes import OutboxUser, mark
from tests.wire.samples import property_of_some

LARGE = b"x" * IN_TRANSPORT


class OrderTests(SynchronousTestCase):
    """Frames leave in the order they came, whoever asked for them."""

    def setUp(self) -> None:
        self.user = OutboxUser()
        self.outbox = self.user.outbox

    def test_a_frame_is_written_at_once(self) -> None:
        self.outbox.reply((b"a",))
        self.assertEqual(self.user.connection.writes, [b"a"])

    def test_replies_and_pushes_keep_their_order(self) -> None:
        self.outbox.reply((b"a",))
        self.outbox.push((b"b",), mark(1), live=True)
        self.outbox.push((b"c", b"d"), mark(2), live=False)
        self.outbox.reply((b"e", b"f"))
        self.assertEqual(self.user.connection.sent, b"abcdef")

    def test_what_waits_for_room_is_not_overtaken(self) -> None:
        self.outbox.reply((LARGE,))
        for letter in (b"a", b"b", b"c"):
            self.outbox.push((letter,), live=True)
            self.outbox.reply((letter.upper(),))
        self.assertEqual(self.user.connection.sent, LARGE)
        self.user.drain()
        self.assertEqual(self.user.connection.sent, LARGE + b"aAbBcC")

    def test_what_waited_goes_in_one_write(self) -> None:
        self.outbox.reply((LARGE,))
        for _ in range(100):
            self.outbox.push((b"x",), live=True)
        self.user.drain()
        self.assertEqual(self.user.connection.writes, [LARGE, b"x" * 100])

    def test_no_frames_are_no_write(self) -> None:
        self.outbox.reply(())
        self.outbox.push((), live=True)
        self.outbox.push((), mark(1), live=True)
        self.assertEqual(self.user.connection.writes, [])

    @property_of_some
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["reply", "live", "backlog", "mark", "drain", "hush", "unhush"]),
                st.lists(st.integers(1, 3000), max_size=3),
            ),
            max_size=60,
        )
    )
    def test_all_that_was_given_arrives_and_marks_are_never_early(
        self, steps: list[tuple[str, list[int]]]
    ) -> None:
        user = OutboxUser(limit=10**9)
        expected, postponed = bytearray(), bytearray()
        ends: dict[int, int] = {}  # mark -> bytes that are out before it is delivered
        late: list[int] = []
        hushes = 0
        for seq, (kind, sizes) in enumerate(steps):
            frames = tuple(b"%c" % (seq % 256) * 30 * size for size in sizes)
            if kind == "drain":
                sent = len(user.connection.sent)
                user.drain()
                for delivered in user.seqs():
                    self.assertLessEqual(ends[delivered], sent)
            elif kind == "reply":
                user.outbox.reply(frames)
                expected += b"".join(frames)
            elif kind == "hush":
                hushes += 1
                user.outbox.hush()
            elif kind == "unhush":
                if hushes:
                    hushes -= 1
                    if not hushes:
                        for waiting in late:
                            ends[waiting] += len(expected)
                        expected += postponed
                        postponed, late = bytearray(), []
                    user.outbox.unhush()
            else:
                data = b"" if kind == "mark" else b"".join(frames)
                target = postponed if hushes else expected
                target += data
                ends[seq] = len(target)
                if hushes:
                    late.append(seq)
                user.outbox.push(frames if data else (), mark(seq), live=kind == "live")
        for _ in range(hushes):
            user.outbox.unhush()
        if hushes:
            expected += postponed
        while not user.outbox.is_empty:
            user.drain()
        self.assertEqual(user.connection.sent, bytes(expected))
        self.assertEqual(sorted(user.seqs()), sorted(ends))


class LimitTests(SynchronousTestCase):
    """What waits for the client to read is bounded, wherever it waits."""

    def test_live_pushes_that_are_postponed_count(self) -> None:
        user = OutboxUser(limit=100)
        user.outbox.hush()
        user.outbox.push((b"x" * 60,), live=True)
        self.assertEqual((user.overflows, user.outbox.unsent), (0, 60))
        user.outbox.push((b"x" * 60,), live=True)
        self.assertEqual(user.overflows, 1)
        user.outbox.push((b"x" * 60,), live=True)
        self.assertEqual(user.outbox.unsent, 120, "nothing is taken behind the end")

    def test_they_count_together_with_those_that_wait_already(self) -> None:
        user = OutboxUser(limit=100)
        user.outbox.push((LARGE,), live=False)
        user.outbox.push((b"x" * 60,), live=True)
        user.outbox.hush()
        user.outbox.push((b"x" * 60,), live=True)
        self.assertEqual(user.overflows, 1)

    def test_once_sent_they_count_no_longer(self) -> None:
        user = OutboxUser(limit=100)
        for _ in range(3):
            user.outbox.hush()
            user.outbox.push((b"x" * 60,), live=True)
            user.outbox.unhush()
            user.drain()
        self.assertEqual((user.overflows, user.outbox.unsent), (0, 0))

    def test_after_the_end_nothing_is_held(self) -> None:
        for end in ("finish", "lost"):
            user = OutboxUser()
            user.outbox.push((LARGE,), live=True)
            user.outbox.push((LARGE,), live=True)
            user.outbox.hush()
            user.outbox.push((LARGE,), live=True)
            if end == "finish":
                user.outbox.finish((), discard=True)
            user.drain()
            user.outbox.lost()
            self.assertEqual(user.outbox.unsent, 0)


class DeliveredTests(SynchronousTestCase):
    """A message counts as delivered when it has reached the socket, and not before."""

    def setUp(self) -> None:
        self.user = OutboxUser()
        self.outbox = self.user.outbox

    def test_not_when_it_is_written(self) -> None:
        self.outbox.push((b"a",), mark(1), live=True)
        self.assertEqual(self.user.marks, [])
        self.user.drain()
        self.assertEqual(self.user.marks, [mark(1)])

    def test_once(self) -> None:
        self.outbox.push((b"a",), mark(1), live=True)
        for _ in range(3):
            self.user.drain()
        self.assertEqual(self.user.seqs(), [1])

    def test_not_while_it_waits_for_room(self) -> None:
        self.outbox.push((LARGE,), mark(1), live=True)
        self.outbox.push((b"a",), mark(2), live=True)
        self.user.drain()
        self.assertEqual(self.user.seqs(), [1])
        self.user.drain()
        self.assertEqual(self.user.seqs(), [1, 2])

    def test_a_message_in_several_frames_with_its_last(self) -> None:
        self.outbox.push((LARGE, LARGE, b"end"), mark(1), live=True)
        self.user.drain()
        self.user.drain()
        self.assertEqual(self.user.seqs(), [])
        self.user.drain()
        self.assertEqual(self.user.seqs(), [1])

    def test_a_mark_without_frames_stands_behind_all_before_it(self) -> None:
        self.outbox.push((), mark(1), live=True)
        self.assertEqual(self.user.seqs(), [1])
        self.outbox.push((LARGE,), live=True)
        self.outbox.push((), mark(2), live=True)
        self.outbox.push((b"a",), mark(3), live=True)
        self.outbox.push((), mark(4), live=True)
        self.assertEqual(self.user.seqs(), [1])
        self.user.drain()
        self.assertEqual(self.user.seqs(), [1, 2])
        self.user.drain()
        self.assertEqual(self.user.seqs(), [1, 2, 3, 4])

    def test_what_did_not_reach_the_socket_of_a_lost_connection_does_not_count(self) -> None:
        self.outbox.push((b"a",), mark(1), live=True)
        self.outbox.push((LARGE,), mark(2), live=True)
        self.outbox.push((b"b",), mark(3), live=True)
        self.outbox.lost()
        self.user.drain()
        self.assertEqual(self.user.marks, [])


class BoundsTests(SynchronousTestCase):
    """What the transport holds is bounded, and so is what waits."""

    def setUp(self) -> None:
        self.user = OutboxUser(limit=10_000, goodbye=(b"goodbye",))
        self.outbox = self.user.outbox

    def test_the_transport_gets_no_more_than_its_share(self) -> None:
        for _ in range(IN_TRANSPORT // 1000 * 3):
            self.outbox.reply((b"x" * 1000,))
        self.assertLess(len(self.user.connection.sent), IN_TRANSPORT + 1000)
        self.assertGreaterEqual(len(self.user.connection.sent), IN_TRANSPORT)
        for _ in range(3):
            before = len(self.user.connection.sent)
            self.user.drain()
            self.assertLess(len(self.user.connection.sent) - before, IN_TRANSPORT + 1000)

    def test_it_is_congested_while_much_waits(self) -> None:
        self.outbox.reply((b"x" * CONGESTED,))
        self.assertFalse(self.outbox.is_congested)
        self.outbox.reply((b"x",))
        self.assertTrue(self.outbox.is_congested)
        self.user.drain()
        self.assertFalse(self.outbox.is_congested)

    def test_it_is_congested_no_longer_when_what_waited_has_left(self) -> None:
        for _ in range(8):
            self.outbox.reply((LARGE,))
        self.assertTrue(self.outbox.is_congested)
        for _ in range(4):
            self.user.drain()
        self.assertFalse(self.outbox.is_congested)

    def test_it_is_empty_when_all_has_reached_the_socket(self) -> None:
        self.assertTrue(self.outbox.is_empty)
        self.outbox.reply((LARGE,))
        self.outbox.reply((b"a",))
        self.assertFalse(self.outbox.is_empty)
        self.user.drain()
        self.assertFalse(self.outbox.is_empty)
        self.user.drain()
        self.assertTrue(self.outbox.is_empty)

    def test_room_is_told_at_each_drain(self) -> None:
        self.outbox.reply((LARGE,))
        self.outbox.reply((b"a",))
        self.user.drain()
        self.user.drain()
        self.assertEqual(self.user.drains, 2)

    def test_live_pushes_over_the_limit_end_it_once(self) -> None:
        self.outbox.reply((LARGE,))
        for _ in range(10):
            self.outbox.push((b"x" * 1000,), live=True)
        self.assertEqual(self.user.overflows, 0)
        for _ in range(10):
            self.outbox.push((b"x",), live=True)
        self.assertEqual(self.user.overflows, 1)
        self.assertEqual(self.user.connection.writes, [LARGE, b"goodbye"])
        self.user.drain()
        self.assertEqual(self.user.connection.calls, ["close soon", "close"])

    def test_a_push_in_parts_over_the_limit_ends_it_too(self) -> None:
        self.outbox.push((b"x" * 6000, b"x" * 6000), live=True)
        self.assertEqual(self.user.overflows, 1)
        self.assertEqual(self.user.connection.writes, [b"goodbye"])

    def test_replies_and_backlogs_never_trip_the_limit(self) -> None:
        self.outbox.reply((LARGE,))
        for _ in range(20):
            self.outbox.reply((b"x" * 1000,))
            self.outbox.push((b"x" * 1000,), live=False)
            self.outbox.push((b"x" * 500, b"x" * 500), live=False)
        self.assertEqual(self.user.overflows, 0)

    def test_what_has_left_no_longer_counts(self) -> None:
        for _ in range(10):
            self.outbox.reply((LARGE,))
            for _ in range(9):
                self.outbox.push((b"x" * 1000,), live=True)
            self.user.drain()
            self.user.drain()
        self.assertEqual(self.user.overflows, 0)
