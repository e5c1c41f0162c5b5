"""The send queue of a connection whose client takes one read for one frame."""

from __future__ import annotations

from chatserver.clock import Call, Clock
from chatserver.sessions.outbox import Connection, Outbox, Owner


class SpacedOutbox(Outbox):
    """Gives the connection a frame, and the next when that is out and ``gap`` seconds are over."""

    __slots__ = ("_clock", "_gap", "_next_frame")

    def __init__(
        self, owner: Owner, connection: Connection, limit: int, clock: Clock, gap: float
    ) -> None:
        super().__init__(owner, connection, limit)
        self._clock = clock
        self._gap = gap
        self._next_frame: Call | None = None
        self._look()

    def lost(self) -> None:
        super().lost()
        if self._next_frame is not None:
            self._next_frame.cancel()
            self._next_frame = None

    @property
    def _has_room(self) -> bool:
        return not self._in_transport and self._next_frame is None

    @property
    def _room(self) -> int:
        return 1

    def _look(self) -> None:
        super()._look()
        self._is_clear = False  # each frame has to be looked at

    def _give(self, frame: bytes) -> None:
        super()._give(frame)
        self._next_frame = self._clock.callLater(self._gap, self._gap_over)
        self._look()

    def _gap_over(self) -> None:
        self._next_frame = None
        self._give_held()
        self._look()
