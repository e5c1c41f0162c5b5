"""Guessing passwords by the thousand: the waits, and what the server remembers of it."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from chatserver.errors import TooMany
from chatserver.services.attempts import LoginAttempts

HOME, ELSEWHERE = "10.0.0.1", "10.0.0.2"


class AttemptTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.attempts = LoginAttempts(5, self.clock.seconds)

    def begin(self, address: str, account: str) -> float:
        """Begin a check; the seconds to wait where it is refused."""
        begun = Deferred.fromCoroutine(self.attempts.begin(address, account))
        if begun.result is None:
            return 0.0
        return self.failureResultOf(begun, TooMany).value.retry_after  # type: ignore[no-any-return]

    def fail_once(self, address: str, account: str) -> None:
        self.assertEqual(self.begin(address, account), 0)
        self.attempts.end(address, account, is_right=False)

    def remembered(self) -> int:
        return len(self.attempts._records)

    def test_waits_double_up_to_a_minute(self) -> None:
        for _ in range(4):
            self.fail_once(HOME, "li")
        waits = []
        for _ in range(9):
            self.fail_once(HOME, "li")
            waits.append(self.begin(HOME, "li"))
            self.clock.advance(waits[-1])
        self.assertEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60])

    def test_nobody_is_locked_out_from_another_address(self) -> None:
        for _ in range(20):
            self.fail_once(HOME, "li")
            self.clock.advance(60)
        self.fail_once(HOME, "li")
        self.assertGreater(self.begin(HOME, "li"), 0)
        self.assertEqual(self.begin(ELSEWHERE, "li"), 0)

    def test_who_has_to_wait_leaves_nothing_behind(self) -> None:
        for number in range(50):
            self.fail_once(HOME, f"{number}")
        before = self.remembered()
        for number in range(1000):
            self.assertGreater(self.begin(HOME, f"another {number}"), 0)
        self.assertEqual(self.remembered(), before)

    def test_right_passwords_leave_nothing_behind(self) -> None:
        for number in range(1000):
            self.assertEqual(self.begin(HOME, f"{number}"), 0)
            self.attempts.end(HOME, f"{number}", is_right=True)
        self.assertEqual(self.remembered(), 0)

    def test_no_number_of_addresses_fills_the_memory(self) -> None:
        for number in range(25_000):
            self.fail_once(f"10.{number}", "li")
        self.assertLessEqual(self.remembered(), 10_000)
        self.clock.advance(60)
        for number in range(25_000):
            self.fail_once(f"11.{number}", "li")
        self.assertLessEqual(len(self.attempts._addresses), 50_000)
