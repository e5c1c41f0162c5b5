"""One packet a frame, with a pause behind each: what the C++ client's recv needs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.sessions.fakes import OutboxUser, mark
from tests.wire.samples import property_of_some

GAP = 0.005


class GapTests(SynchronousTestCase):
    """Only after the gap, and only after the frame before has left."""

    def setUp(self) -> None:
        self.user = OutboxUser(gap=GAP, limit=1000)
        self.outbox = self.user.outbox
        self.writes = self.user.connection.writes

    def test_the_first_frame_goes_at_once(self) -> None:
        self.outbox.reply((b"a",))
        self.assertEqual(self.writes, [b"a"])

    def test_each_frame_is_a_write_of_its_own(self) -> None:
        self.outbox.push((b"a", b"b"), live=True)
        self.outbox.reply((b"c",))
        for _ in range(3):
            self.user.drain()
            self.user.clock.advance(GAP)
        self.assertEqual(self.writes, [b"a", b"b", b"c"])

    def test_the_next_waits_for_the_gap(self) -> None:
        self.outbox.push((b"a", b"b"), live=True)
        self.user.drain()
        self.user.clock.advance(GAP * 0.9)
        self.assertEqual(self.writes, [b"a"])
        self.user.clock.advance(GAP * 0.2)
        self.assertEqual(self.writes, [b"a", b"b"])

    def test_the_next_waits_for_the_drain(self) -> None:
        self.outbox.push((b"a", b"b"), live=True)
        self.user.clock.advance(10)
        self.assertEqual(self.writes, [b"a"])
        self.user.drain()
        self.assertEqual(self.writes, [b"a", b"b"])

    def test_after_a_silence_there_is_no_wait(self) -> None:
        self.outbox.reply((b"a",))
        self.user.drain()
        self.user.clock.advance(GAP)
        self.outbox.reply((b"b",))
        self.assertEqual(self.writes, [b"a", b"b"])

    def test_within_the_gap_there_is(self) -> None:
        self.outbox.reply((b"a",))
        self.user.drain()
        self.outbox.reply((b"b",))
        self.assertEqual(self.writes, [b"a"])
        self.user.clock.advance(GAP)
        self.assertEqual(self.writes, [b"a", b"b"])

    def test_a_message_counts_as_delivered_with_its_last_frame(self) -> None:
        self.outbox.push((b"a", b"b"), mark(1), live=True)
        self.outbox.push((), mark(2), live=True)
        self.outbox.push((b"c",), mark(3), live=True)
        self.user.drain()
        self.user.clock.advance(GAP)
        self.assertEqual(self.user.seqs(), [])
        self.user.drain()
        self.assertEqual(self.user.seqs(), [1, 2])
        self.user.clock.advance(GAP)
        self.user.drain()
        self.assertEqual(self.user.seqs(), [1, 2, 3])

    def test_pushes_over_the_limit_end_it(self) -> None:
        for _ in range(12):
            self.outbox.push((b"x" * 100,), live=True)
        self.assertEqual(self.user.overflows, 1)
        self.assertEqual(self.writes, [b"x" * 100])
        self.user.drain()
        self.assertEqual(self.user.connection.calls, ["close soon", "close"])
        self.outbox.lost()
        self.assertEqual(self.user.clock.getDelayedCalls(), [])

    def test_what_waits_leaves_frame_by_frame_before_the_close(self) -> None:
        self.outbox.push((b"a", b"b", b"c"), mark(1), live=True)
        self.outbox.finish((), discard=False)
        for expected in ([b"a"], [b"a", b"b"], [b"a", b"b", b"c"]):
            self.assertEqual(self.writes, expected)
            self.assertEqual(self.user.connection.calls, ["close soon"])
            self.user.drain()
            self.user.clock.advance(GAP)
        self.assertEqual(self.user.connection.calls, ["close soon", "close"])
        self.assertEqual(self.user.seqs(), [1])

    def test_discarding_leaves_only_what_was_written(self) -> None:
        self.outbox.push((b"a", b"b", b"c"), mark(1), live=True)
        self.outbox.finish((), discard=True)
        self.user.drain()
        self.user.clock.advance(GAP)
        self.assertEqual(self.writes, [b"a"])
        self.assertEqual(self.user.connection.calls, ["close soon", "close"])
        self.assertEqual(self.user.marks, [])

    def test_a_lost_connection_leaves_no_timer(self) -> None:
        self.outbox.push((b"a", b"b"), live=True)
        self.outbox.lost()
        self.assertEqual(self.user.clock.getDelayedCalls(), [])
        self.user.clock.advance(1)
        self.assertEqual(self.writes, [b"a"])

    def test_no_gap_still_means_one_frame_at_a_time(self) -> None:
        user = OutboxUser(gap=0.0)
        user.outbox.push((b"a", b"b"), live=True)
        user.clock.advance(0)
        self.assertEqual(user.connection.writes, [b"a"])
        user.drain()
        user.clock.advance(0)
        self.assertEqual(user.connection.writes, [b"a", b"b"])

    @property_of_some
    @given(
        st.lists(
            st.sampled_from(["push", "reply", "mark", "drain", "hush", "unhush"])
            | st.floats(0, 2 * GAP),
            max_size=80,
        )
    )
    def test_two_writes_are_never_joined(self, steps: list[str | float]) -> None:
        user = OutboxUser(gap=GAP)
        times: list[float] = []
        drained_since = True
        hushes = 0
        for at, step in enumerate(steps):
            before = len(user.connection.writes)
            frame = b"%d;" % at
            if isinstance(step, float):
                user.clock.advance(step)
            elif step == "push":
                user.outbox.push((frame, frame), mark(at), live=True)
            elif step == "reply":
                user.outbox.reply((frame,))
            elif step == "mark":
                user.outbox.push((), mark(at), live=True)
            elif step == "hush":
                hushes += 1
                user.outbox.hush()
            elif step == "unhush":
                if hushes:
                    hushes -= 1
                    user.outbox.unhush()
            else:
                drained_since = True
                user.drain()
            written = user.connection.writes[before:]
            if written:
                self.assertEqual(len(written), 1, "two writes at one time")
                self.assertEqual(written[0].count(b";"), 1, "two frames in one write")
                self.assertTrue(drained_since, "the frame before had not left")
                if times:
                    self.assertGreaterEqual(user.clock.seconds() - times[-1], GAP * 0.999)
                times.append(user.clock.seconds())
                drained_since = False
