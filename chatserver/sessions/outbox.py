"""The send queue of one connection.

What is given to the transport is bounded; the rest is held here, so that it is known what
reached the socket and what did not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from chatserver.clock import Call, Clock

# Bytes in the transport's hands of which it is not known whether they reached the socket.
IN_TRANSPORT = 64 * 1024
# Unsent bytes of replies and pushes at which the next request has to wait.
CONGESTED = 256 * 1024


class Mark(NamedTuple):
    """Behind the frame that brings a conversation's message ``seq`` to a device."""

    device: int
    conversation: int
    seq: int


class Connection(Protocol):
    """The transport's side of a session."""

    @property
    def peer(self) -> str:
        """The client's address, without its port."""

    def write(self, data: bytes) -> None:
        """Send data; :meth:`Outbox.drained` is called when all that was given is out."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...

    def close_soon(self) -> None:
        """Abort if :meth:`close` has not closed it after some time."""

    def close(self) -> None:
        """Close when what was given has been sent."""

    def abort(self) -> None:
        """Close at once."""


class Outbox:
    """Sends frames in order, as fast as the connection takes them.

    :param delivered: called with the marks that have reached the socket.
    :param drained: called when room has come up.
    :param overflowed: called when more than ``limit`` bytes of live pushes wait.
    :param gap: seconds between two frames where each needs a packet of its own, else None.
    """

    __slots__ = (
        "_clock",
        "_connection",
        "_delivered",
        "_drained",
        "_gap",
        "_held",
        "_held_bytes",
        "_in_transport",
        "_is_closing",
        "_limit",
        "_live_bytes",
        "_marks",
        "_next_frame",
        "_overflowed",
        "_postponed",
        "_postponed_bytes",
        "_quiet",
    )

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        limit: int,
        *,
        delivered: Callable[[list[Mark]], None],
        drained: Callable[[], None],
        overflowed: Callable[[], None],
        gap: float | None,
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._limit = limit
        self._delivered = delivered
        self._drained = drained
        self._overflowed = overflowed
        self._gap = gap
        self._held: deque[tuple[bytes, Mark | None, int]] = deque()
        self._held_bytes = 0
        self._live_bytes = 0
        self._in_transport = 0
        self._marks: list[Mark] = []
        self._quiet = 0
        self._postponed: list[tuple[tuple[bytes, ...], Mark | None, bool]] = []
        self._postponed_bytes = 0  # of live pushes
        self._next_frame: Call | None = None
        self._is_closing = False

    @property
    def is_congested(self) -> bool:
        """Whether so much waits that nothing more should be asked for."""
        return self._held_bytes + self._in_transport > CONGESTED

    @property
    def unsent(self) -> int:
        """The bytes of which it is not known that they reached the socket."""
        return self._held_bytes + self._in_transport + self._postponed_bytes

    @property
    def is_empty(self) -> bool:
        """Whether everything has reached the socket."""
        return not (self._held or self._in_transport)

    def reply(self, frames: tuple[bytes, ...]) -> None:
        """Send frames that the client asked for."""
        self._send(frames, None, live=False)

    def push(self, frames: tuple[bytes, ...], mark: Mark | None = None, *, live: bool) -> None:
        """Send frames that the client did not ask for; ``live`` ones count for the limit."""
        if self._quiet:
            if not self._is_closing:
                self._postpone(frames, mark, live=live)
        else:
            self._send(frames, mark, live=live)

    def hush(self) -> None:
        """Postpone all pushes, until as many calls of :meth:`unhush`."""
        self._quiet += 1

    def unhush(self) -> None:
        self._quiet -= 1
        if not self._quiet:
            postponed, self._postponed = self._postponed, []
            self._postponed_bytes = 0
            for frames, mark, live in postponed:
                self._send(frames, mark, live=live)

    def drained(self) -> None:
        """All that the connection was given is out."""
        self._in_transport = 0
        if self._marks:
            marks, self._marks = self._marks, []
            self._delivered(marks)
        if self._held:
            self._give_held()
        elif self._is_closing:
            self._connection.close()
        self._drained()

    def finish(self, frames: tuple[bytes, ...], *, discard: bool) -> None:
        """Send last frames, then close; ``discard`` what has not been given yet."""
        if self._is_closing:
            return
        self._is_closing = True
        self._connection.close_soon()
        if discard:
            self._drop_held()
            for frame in frames:
                self._give(frame)
        else:
            self._hold(frames, None, live=False)
            self._give_held()
        if self.is_empty:
            self._connection.close()

    def lost(self) -> None:
        """The connection is gone."""
        self._is_closing = True
        self._drop_held()
        self._postponed.clear()
        self._postponed_bytes = self._in_transport = 0
        self._marks.clear()
        if self._next_frame is not None:
            self._next_frame.cancel()
            self._next_frame = None

    def _send(self, frames: tuple[bytes, ...], mark: Mark | None, *, live: bool) -> None:
        if self._is_closing:
            return
        if self._held:
            self._hold(frames, mark, live=live)
        elif not frames:
            self._pass(mark)
        elif len(frames) == 1 and self._has_room():
            self._give(frames[0])
            if mark is not None:
                self._marks.append(mark)
        else:
            self._hold(frames, mark, live=live)
            self._give_held()

    def _pass(self, mark: Mark | None) -> None:
        """Note a mark that stands behind all that was given."""
        if mark is not None:
            if self._in_transport:
                self._marks.append(mark)
            else:
                self._delivered([mark])

    def _hold(self, frames: tuple[bytes, ...], mark: Mark | None, *, live: bool) -> None:
        """Queue frames, with the mark behind the last of them."""
        for frame in frames:
            self._held.append((frame, None, len(frame) if live else 0))
        if mark is not None:
            self._held.append((b"", mark, 0))
        size = sum(map(len, frames))
        self._held_bytes += size
        if live:
            self._live_bytes += size
            self._check_limit()

    def _postpone(self, frames: tuple[bytes, ...], mark: Mark | None, *, live: bool) -> None:
        self._postponed.append((frames, mark, live))
        if live:
            self._postponed_bytes += sum(map(len, frames))
            self._check_limit()

    def _check_limit(self) -> None:
        if self._live_bytes + self._postponed_bytes > self._limit:
            self._overflowed()

    def _drop_held(self) -> None:
        self._held.clear()
        self._held_bytes = self._live_bytes = 0

    def _has_room(self) -> bool:
        if self._gap is not None:
            return not self._in_transport and self._next_frame is None
        return self._in_transport < IN_TRANSPORT

    def _give(self, frame: bytes) -> None:
        self._in_transport += len(frame)
        self._connection.write(frame)
        if self._gap is not None:
            self._next_frame = self._clock.callLater(self._gap, self._gap_over)

    def _give_held(self) -> None:
        """Give what there is room for, in one write where frames may be joined."""
        if not self._held or not self._has_room():
            return
        joined: list[bytes] = []
        size = self._in_transport
        limit = IN_TRANSPORT if self._gap is None else 1
        while self._held and (size < limit or not self._held[0][0]):
            frame, mark, live = self._held.popleft()
            self._held_bytes -= len(frame)
            self._live_bytes -= live
            size += len(frame)
            joined.append(frame)
            if mark is not None:
                self._marks.append(mark)
        self._give(b"".join(joined))

    def _gap_over(self) -> None:
        self._next_frame = None
        self._give_held()
