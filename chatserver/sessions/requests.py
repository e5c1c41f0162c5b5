"""The requests of one connection: they take effect and are answered in the order sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec
from twisted.internet.defer import Deferred

from chatserver.wire.codec import Rejected
from chatserver.wire.frames import Frame
from chatserver.wire.requests import GroupChat, OneChat, Request

if TYPE_CHECKING:
    from chatserver.sessions.session import Session

_SENDS = frozenset({OneChat, GroupChat})
# Bytes of requests in progress, besides their number.
BYTES_IN_PROGRESS = 2**20


class Desk(Protocol):
    """Where requests are handled."""

    def run(self, turn: Turn) -> None:
        """Begin a turn; leads to its ``finish``, now or later."""

    def answer(self, turn: Turn, frame: Frame | None) -> None:
        """Finish a turn with a frame, or with nothing to tell."""

    def refuse(self, turn: Turn, problem: Exception) -> None:
        """Finish a turn with the refusal that an exception stands for."""


class Turn(msgspec.Struct, eq=False):
    """One request on its way to its answer."""

    session: Session
    request: Request | Rejected
    #: The bytes of its frame.
    size: int = 0
    #: Nothing may be pushed before its answer.
    wants_quiet: bool = False
    #: It is answered at once, whatever waits.
    overtakes: bool = False
    #: The answer, when there is one; () for none to tell.
    frames: tuple[bytes, ...] | None = None
    #: Whether it needs a place in the log's queue, and may then wait together with others.
    is_send: bool = False
    #: The turn behind it in its queue.
    next: Turn | None = None

    def release(self) -> None:
        """Let the next send begin: this one has its place in the log's queue."""
        self.session.requests.released(self)

    def finish(self, frames: tuple[bytes, ...] = ()) -> None:
        """Answer, with frames in the connection's dialect."""
        self.frames = frames
        if self.overtakes:
            if frames:
                self.session.outbox.reply(frames)
        else:
            self.session.requests.finished(self)
        if self.wants_quiet:
            self.session.outbox.unhush()


class RequestQueue:
    """Runs one request at a time, but for sends, of which many may wait for the log.

    A session's reading is paused when ``limit`` requests are in progress, or many bytes of them,
    and goes on when half of them are done. Turns are a chain, so that an idle queue holds nothing.
    """

    __slots__ = (
        "_begun",
        "_bytes",
        "_desk",
        "_exclusive",
        "_first",
        "_idle",
        "_is_advancing",
        "_last",
        "_limit",
        "_waiting",
        "in_progress",
        "is_paused",
    )

    def __init__(self, desk: Desk, limit: int) -> None:
        self._desk = desk
        self._limit = limit
        self._first: Turn | None = None  # the oldest that is not answered
        self._begun: Turn | None = None  # the newest that has begun
        self._waiting: Turn | None = None  # the oldest that has not
        self._last: Turn | None = None
        self._bytes = 0
        self._exclusive: Turn | None = None
        self._is_advancing = False
        self._idle: list[Deferred[None]] | None = None
        #: Requests that were received and are not answered.
        self.in_progress = 0
        #: Whether so many are in progress that no more should be read.
        self.is_paused = False

    def put(self, turn: Turn) -> None:
        """Take a request."""
        turn.is_send = type(turn.request) in _SENDS
        if turn.wants_quiet:
            turn.session.outbox.hush()
        self.in_progress += 1
        self._bytes += turn.size
        last, self._last = self._last, turn
        session = turn.session
        if last is None:
            self._first = turn
        else:
            last.next = turn
        begun = self._begun
        may_begin = last is None or (
            turn.is_send
            and begun is not None
            and begun.is_send
            and self._exclusive is None
            and self._waiting is None
        )
        if may_begin and not (session.is_closing or session.outbox.is_congested):
            self._exclusive = self._begun = turn
            self._desk.run(turn)
        else:
            if self._waiting is None:
                self._waiting = turn
            self.advance()
        if not self.is_paused and (
            self.in_progress >= self._limit or self._bytes >= BYTES_IN_PROGRESS
        ):
            self.is_paused = True
            session.set_reading(False)

    def hold(self, turn: Turn) -> None:
        """Let others wait for one that began without a place, as there was none before it."""
        if self._first is None:
            turn.overtakes = False
            self._first = self._last = self._begun = self._exclusive = turn
            self.in_progress += 1
            self._bytes += turn.size

    def released(self, turn: Turn) -> None:
        if self._exclusive is turn:
            self._exclusive = None
            if self._waiting is not None:
                self.advance()

    def finished(self, turn: Turn) -> None:
        if self._exclusive is turn:
            self._exclusive = None
        while (first := self._first) is not None and first.frames is not None:
            self._first = first.next
            if first.next is None:
                self._last = self._begun = None
            self.in_progress -= 1
            self._bytes -= first.size
            if first.frames:
                turn.session.outbox.reply(first.frames)
        if self._waiting is not None:
            self.advance()
        if self.is_paused:
            self._go_on(turn.session)
        if self._idle is not None:
            self._tell_idle()

    def advance(self) -> None:
        """Begin what may begin."""
        if self._is_advancing:
            return
        self._is_advancing = True
        try:
            while (turn := self._waiting) is not None and self._exclusive is None:
                begun, session = self._begun, turn.session
                is_joining = turn.is_send and begun is not None and begun.is_send
                if not is_joining and turn is not self._first:
                    return
                if session.is_closing or session.outbox.is_congested:
                    return
                self._waiting = turn.next
                self._exclusive = self._begun = turn
                self._desk.run(turn)
        finally:
            self._is_advancing = False

    def drop_waiting(self) -> None:
        """Forget requests that have not begun."""
        turn, self._waiting = self._waiting, None
        if turn is self._first:
            self._first = self._begun = self._last = None
        elif turn is not None:
            assert self._begun is not None
            self._begun.next = None
            self._last = self._begun
        while turn is not None:
            self.in_progress -= 1
            self._bytes -= turn.size
            turn = turn.next
        self._tell_idle()

    def idle(self) -> Deferred[None]:
        """Fires when all requests are answered."""
        idle: Deferred[None] = Deferred()
        if not self.in_progress:
            idle.callback(None)
        elif self._idle is None:
            self._idle = [idle]
        else:
            self._idle.append(idle)
        return idle

    def _go_on(self, session: Session) -> None:
        """Read again when enough is done."""
        if self.in_progress <= self._limit // 2 and self._bytes <= BYTES_IN_PROGRESS // 2:
            self.is_paused = False
            session.set_reading(True)

    def _tell_idle(self) -> None:
        if self._idle is not None and not self.in_progress:
            idle, self._idle = self._idle, None
            for deferred in idle:
                deferred.callback(None)
