"""The requests of one connection: they take effect and are answered in the order sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from chatserver.wire.codec import Rejected
from chatserver.wire.requests import GroupChat, OneChat, Request

if TYPE_CHECKING:
    from chatserver.sessions.session import Session

_SENDS = (OneChat, GroupChat)
# Bytes of requests in progress, besides their number.
BYTES_IN_PROGRESS = 2**20


class Turn:
    """One request on its way to its answer.

    :param size: the bytes of its frame.
    :param wants_quiet: nothing may be pushed before its answer.
    :param overtakes: it is answered at once, whatever waits.
    """

    __slots__ = ("frames", "is_send", "overtakes", "request", "session", "size", "wants_quiet")

    def __init__(
        self,
        session: Session,
        request: Request | Rejected,
        *,
        size: int = 0,
        wants_quiet: bool = False,
        overtakes: bool = False,
    ) -> None:
        self.session = session
        self.request = request
        self.size = size
        self.is_send = isinstance(request, _SENDS)
        self.wants_quiet = wants_quiet
        self.overtakes = overtakes
        #: The answer, when there is one; () for none to tell.
        self.frames: tuple[bytes, ...] | None = None
        if wants_quiet:
            session.outbox.hush()

    @property
    def is_finished(self) -> bool:
        return self.frames is not None

    def release(self) -> None:
        """Let the next send begin: this one has its place in the log's queue."""
        self.session.requests.released(self)

    def finish(self, frames: tuple[bytes, ...] = ()) -> None:
        """Answer, with frames in the connection's dialect."""
        self.frames = frames
        if self.overtakes:
            self.session.outbox.reply(frames)
        else:
            self.session.requests.finished(self)
        if self.wants_quiet:
            self.session.outbox.unhush()


class RequestQueue:
    """Runs one request at a time, but for sends, of which many may wait for the log.

    :param run: begins a turn; must lead to its ``finish``, now or later.
    :param answer: sends the frames of an answer.
    :param may_run: whether there is room for more answers.
    :param reading: told to pause (False) when ``limit`` requests are in progress, or many bytes
        of them, and to go on (True) when half of them are done.
    """

    __slots__ = (
        "_answer",
        "_bytes",
        "_exclusive",
        "_idle",
        "_is_advancing",
        "_limit",
        "_may_run",
        "_open",
        "_reading",
        "_run",
        "_waiting",
        "is_paused",
    )

    def __init__(
        self,
        limit: int,
        *,
        run: Callable[[Turn], None],
        answer: Callable[[tuple[bytes, ...]], None],
        may_run: Callable[[], bool],
        reading: Callable[[bool], None],
    ) -> None:
        self._limit = limit
        self._run = run
        self._answer = answer
        self._may_run = may_run
        self._reading = reading
        self._waiting: deque[Turn] = deque()
        self._open: deque[Turn] = deque()
        self._bytes = 0
        self._exclusive: Turn | None = None
        self._is_advancing = False
        #: Whether so many are in progress that no more should be read.
        self.is_paused = False
        self._idle: list[Deferred[None]] = []

    @property
    def in_progress(self) -> int:
        """Requests that were received and are not answered."""
        return len(self._waiting) + len(self._open)

    def put(self, turn: Turn) -> None:
        """Take a request."""
        self._waiting.append(turn)
        self._bytes += turn.size
        self.advance()
        if not self.is_paused and (
            self.in_progress >= self._limit or self._bytes >= BYTES_IN_PROGRESS
        ):
            self.is_paused = True
            self._reading(False)

    def released(self, turn: Turn) -> None:
        if self._exclusive is turn:
            self._exclusive = None
            self.advance()

    def finished(self, turn: Turn) -> None:
        if self._exclusive is turn:
            self._exclusive = None
        opened = self._open
        while opened and opened[0].frames is not None:
            done = opened.popleft()
            self._bytes -= done.size
            if done.frames:
                self._answer(done.frames)
        self.advance()
        if (
            self.is_paused
            and self.in_progress <= self._limit // 2
            and self._bytes <= BYTES_IN_PROGRESS // 2
        ):
            self.is_paused = False
            self._reading(True)
        self._tell_idle()

    def advance(self) -> None:
        """Begin what may begin."""
        if self._is_advancing:
            return
        self._is_advancing = True
        try:
            waiting = self._waiting
            while (
                waiting
                and self._exclusive is None
                and (not self._open or (waiting[0].is_send and self._open[-1].is_send))
                and self._may_run()
            ):
                turn = self._exclusive = waiting.popleft()
                self._open.append(turn)
                self._run(turn)
        finally:
            self._is_advancing = False

    def drop_waiting(self) -> None:
        """Forget requests that have not begun."""
        self._waiting.clear()
        self._bytes = sum(turn.size for turn in self._open)
        self._tell_idle()

    def idle(self) -> Deferred[None]:
        """Fires when all requests are answered."""
        idle: Deferred[None] = Deferred()
        if self.in_progress:
            self._idle.append(idle)
        else:
            idle.callback(None)
        return idle

    def _tell_idle(self) -> None:
        if self._idle and not self.in_progress:
            idle, self._idle = self._idle, []
            for deferred in idle:
                deferred.callback(None)
