"""From a request to its handler and back: the gates, and the one place errors become replies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Any, NamedTuple, TypeVar

from msgspec import UNSET, UnsetType
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
from chatserver.sessions.limits import Buckets, TokenBucket
from chatserver.sessions.requests import Turn
from chatserver.sessions.session import Session
from chatserver.settings import Settings
from chatserver.spawn import spawn
from chatserver.wire.codec import Rejected, decode
from chatserver.wire.frames import Frame, LoginAck, RegisterAck, Reply
from chatserver.wire.requests import Login, Register, Request, msgid_of


class Later(Enum):
    """What a handler returns that answers its turn by itself, when the time has come."""

    LATER = auto()


LATER = Later.LATER
R = TypeVar("R", bound=Request)
Answer = Frame | Later | None
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
    is_answered: bool


class Way:
    """A route with its handler."""

    __slots__ = ("admit", "handle", "is_late", "is_rated", "login")

    def __init__(self, route: Route, services: dict[str, object]) -> None:
        owner, _, method = route.handler.rpartition(".")
        service = services[owner]
        self.handle: BoundHandler = getattr(service, method)
        self.admit: Callable[[Turn], None] | None = (
            None if route.admit is None else getattr(service, route.admit)
        )
        #: Whether one has to be logged in, or must not be; None where it does not matter.
        self.login = _LOGIN[route.gate]
        self.is_rated = route.is_rated
        self.is_late = route.is_late


_LOGIN = {Gate.LOGGED_IN: True, Gate.LOGGED_OUT: False, Gate.ANYONE: None}
_routes: dict[type[Request], Route] = {}


def handles(
    kind: type[R],
    *,
    gate: Gate = Gate.LOGGED_IN,
    rated: bool = True,
    overtakes: bool = False,
    late: bool = False,
    answered: bool = True,
    admit: Callable[[Any, Turn], None] | None = None,
) -> Callable[[Handler[R]], Handler[R]]:
    """Make a service's method the handler of a kind of request.

    It gets the :class:`Turn` and the request, and returns the reply's frame (its ``re`` and
    ``req`` are filled in here), or None for none; or a Deferred or coroutine of it; or
    ``LATER``, and answers the turn by itself. What it raises as :class:`ChatError` becomes the
    refusal.

    :param rated: it counts for the rate limit.
    :param overtakes: it need not wait for the requests before it, while the client reads what
        it is answered.
    :param answered: whether there is an answer where it is not refused. One that is not, and meets
        no other in progress, takes no turn in the queue.
    :param late: it is taken also while the server stops, and behind a goodbye.
    :param admit: another method of the service, called first, even where a field is invalid;
        what it raises is the refusal.
    """

    def register(method: Handler[R]) -> Handler[R]:
        if kind in _routes:
            raise TypeError(f"{kind.__name__} has two handlers")
        admits = admit.__name__ if admit else None
        _routes[kind] = Route(method.__qualname__, admits, gate, rated, overtakes, late, answered)
        return method

    return register


class Dispatcher:
    """Hands requests to the services' handlers. Implements :class:`Desk`.

    :param services: objects of the classes whose methods are marked with :func:`handles`.
    """

    _log = Logger()

    def __init__(self, services: list[object], settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._seconds = clock.seconds
        by_class = {type(service).__qualname__: service for service in services}
        self._ways = {kind: Way(route, by_class) for kind, route in _routes.items()}
        self._overtaking = {kind for kind, route in _routes.items() if route.overtakes}
        self._unanswered = {kind for kind, route in _routes.items() if not route.is_answered}
        self._is_rated = settings.rate > 0
        self._new_bucket = lambda: TokenBucket(settings.rate, settings.burst, clock.seconds)
        self._buckets = Buckets(settings.rate, settings.burst, clock.seconds)
        self.is_stopping = False
        #: Refusals by errno, since the start.
        self.refused: Counter[int] = Counter()

    def stop(self) -> None:
        """Begin no more requests, but for the late kinds: answer them 110."""
        self.is_stopping = True

    def receive(self, session: Session, frame: bytes) -> None:
        """Take a frame from a client."""
        session.last_heard = self._seconds()
        request = decode(frame)
        kind = type(request)
        if session.is_closing:
            if kind in self._ways and self._ways[kind].is_late:
                self.run(Turn(session, request, overtakes=True))
        elif not session.outbox.is_congested and (
            (kind in self._unanswered and not session.requests.in_progress)
            or kind in self._overtaking
        ):
            self.run(Turn(session, request, overtakes=True))
        else:
            wants_quiet = not session.dialect.talkative and _msgid(request) in _ACKS
            session.requests.put(Turn(session, request, size=len(frame), wants_quiet=wants_quiet))

    def run(self, turn: Turn) -> None:
        """Begin a request's turn."""
        try:
            result = self._handle(turn)
        except Exception as problem:
            self.refuse(turn, problem)
            return
        if result is LATER:
            return
        if result is None:
            turn.finish()
        elif isinstance(result, Frame):
            self.answer(turn, result)
        else:
            if turn.overtakes:
                turn.session.requests.hold(turn)
            spawn(self._wait(turn, result), "answering a request")

    def answer(self, turn: Turn, frame: Frame | None) -> None:
        """Finish a turn with a frame, whose ``re`` and ``req`` are filled in, or with None."""
        if turn.frames is not None:
            return
        if frame is None:
            turn.finish()
            return
        if isinstance(frame, Reply):
            if frame.errno != Malformed.errno:
                frame.re = _msgid(turn.request)
        elif isinstance(frame, RegisterAck):
            turn.session.login_since = self._seconds()
        if turn.request.req is not UNSET:
            frame.req = turn.request.req  # type: ignore[attr-defined]
        turn.finish(turn.session.dialect.encode(frame))

    def refuse(self, turn: Turn, problem: Exception) -> None:
        """Finish a turn with the refusal that an exception stands for.

        What is no :class:`ChatError` is logged, and stays in the server.
        """
        if isinstance(problem, ChatError):
            error = problem
        else:
            self._log.failure("a request failed", failure=Failure(problem))
            error = TryAgain(retry_after=1.0)
        self.refused[error.errno] += 1
        if not turn.session.dialect.talkative:
            self._log_silent_refusal(turn.session, error)
        self.answer(turn, _refusal(turn.request, error))

    async def _wait(self, turn: Turn, result: Awaitable[Answer]) -> None:
        try:
            answer = await result
        except Exception as problem:
            self.refuse(turn, problem)
        else:
            if answer is not LATER:
                self.answer(turn, answer)

    def _handle(self, turn: Turn) -> Answer | Awaitable[Answer]:
        request = turn.request
        way = self._ways.get(type(request))  # type: ignore[arg-type]
        if way is None:
            way = self._way_of_rejected(request)
        if self.is_stopping and not way.is_late:
            raise TryAgain("the server is stopping; try again", retry_after=1.0)
        is_logged_in = turn.session.login is not None
        if way.login is not None and way.login is not is_logged_in:
            raise NotLoggedIn if way.login else AlreadyLoggedIn
        if self._is_rated and way.is_rated:
            wait = self._bucket_of(turn.session).take()
            if wait:
                return self._over_the_rate(turn, wait)
        if way.admit is not None:
            way.admit(turn)
        if isinstance(request, Rejected):
            raise request.error
        return way.handle(turn, request)

    def _way_of_rejected(self, request: Request | Rejected) -> Way:
        """The way on which a request with an invalid field meets the checks before it.

        :raises ChatError: there is none, as its kind is not known.
        """
        assert isinstance(request, Rejected)
        if request.kind is None:
            raise request.error
        return self._ways[request.kind]

    def _bucket_of(self, session: Session) -> TokenBucket:
        """What limits a session's requests, its account's if somebody is logged in."""
        login = session.login
        if login is None:
            if session.bucket is None:
                session.bucket = self._new_bucket()
            return session.bucket
        account = login.account
        if account.bucket is None:
            account.bucket = self._buckets.of(str(account.id))
        return account.bucket

    async def _over_the_rate(self, turn: Turn, wait: float) -> Answer:
        """Refuse, or let a classic client, which would not be told, wait."""
        if turn.session.dialect.talkative:
            raise TooMany(retry_after=wait)
        await sleep(self._clock, wait)
        result = self._handle(turn)
        return await result if isinstance(result, Awaitable) else result

    def _log_silent_refusal(self, session: Session, error: ChatError) -> None:
        """Log what a classic client is not told, the first time that it happens to it."""
        if session.is_news(error.errno):
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
