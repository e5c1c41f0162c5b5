"""The send queue of one connection.

What is given to the transport is bounded; the rest is held here, so that it is known what
reached the socket and what did not.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Protocol

# Bytes in the transport's hands of which it is not known whether they reached the socket.
IN_TRANSPORT = 64 * 1024
# Unsent bytes of replies and pushes at which the next request has to wait.
CONGESTED = 256 * 1024


class Mark(NamedTuple):
    """Behind the frame that brings a conversation's message ``seq`` to a device."""

    device: int
    conversation: int
    seq: int


class Sink(Protocol):
    """A transport, as far as data is given to it."""

    def write(self, data: bytes, /) -> None: ...


class Connection(Protocol):
    """The transport's side of a session."""

    #: When it was opened, by the clock that it was given.
    opened: float
    #: Whether it is one over HTTP.
    is_web: bool

    @property
    def peer(self) -> str:
        """The client's address, without its port."""

    @property
    def sink(self) -> Sink:
        """What takes data to send; :meth:`Outbox.drained` is called when all of it is out."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...

    def close_soon(self) -> None:
        """Abort if :meth:`close` has not closed it after some time."""

    def close(self) -> None:
        """Close when what was given has been sent."""

    def abort(self) -> None:
        """Close at once."""


class Owner(Protocol):
    """Whose outbox it is, and hears of it."""

    def delivered(self, marks: list[Mark]) -> None:
        """These have reached the socket."""

    def drained(self) -> None:
        """All that the connection was given is out."""

    def overflowed(self) -> None:
        """More bytes of live pushes wait than may."""


class _Nobody:
    """The owner of what is lost."""

    def delivered(self, marks: list[Mark]) -> None: ...
    def drained(self) -> None: ...
    def overflowed(self) -> None: ...


_NOBODY = _Nobody()


class Outbox:
    """Sends frames in order, as fast as the connection takes them.

    :param limit: how many bytes of live pushes may wait.
    """

    __slots__ = (
        "_connection",
        "_held",
        "_held_bytes",
        "_in_transport",
        "_is_clear",
        "_is_closing",
        "_limit",
        "_live_bytes",
        "_marks",
        "_owner",
        "_postponed",
        "_postponed_bytes",
        "_quiet",
        "_sink",
        "is_congested",
        "is_watched",
    )

    def __init__(self, owner: Owner, connection: Connection, limit: int) -> None:
        self._owner = owner
        self._connection = connection
        self._sink = connection.sink
        self._limit = limit
        self._held: deque[tuple[bytes, Mark | None, int]] | None = None
        self._held_bytes = 0
        self._live_bytes = 0
        self._in_transport = 0
        self._marks: list[Mark] | None = None
        self._quiet = 0
        self._postponed: list[tuple[tuple[bytes, ...], Mark | None, bool]] | None = None
        self._postponed_bytes = 0  # of live pushes
        self._is_closing = False
        # Whether a frame may go straight to the connection, with nothing to look at: `reply` and
        # `push` then do what `_give` does themselves, as the call is felt at each message.
        self._is_clear = True
        #: Whether so much waits that nothing more should be asked for.
        self.is_congested = False
        #: Whether the owner is to be told of every drain, not only of those that make room.
        self.is_watched = False

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
        if self._is_clear and len(frames) == 1:
            frame = frames[0]
            self._in_transport += len(frame)
            self._sink.write(frame)
            if self._in_transport >= IN_TRANSPORT:
                self._look()
        else:
            self._send(frames, None, live=False)

    def push(self, frames: tuple[bytes, ...], mark: Mark | None = None, *, live: bool) -> None:
        """Send frames that the client did not ask for; ``live`` ones count for the limit."""
        if self._is_clear and len(frames) == 1:
            frame = frames[0]
            self._in_transport += len(frame)
            self._sink.write(frame)
            if self._in_transport >= IN_TRANSPORT:
                self._look()
            if mark is not None:
                self._note(mark)
        elif self._quiet:
            if not self._is_closing:
                self._postpone(frames, mark, live=live)
        else:
            self._send(frames, mark, live=live)

    def hush(self) -> None:
        """Postpone all pushes, until as many calls of :meth:`unhush`."""
        self._quiet += 1
        self._look()

    def unhush(self) -> None:
        self._quiet -= 1
        if not self._quiet:
            postponed, self._postponed = self._postponed, None
            self._postponed_bytes = 0
            for frames, mark, live in postponed or ():
                self._send(frames, mark, live=live)
            self._look()

    def drained(self) -> None:
        """All that the connection was given is out."""
        self._in_transport = 0
        if self._marks is None and self._is_clear and not self.is_watched:
            return
        if self._marks is not None:
            marks, self._marks = self._marks, None
            self._owner.delivered(marks)
        if self._held:
            self._give_held()
        elif self._is_closing:
            self._connection.close()
        self._look()
        self._owner.drained()

    def finish(self, frames: tuple[bytes, ...], *, discard: bool) -> None:
        """Send last frames, then close; ``discard`` what has not been given yet."""
        if self._is_closing:
            return
        self._is_closing = True
        self._is_clear = False
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
        self._postponed = None
        self._postponed_bytes = self._in_transport = 0
        self._marks = None
        # The two would hold each other else, and wait for a search for garbage.
        self._owner = _NOBODY
        self._look()

    @property
    def _has_room(self) -> bool:
        """Whether the connection may be given more now."""
        return self._in_transport < IN_TRANSPORT

    @property
    def _room(self) -> int:
        """For how many bytes, at least one frame."""
        return IN_TRANSPORT - self._in_transport

    def _look(self) -> None:
        """See what may be done, after something has changed."""
        self._is_clear = (
            self._has_room and not self._held and not self._quiet and not self._is_closing
        )
        self.is_congested = self._held_bytes + self._in_transport > CONGESTED

    def _send(self, frames: tuple[bytes, ...], mark: Mark | None, *, live: bool) -> None:
        if self._is_closing:
            return
        if self._held:
            self._hold(frames, mark, live=live)
        elif not frames:
            self._pass(mark)
        elif len(frames) == 1 and self._has_room:
            self._give(frames[0])
            if mark is not None:
                self._note(mark)
        else:
            self._hold(frames, mark, live=live)
            self._give_held()

    def _pass(self, mark: Mark | None) -> None:
        """Note a mark that stands behind all that was given."""
        if mark is not None:
            if self._in_transport:
                self._note(mark)
            else:
                self._owner.delivered([mark])

    def _note(self, mark: Mark) -> None:
        if self._marks is None:
            self._marks = [mark]
        else:
            self._marks.append(mark)

    def _hold(self, frames: tuple[bytes, ...], mark: Mark | None, *, live: bool) -> None:
        """Queue frames, with the mark behind the last of them."""
        if self._held is None:
            self._held = deque()
        for frame in frames:
            self._held.append((frame, None, len(frame) if live else 0))
        if mark is not None:
            self._held.append((b"", mark, 0))
        size = sum(map(len, frames))
        self._held_bytes += size
        self._look()
        if live:
            self._live_bytes += size
            self._check_limit()

    def _postpone(self, frames: tuple[bytes, ...], mark: Mark | None, *, live: bool) -> None:
        if self._postponed is None:
            self._postponed = []
        self._postponed.append((frames, mark, live))
        if live:
            self._postponed_bytes += sum(map(len, frames))
            self._check_limit()

    def _check_limit(self) -> None:
        if self._live_bytes + self._postponed_bytes > self._limit:
            self._owner.overflowed()

    def _drop_held(self) -> None:
        self._held = None
        self._held_bytes = self._live_bytes = 0

    def _give(self, frame: bytes) -> None:
        self._in_transport += len(frame)
        self._sink.write(frame)
        if self._in_transport >= IN_TRANSPORT:
            self._look()

    def _give_held(self) -> None:
        """Give what there is room for, in one write."""
        if not self._held or not self._has_room:
            return
        joined: list[bytes] = []
        room = self._room
        while self._held and (room > 0 or not self._held[0][0]):
            frame, mark, live = self._held.popleft()
            self._held_bytes -= len(frame)
            self._live_bytes -= live
            room -= len(frame)
            joined.append(frame)
            if mark is not None:
                self._note(mark)
        if not self._held:
            self._held = None
        self._give(b"".join(joined))
        self._look()
