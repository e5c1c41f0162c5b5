"""Stand-ins for what a session talks to."""

from __future__ import annotations

from twisted.internet.task import Clock

from chatserver.sessions.outbox import Mark, Outbox
from chatserver.sessions.requests import Turn
from chatserver.sessions.spaced import SpacedOutbox


class FakeConnection:
    """Remembers what it was asked to do."""

    peer = "192.0.2.1"
    opened = 0.0
    is_web = False

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.sink = self
        #: What happened besides writes, in order.
        self.calls: list[str] = []

    @property
    def sent(self) -> bytes:
        """All that was written."""
        return b"".join(self.writes)

    def write(self, data: bytes) -> None:
        if "close" in self.calls:
            raise AssertionError(f"written after the close: {data!r}")
        self.writes.append(data)

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")

    def close_soon(self) -> None:
        self.calls.append("close soon")

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")


class FakeDesk:
    """Remembers which turns began."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []

    def run(self, turn: Turn) -> None:
        self.turns.append(turn)


class OutboxUser:
    """An outbox with its connection, its clock, and what it called.

    :param closes: whether it is closed when it overflows, as a session does.
    """

    def __init__(
        self,
        *,
        limit: int = 1_000_000,
        gap: float | None = None,
        goodbye: tuple[bytes, ...] = (),
        closes: bool = True,
    ) -> None:
        self.connection = FakeConnection()
        self.clock = Clock()
        self.marks: list[Mark] = []
        self.delivered = self.marks.extend
        self.drains = 0
        self.overflows = 0
        self._goodbye = goodbye
        self._closes = closes
        if gap is None:
            self.outbox = Outbox(self, self.connection, limit)
        else:
            self.outbox = SpacedOutbox(self, self.connection, limit, self.clock, gap)
        self.outbox.is_watched = True

    def drain(self) -> None:
        """All that was written has reached the socket."""
        self.outbox.drained()

    def seqs(self) -> list[int]:
        """The seqs of what was delivered."""
        return [mark.seq for mark in self.marks]

    def drained(self) -> None:
        self.drains += 1

    def overflowed(self) -> None:
        self.overflows += 1
        if self._closes:
            self.outbox.finish(self._goodbye, discard=True)


def mark(seq: int) -> Mark:
    """A mark in a conversation of a device."""
    return Mark(7, 4, seq)
