"""What everything stands on: errors, the clock, and starting what nobody waits for."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from chatserver.clock import sleep
from chatserver.errors import BY_ERRNO, ChatError, NoSuchUser, TooMany, from_reply
from chatserver.spawn import spawn

# The table of the protocol page.
ERRNOS = {1, 2, *range(100, 113)}


class ErrorTests(SynchronousTestCase):
    """One class for each errno."""

    def test_every_errno_has_its_class_and_its_text(self) -> None:
        self.assertEqual(set(BY_ERRNO), ERRNOS)
        for errno, kind in BY_ERRNO.items():
            self.assertEqual(kind.errno, errno)
            self.assertTrue(kind.text)
            self.assertEqual(kind().errmsg, kind.text)

    def test_an_error_may_have_words_of_its_own(self) -> None:
        error = TooMany("too many registrations", retry_after=2.5)
        self.assertEqual((error.errmsg, error.retry_after), ("too many registrations", 2.5))
        self.assertEqual(str(error), "too many registrations")

    def test_a_reply_becomes_the_error_that_the_server_raised(self) -> None:
        for errno, kind in BY_ERRNO.items():
            error = from_reply(errno, "why", 1.5)
            self.assertIs(type(error), kind)
            self.assertEqual((error.errmsg, error.retry_after), ("why", 1.5))
        self.assertIsNone(from_reply(105, "why").retry_after)
        self.assertEqual(from_reply(105, "").errmsg, NoSuchUser.text)

    def test_an_errno_of_a_newer_server_is_shown(self) -> None:
        error = from_reply(999, "why")
        self.assertIs(type(error), ChatError)
        self.assertIn("999", str(error))
        self.assertIn("why", str(error))


class SleepTests(SynchronousTestCase):
    """Waiting by a clock that is passed in."""

    def test_it_fires_after_the_time(self) -> None:
        clock = Clock()
        waiting = sleep(clock, 2.0)
        clock.advance(1.9)
        self.assertNoResult(waiting)
        clock.advance(0.1)
        self.assertIsNone(self.successResultOf(waiting))

    def test_cancelling_leaves_no_timer(self) -> None:
        clock = Clock()
        waiting = sleep(clock, 2.0)
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertEqual(clock.getDelayedCalls(), [])


class SpawnTests(SynchronousTestCase):
    """Coroutines that nobody waits for."""

    def test_it_runs_at_once_and_to_its_end(self) -> None:
        gate: Deferred[None] = Deferred()
        steps: list[str] = []

        async def work() -> None:
            steps.append("begun")
            await gate
            steps.append("done")

        ended = spawn(work(), "work")
        self.assertEqual(steps, ["begun"])
        self.assertNoResult(ended)
        gate.callback(None)
        self.assertEqual(steps, ["begun", "done"])
        self.assertIsNone(self.successResultOf(ended))

    def test_a_failure_is_logged_and_goes_no_further(self) -> None:
        async def work() -> None:
            raise ValueError("on purpose")

        self.assertIsNone(self.successResultOf(spawn(work(), "work")))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
