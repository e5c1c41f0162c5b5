"""Who was sent away from the command line, and has to stay away for a while."""

from __future__ import annotations

from chatserver.clock import Clock
from chatserver.errors import TooMany


class Exclusions:
    """Keeps accounts, or single devices of theirs, out of this node for some seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: When each may come again; the device is None where all of the account's are meant.
        self._until: dict[tuple[int, str | None], float] = {}

    def exclude(self, account: int, device: str | None, seconds: float) -> None:
        """Keep an account out, or only one device of it."""
        now = self._clock.seconds()
        self._until = {who: until for who, until in self._until.items() if until > now}
        self._until[account, device] = now + seconds

    def check(self, account: int, device: str) -> None:
        """
        :raises TooMany: it is too early.
        """
        if not self._until:
            return
        until = max(self._until.get(who, 0.0) for who in ((account, None), (account, device)))
        left = until - self._clock.seconds()
        if left > 0:
            raise TooMany(
                "you were sent away by the people who run this server; try again later",
                retry_after=left,
            )
