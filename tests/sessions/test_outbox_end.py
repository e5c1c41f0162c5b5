"""The send queue: pushes that are postponed, and last frames."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatserver.sessions.outbox import IN_TRANSPORT
from tests.sessions.fakes import OutboxUser, mark

LARGE = b"x" * IN_TRANSPORT


class HushTests(SynchronousTestCase):
    """Pushes that have to wait for an answer."""

    def setUp(self) -> None:
        self.user = OutboxUser(limit=1000, goodbye=(b"goodbye",))
        self.outbox = self.user.outbox

    def test_pushes_wait_and_replies_do_not(self) -> None:
        self.outbox.hush()
        self.outbox.push((b"a",), mark(1), live=True)
        self.outbox.push((), mark(2), live=True)
        self.outbox.reply((b"B",))
        self.assertEqual(self.user.connection.sent, b"B")
        self.outbox.unhush()
        self.assertEqual(self.user.connection.sent, b"Ba")
        self.user.drain()
        self.assertEqual(self.user.seqs(), [1, 2])

    def test_until_all_that_hushed_are_done(self) -> None:
        self.outbox.hush()
        self.outbox.hush()
        self.outbox.push((b"a",), live=True)
        self.outbox.unhush()
        self.outbox.push((b"b",), live=True)
        self.assertEqual(self.user.connection.sent, b"")
        self.outbox.unhush()
        self.assertEqual(self.user.connection.sent, b"ab")

    def test_a_backlog_that_was_postponed_does_not_trip_the_limit_either(self) -> None:
        self.outbox.reply((LARGE,))
        self.outbox.hush()
        for _ in range(20):
            self.outbox.push((b"x" * 100,), live=False)
        self.outbox.unhush()
        self.assertEqual(self.user.overflows, 0)
        self.user.drain()
        self.assertEqual(len(self.user.connection.sent), len(LARGE) + 2000)

    def test_live_pushes_that_were_postponed_do(self) -> None:
        self.outbox.reply((LARGE,))
        self.outbox.hush()
        for _ in range(20):
            self.outbox.push((b"x" * 100,), live=True)
        self.outbox.unhush()
        self.assertEqual(self.user.overflows, 1)
        self.assertEqual(self.user.connection.writes, [LARGE, b"goodbye"])

    def test_what_waits_is_dropped_with_the_connection(self) -> None:
        self.outbox.hush()
        self.outbox.push((b"a",), mark(1), live=True)
        self.outbox.lost()
        self.outbox.unhush()
        self.assertEqual((self.user.connection.sent, self.user.marks), (b"", []))


class FinishTests(SynchronousTestCase):
    """Last frames, and the close."""

    def setUp(self) -> None:
        self.user = OutboxUser()
        self.outbox = self.user.outbox

    def test_what_waits_is_sent_before_the_close(self) -> None:
        self.outbox.reply((LARGE,))
        self.outbox.push((LARGE,), mark(1), live=True)
        self.outbox.push((b"a",), mark(2), live=True)
        self.outbox.finish((b"goodbye",), discard=False)
        self.assertEqual(self.user.connection.calls, ["close soon"])
        self.user.drain()
        self.assertEqual(self.user.connection.calls, ["close soon"])
        self.user.drain()
        self.assertEqual(self.user.seqs(), [1])
        self.assertEqual(self.user.connection.sent, LARGE * 2 + b"agoodbye")
        self.user.drain()
        self.assertEqual(self.user.seqs(), [1, 2])
        self.assertEqual(self.user.connection.calls, ["close soon", "close"])

    def test_what_was_just_written_counts_as_delivered_when_it_has_left(self) -> None:
        self.outbox.push((b"a",), mark(1), live=True)
        self.outbox.finish((b"goodbye",), discard=False)
        self.assertEqual(self.user.connection.sent, b"agoodbye")
        self.user.drain()
        self.assertEqual(self.user.seqs(), [1])
        self.assertEqual(self.user.connection.calls, ["close soon", "close"])

    def test_discarding_drops_what_waits(self) -> None:
        self.outbox.reply((LARGE,))
        self.outbox.push((b"a",), mark(1), live=True)
        self.outbox.finish((b"goodbye",), discard=True)
        self.assertEqual(self.user.connection.sent, LARGE + b"goodbye")
        self.user.drain()
        self.assertEqual(self.user.connection.calls, ["close soon", "close"])
        self.assertEqual(self.user.marks, [])

    def test_with_nothing_to_send_it_closes_at_once(self) -> None:
        for discard in (True, False):
            user = OutboxUser()
            user.outbox.finish((), discard=discard)
            self.assertEqual(user.connection.calls, ["close soon", "close"])
            self.assertEqual(user.connection.writes, [])

    def test_nothing_is_sent_after_the_last_frame(self) -> None:
        self.outbox.finish((b"goodbye",), discard=False)
        self.outbox.push((b"a",), mark(1), live=True)
        self.outbox.reply((b"b",))
        self.outbox.hush()
        self.outbox.push((b"c",), mark(3), live=True)
        self.outbox.unhush()
        self.user.drain()
        self.assertEqual(self.user.connection.sent, b"goodbye")
        self.assertEqual(self.user.marks, [])

    def test_only_the_first_goodbye_is_said(self) -> None:
        self.outbox.finish((b"one",), discard=False)
        self.outbox.finish((b"two",), discard=True)
        self.user.drain()
        self.assertEqual(self.user.connection.sent, b"one")
        self.assertEqual(self.user.connection.calls, ["close soon", "close"])

    def test_a_lost_connection_is_told_nothing(self) -> None:
        self.outbox.lost()
        self.outbox.finish((b"goodbye",), discard=False)
        self.outbox.reply((b"a",))
        self.assertEqual((self.user.connection.calls, self.user.connection.writes), ([], []))
