"""Stand-ins for what a session talks to."""

from __future__ import annotations

from twisted.internet.task import Clock

from chatserver.sessions.outbox import Mark, Outbox


class FakeConnection:
    """Remembers what it was asked to do."""

    peer = "192.0.2.1"

    def __init__(self) -> None:
        self.writes: list[bytes] = []
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
        self.delivered: list[Mark] = []
        self.drains = 0
        self.overflows = 0
        self._goodbye = goodbye
        self._closes = closes
        self.outbox = Outbox(
            self.connection,
            self.clock,
            limit,
            delivered=self.delivered.extend,
            drained=self._drained,
            overflowed=self._overflowed,
            gap=gap,
        )

    def drain(self) -> None:
        """All that was written has reached the socket."""
        self.outbox.drained()

    def seqs(self) -> list[int]:
        """The seqs of what was delivered."""
        return [mark.seq for mark in self.delivered]

    def _drained(self) -> None:
        self.drains += 1

    def _overflowed(self) -> None:
        self.overflows += 1
        if self._closes:
            self.outbox.finish(self._goodbye, discard=True)


def mark(seq: int) -> Mark:
    """A mark in a conversation of a device."""
    return Mark(7, 4, seq)
