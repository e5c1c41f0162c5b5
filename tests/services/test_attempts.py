"""Logins by password that wait for the checks of others."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from chatserver.errors import TooMany
from chatserver.services.attempts import LoginAttempts


class WaitingTests(SynchronousTestCase):
    """One account's logins from one address: three are checked, twenty wait."""

    def setUp(self) -> None:
        self.attempts = LoginAttempts(3, Clock().seconds)

    def begin(self, count: int, account: str = "li") -> list[Deferred[None]]:
        return [
            Deferred.fromCoroutine(self.attempts.begin("192.0.2.1", account)) for _ in range(count)
        ]

    def test_twenty_wait(self) -> None:
        begun = self.begin(23)
        self.assertEqual([one.called for one in begun], [True] * 3 + [False] * 20)
        self.assertEqual(self.attempts.waiting, 20)

    def test_more_are_refused_at_once(self) -> None:
        self.begin(23)
        [refused] = self.begin(1)
        error = self.failureResultOf(refused, TooMany).value
        self.assertGreater(error.retry_after, 0)
        self.assertEqual(self.attempts.waiting, 20)

    def test_other_accounts_are_not_hindered(self) -> None:
        self.begin(24)[-1].addErrback(lambda _: None)
        [other] = self.begin(1, "wang")
        self.successResultOf(other)

    def test_who_waits_goes_on_when_others_were_right(self) -> None:
        begun = self.begin(23)
        for _ in range(23):
            self.attempts.end("192.0.2.1", "li", is_right=True)
        for one in begun:
            self.successResultOf(one)
        self.assertEqual(self.attempts.waiting, 0)
        self.assertEqual(len(self.attempts), 0)
