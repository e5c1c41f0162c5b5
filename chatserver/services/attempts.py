"""Holding up those who guess passwords."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from chatserver.errors import TooMany
from chatserver.sessions.limits import Buckets

_LONGEST_WAIT = 60.0  # seconds
_PRUNE_AT = 10_000
_A_MINUTE_PER_ADDRESS = 50
_MOST_WAITING = 20  # for the checks of one account and address

Key = tuple[str, str]


class _Record:
    """Wrong passwords in a row of one address for one account."""

    __slots__ = ("checking", "failures", "last", "wait_until", "waiting")

    def __init__(self) -> None:
        self.failures = 0
        self.checking = 0
        self.last = 0.0
        self.wait_until = 0.0
        self.waiting: list[Deferred[None]] = []


class LoginAttempts:
    """Counts wrong passwords per account and address, and per address.

    :param limit: wrong passwords in a row before waits begin; 0 for none ever.
    """

    def __init__(self, limit: int, now: Callable[[], float]) -> None:
        self._limit = limit
        self._now = now
        self._records: dict[Key, _Record] = {}
        rate = _A_MINUTE_PER_ADDRESS / 60 if limit else 0.0
        self._addresses = Buckets(rate, _A_MINUTE_PER_ADDRESS, now)

    def __len__(self) -> int:
        return len(self._records) + len(self._addresses)

    @property
    def waiting(self) -> int:
        """How many wait until others have been checked."""
        return sum(len(record.waiting) for record in self._records.values())

    async def begin(self, address: str, account: str) -> None:
        """Begin to check a password; :meth:`end` must follow.

        No more are checked at once than could be wrong before a wait begins.

        :raises TooMany: the address has to wait, and its right password too; or too many wait
            until others have been checked.
        """
        if not self._limit:
            return
        key = (address, account)
        record = self._records.get(key)
        while record and record.checking and record.failures + record.checking >= self._limit:
            if len(record.waiting) >= _MOST_WAITING:
                raise TooMany("too many logins to this account at once", retry_after=1.0)
            waiting: Deferred[None] = Deferred()
            record.waiting.append(waiting)
            await waiting
            record = self._records.get(key)
        wait = record.wait_until - self._now() if record else 0.0
        wait = max(wait, self._addresses.wait(address))
        if wait > 0:
            raise TooMany("too many wrong passwords; wait and try again", retry_after=wait)
        self._record(key).checking += 1

    def end(self, address: str, account: str, *, is_right: bool | None) -> None:
        """Note what came of a check; None where it could not be made."""
        if not self._limit:
            return
        record = self._record((address, account))
        record.checking -= 1
        now = record.last = self._now()
        if is_right:
            record.failures = 0
            record.wait_until = 0.0
        elif is_right is False:
            record.failures += 1
            over = record.failures - self._limit
            if over >= 0:
                record.wait_until = now + min(2.0 ** min(over, 10), _LONGEST_WAIT)
            self._addresses.of(address).take()
        waiting, record.waiting = record.waiting, []
        for deferred in waiting:
            deferred.callback(None)
        if not record.failures and not record.checking:
            self._records.pop((address, account), None)

    def _record(self, key: Key) -> _Record:
        record = self._records.get(key)
        if record is None:
            if len(self._records) >= _PRUNE_AT:
                self._prune()
            record = self._records[key] = _Record()
        return record

    def _prune(self) -> None:
        """Forget the older half, but for those that are being checked."""
        oldest_first = sorted(self._records, key=lambda key: self._records[key].last)
        for key in oldest_first[: _PRUNE_AT // 2]:
            if not self._records[key].checking:
                del self._records[key]
