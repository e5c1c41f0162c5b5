"""From a request to its handler and back: the gates, and the one place errors become replies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum, auto
from typing import Any, NamedTuple, TypeVar

from msgspec import UNSET, UnsetType
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatserver.clock import Clock, sleep
from chatserver.errors import (
    AlreadyLoggedIn,
    ChatError,
    Malformed,
    NotLoggedIn,
    TooMany,
    TryAgain,
)
from chatserver.sessions.requests import Turn
from chatserver.sessions.session import Session
from chatserver.wire.codec import Rejected, decode
from chatserver.wire.frames import Frame, LoginAck, RegisterAck, Reply
from chatserver.wire.requests import Login, Register, Request, msgid_of

R = TypeVar("R", bound=Request)
Answer = Frame | None
Handler = Callable[[Any, Turn, R], Answer | Awaitable[Answer]]
BoundHandler = Callable[[Turn, Any], Answer | Awaitable[Answer]]

_ACKS: dict[int | UnsetType, type[LoginAck] | type[RegisterAck]] = {
    msgid_of(Login): LoginAck,
    msgid_of(Register): RegisterAck,
}


class Gate(Enum):
    """Who may send a request."""

    LOGGED_IN = auto()
    LOGGED_OUT = auto()
    ANYONE = auto()


class Route(NamedTuple):
    """How a kind of request is handled."""

    handler: str
    admit: str | None
    gate: Gate
    is_rated: bool
    overtakes: bool
    is_late: bool


_routes: dict[type[Request], Route] = {}


def handles(
    kind: type[R],
    *,
    gate: Gate = Gate.LOGGED_IN,
    rated: bool = True,
    overtakes: bool = False,
    late: bool = False,
    admit: Callable[[Any, Turn], None] | None = None,
) -> Callable[[Handler[R]], Handler[R]]:
    """Make a service's method the handler of a kind of request.

    It gets the :class:`Turn` and the request, and returns the reply's frame (its ``re`` and
    ``req`` are filled in here), or None for none; or a Deferred or coroutine of it. It may
    also finish the turn itself. What it raises as :class:`ChatError` becomes the refusal.

    :param rated: it counts for the rate limit.
    :param overtakes: it need not wait for the requests before it, while the client reads what
        it is answered.
    :param late: it is taken also while the server stops, and behind a goodbye.
    :param admit: another method of the service, called first, even where a field is invalid;
        what it raises is the refusal.
    """

    def register(method: Handler[R]) -> Handler[R]:
        if kind in _routes:
            raise TypeError(f"{kind.__name__} has two handlers")
        admits = admit.__name__ if admit else None
        _routes[kind] = Route(method.__qualname__, admits, gate, rated, overtakes, late)
        return method

    return register


class Dispatcher:
    """Hands requests to the services' handlers.

    :param services: objects of the classes whose methods are marked with :func:`handles`.
    """

    _log = Logger()

    def __init__(self, services: list[object], clock: Clock) -> None:
        self._clock = clock
        self._handlers: dict[type[Request], BoundHandler] = {}
        self._admits: dict[type[Request], Callable[[Turn], None]] = {}
        self._overtaking = {kind for kind, route in _routes.items() if route.overtakes}
        self._late = {kind for kind, route in _routes.items() if route.is_late}
        self.is_stopping = False
        #: Refusals by errno, since the start.
        self.refused: Counter[int] = Counter()
        by_class = {type(service).__qualname__: service for service in services}
        for kind, route in _routes.items():
            owner, _, method = route.handler.rpartition(".")
            self._handlers[kind] = getattr(by_class[owner], method)
            if route.admit is not None:
                self._admits[kind] = getattr(by_class[owner], route.admit)

    def stop(self) -> None:
        """Begin no more requests, but for the late kinds: answer them 110."""
        self.is_stopping = True

    def receive(self, session: Session, frame: bytes) -> None:
        """Take a frame from a client."""
        session.last_heard = self._clock.seconds()
        request = decode(frame)
        if session.is_closing:
            if type(request) in self._late:
                self.run(Turn(session, request, overtakes=True))
        elif type(request) in self._overtaking and not session.outbox.is_congested:
            self.run(Turn(session, request, overtakes=True))
        else:
            wants_quiet = not session.dialect.talkative and _msgid(request) in _ACKS
            size = len(frame)
            session.requests.put(Turn(session, request, size=size, wants_quiet=wants_quiet))

    def run(self, turn: Turn) -> None:
        """Begin a request's turn."""
        try:
            result = self._handle(turn)
        except Exception:
            self._failed(Failure(), turn)
            return
        if result is None or isinstance(result, Frame):
            self._answer(result, turn)
        else:
            self._wait(result, turn)

    def _wait(self, result: Awaitable[Answer], turn: Turn) -> None:
        if isinstance(result, Coroutine):
            result = Deferred.fromCoroutine(result)
        assert isinstance(result, Deferred)
        result.addCallback(self._answer, turn).addErrback(self._failed, turn)

    def _handle(self, turn: Turn) -> Answer | Awaitable[Answer]:
        request = turn.request
        kind = request.kind if isinstance(request, Rejected) else type(request)
        if kind is None:
            assert isinstance(request, Rejected)
            raise request.error
        route = _routes[kind]
        if self.is_stopping and not route.is_late:
            raise TryAgain("the server is stopping; try again", retry_after=1.0)
        login = turn.session.login
        if route.gate is Gate.LOGGED_IN and login is None:
            raise NotLoggedIn
        if route.gate is Gate.LOGGED_OUT and login is not None:
            raise AlreadyLoggedIn
        if route.is_rated:
            bucket = turn.session.bucket if login is None else login.account.bucket
            wait = bucket.take()
            if wait:
                return self._over_the_rate(turn, wait)
        if kind in self._admits:
            self._admits[kind](turn)
        if isinstance(request, Rejected):
            raise request.error
        return self._handlers[kind](turn, request)

    async def _over_the_rate(self, turn: Turn, wait: float) -> Answer:
        """Refuse, or let a classic client, which would not be told, wait."""
        if turn.session.dialect.talkative:
            raise TooMany(retry_after=wait)
        await sleep(self._clock, wait)
        result = self._handle(turn)
        return result if result is None or isinstance(result, Frame) else await result

    def _answer(self, frame: Answer, turn: Turn) -> None:
        if turn.is_finished:
            return
        if frame is None:
            turn.finish()
            return
        if isinstance(frame, Reply) and frame.errno != Malformed.errno:
            frame.re = _msgid(turn.request)
        elif isinstance(frame, RegisterAck):
            turn.session.login_since = self._clock.seconds()
        if turn.request.req is not UNSET:
            frame.req = turn.request.req  # type: ignore[attr-defined]
        turn.finish(turn.session.dialect.encode(frame))

    def _failed(self, failure: Failure, turn: Turn) -> None:
        error = failure.value
        if not isinstance(error, ChatError):
            self._log.failure("a request failed", failure=failure)
            error = TryAgain(retry_after=1.0)
        self.refused[error.errno] += 1
        if not turn.session.dialect.talkative:
            self._log_silent_refusal(turn.session, error)
        self._answer(_refusal(turn.request, error), turn)

    def _log_silent_refusal(self, session: Session, error: ChatError) -> None:
        """Log what a classic client is not told, the first time that it happens to it."""
        if error.errno not in session.silently_refused:
            session.silently_refused.add(error.errno)
            self._log.info(
                "a classic client at {peer} was refused: {errmsg!r} (errno {errno})",
                peer=session.connection.peer,
                errmsg=error.errmsg,
                errno=error.errno,
            )


def _msgid(request: Request | Rejected) -> int | UnsetType:
    return request.msgid if isinstance(request, Rejected) else msgid_of(type(request))


def _refusal(request: Request | Rejected, error: ChatError) -> Frame:
    kind = _ACKS.get(_msgid(request), Reply)
    return kind(
        errno=error.errno,
        errmsg=error.errmsg,
        retry_after=UNSET if error.retry_after is None else _in_milliseconds(error.retry_after),
    )


def _in_milliseconds(seconds: float) -> float:
    """Rounded up: who waits so long has waited long enough."""
    return math.ceil(seconds * 1000) / 1000
