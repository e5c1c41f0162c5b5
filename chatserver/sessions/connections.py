"""All connections of this node, logged in or not."""

from __future__ import annotations

from collections import Counter
from typing import Protocol


class Client(Protocol):
    """A connection as it is counted."""

    #: When it was opened, in seconds since the epoch.
    opened: float

    def abort(self) -> None:
        """Close at once."""

    def time_out(self) -> None:
        """Close, as it has not shown its dialect in time."""


class Connections:
    """The connections of all ports."""

    def __init__(self) -> None:
        self._open: set[Client] = set()
        #: Those whose dialect is not known, as they have sent no terminator.
        self.undecided: set[Client] = set()
        #: How many were ever opened.
        self.opened = 0
        #: How many were closed, by reason; "client" where the server gave none.
        self.closed: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, client: Client) -> None:
        """A client has connected."""
        self.opened += 1
        self._open.add(client)
        self.undecided.add(client)

    def decided(self, client: Client) -> None:
        """A client has shown its dialect."""
        self.undecided.discard(client)

    def remove(self, client: Client, reason: str | None) -> None:
        """A connection is gone, for a reason of the server's or for none."""
        self._open.discard(client)
        self.undecided.discard(client)
        self.closed[reason or "client"] += 1
