"""Token buckets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from chatserver.sessions.limits import Buckets, TokenBucket
from tests.wire.samples import property_of_many


class Time:
    """A clock that can be set back."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class TokenBucketTests(SynchronousTestCase):
    """So much at once, and so much a second."""

    def setUp(self) -> None:
        self.time = Time()
        self.bucket = TokenBucket(2.0, 3, self.time)

    def _take(self, count: int) -> list[float]:
        return [self.bucket.take() for _ in range(count)]

    def test_a_burst_and_no_more(self) -> None:
        self.assertEqual(self._take(5), [0, 0, 0, 0.5, 0.5])

    def test_tokens_come_back_with_time(self) -> None:
        self._take(3)
        self.time.now += 0.25
        self.assertEqual(self.bucket.take(), 0.25)
        self.time.now += 0.25
        self.assertEqual(self._take(2), [0, 0.5])

    def test_no_more_than_a_burst_is_saved(self) -> None:
        self._take(3)
        self.time.now += 1_000_000
        self.assertEqual(self._take(4), [0, 0, 0, 0.5])

    def test_waiting_takes_nothing(self) -> None:
        for _ in range(10):
            self.assertEqual(self.bucket.wait(), 0)
        self.assertEqual(self._take(4), [0, 0, 0, 0.5])
        self.assertEqual(self.bucket.wait(), 0.5)

    def test_a_clock_that_is_set_back_gives_nothing_and_takes_nothing(self) -> None:
        self._take(3)
        self.time.now -= 500
        self.assertEqual(self.bucket.take(), 0.5)
        self.time.now += 0.5
        self.assertEqual(self._take(2), [0, 0.5])

    def test_a_clock_that_jumps_back_and_forth_gives_one_burst_at_most(self) -> None:
        self._take(3)
        for _ in range(5):
            self.time.now -= 500
            self.bucket.wait()
        self.time.now += 2500
        self.assertEqual(self._take(4), [0, 0, 0, 0.5])

    def test_a_rate_of_nought_has_no_limit(self) -> None:
        bucket = TokenBucket(0.0, 1, self.time)
        self.assertEqual({bucket.take() for _ in range(1000)}, {0.0})
        self.assertTrue(bucket.is_full())

    def test_full_is_as_good_as_new(self) -> None:
        self.assertTrue(self.bucket.is_full())
        self.bucket.take()
        self.assertFalse(self.bucket.is_full())
        self.time.now += 0.5
        self.assertTrue(self.bucket.is_full())

    def test_a_rate_below_one(self) -> None:
        bucket = TokenBucket(0.01, 1, self.time)
        bucket.take()
        self.assertEqual(bucket.take(), 100)
        self.time.now += 100
        self.assertEqual(bucket.take(), 0)

    @property_of_many
    @given(st.lists(st.floats(0, 3), max_size=50), st.floats(0.1, 50), st.integers(1, 10))
    def test_never_more_than_a_burst_and_the_rate(
        self, pauses: list[float], rate: float, burst: int
    ) -> None:
        time = Time()
        bucket = TokenBucket(rate, burst, time)
        taken = 0
        for pause in pauses:
            time.now += pause
            while not bucket.take():
                taken += 1
        self.assertLessEqual(taken, burst + rate * (time.now - 1000) + 1e-6)

    @property_of_many
    @given(st.floats(0.1, 1000), st.integers(1, 10), st.floats(0, 10))
    def test_who_waits_as_long_as_told_gets_a_token(
        self, rate: float, burst: int, pause: float
    ) -> None:
        time = Time()
        bucket = TokenBucket(rate, burst, time)
        while not bucket.take():
            pass
        time.now += pause
        time.now += bucket.wait() + 1e-6
        self.assertEqual(bucket.take(), 0)


class BucketsTests(SynchronousTestCase):
    """A bucket for each key."""

    def setUp(self) -> None:
        self.time = Time()

    def test_keys_have_buckets_of_their_own(self) -> None:
        buckets = Buckets(1.0, 1, self.time)
        self.assertEqual(buckets.of("a").take(), 0)
        self.assertEqual(buckets.of("a").take(), 1)
        self.assertEqual(buckets.of("b").take(), 0)

    def test_the_wait_of_a_key(self) -> None:
        buckets = Buckets(1.0, 1, self.time)
        self.assertEqual(buckets.wait("a"), 0)
        buckets.of("a").take()
        self.assertEqual(buckets.wait("a"), 1)
        self.assertEqual(buckets.wait("b"), 0)

    def test_one_that_is_in_use_is_not_forgotten(self) -> None:
        buckets = Buckets(0.001, 1, self.time)
        buckets.of("busy").take()
        for number in range(25_000):
            buckets.of(str(number))
        self.assertGreater(buckets.wait("busy"), 0)

    def test_full_ones_are_forgotten(self) -> None:
        for rate in (1.0, 0.0):
            buckets = Buckets(rate, 1, self.time)
            for number in range(50_000):
                buckets.of(str(number)).take()
                self.time.now += 1
            self.assertLessEqual(len(buckets), 10_000, f"at a rate of {rate}")
