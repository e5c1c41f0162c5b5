"""Token buckets: so much at once, and so much a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_PRUNE_AT: Final = 10_000


class TokenBucket:
    """Holds up to ``burst`` tokens and gains ``rate`` a second; a rate of 0 has no limit."""

    __slots__ = ("_burst", "_now", "_rate", "_since", "_tokens")

    def __init__(self, rate: float, burst: float, now: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._now = now
        self._tokens = float(burst)
        self._since = now()

    def wait(self) -> float:
        """The seconds until there is a token."""
        if not self._rate:
            return 0.0
        self._fill()
        return max(0.0, 1 - self._tokens) / self._rate

    def take(self) -> float:
        """Take a token; where there is none, take nothing and return the seconds to wait."""
        if not self._rate:
            return 0.0
        self._fill()
        if self._tokens < 1:
            return (1 - self._tokens) / self._rate
        self._tokens -= 1
        return 0.0

    def is_full(self) -> bool:
        """Whether nothing was taken lately, so that a new bucket would serve as well."""
        self._fill()
        return self._tokens >= self._burst

    def _fill(self) -> None:
        now = self._now()
        # A clock that is set back gives nothing and takes nothing.
        gained = max(0.0, now - self._since) * self._rate
        self._since = now
        self._tokens = min(self._burst, self._tokens + gained)


class Buckets:
    """A bucket for each key, as an address; full ones are forgotten."""

    def __init__(self, rate: float, burst: float, now: Callable[[], float]) -> None:
        self._make = lambda: TokenBucket(rate, burst, now)
        self._buckets: dict[str, TokenBucket] = {}
        self._prune_at = _PRUNE_AT

    def __len__(self) -> int:
        return len(self._buckets)

    def of(self, key: str) -> TokenBucket:
        """The key's bucket."""
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._prune_at:
                self._buckets = {k: b for k, b in self._buckets.items() if not b.is_full()}
                # Where few were full, the next look is worth its time only much later.
                self._prune_at = max(_PRUNE_AT, 2 * len(self._buckets))
            bucket = self._buckets[key] = self._make()
        return bucket

    def wait(self, key: str) -> float:
        """The seconds until there is a token for the key."""
        bucket = self._buckets.get(key)
        return bucket.wait() if bucket else 0.0
