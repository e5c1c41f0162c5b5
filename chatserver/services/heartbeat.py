"""PING and PONG, and the connections of which too little is heard."""

from __future__ import annotations

from msgspec import UNSET, Raw

from chatserver.clock import Clock
from chatserver.dispatcher import Gate, handles
from chatserver.errors import InvalidField
from chatserver.sessions.registry import Registry
from chatserver.sessions.requests import Turn
from chatserver.sessions.session import Session
from chatserver.settings import Settings
from chatserver.wire.codec import compact
from chatserver.wire.fields import MAX_PING
from chatserver.wire.frames import Goodbye, ServerPong
from chatserver.wire.requests import Ping, Pong


class HeartbeatService:
    """Answers PINGs, sends them into silences, and closes what is idle."""

    def __init__(self, registry: Registry, settings: Settings, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock
        self._ping_interval = settings.ping_interval
        self._login_timeout = settings.login_timeout
        #: How often :meth:`look` wants to be called, in seconds.
        self.interval = min(1.0, settings.ping_interval / 4, settings.login_timeout / 4)

    @handles(Ping, gate=Gate.ANYONE, rated=False, overtakes=True)
    def ping(self, turn: Turn, request: Ping) -> ServerPong:  # noqa: ARG002
        if request.t is UNSET:
            return ServerPong()
        t = compact(request.t)
        if len(t) > MAX_PING:
            raise InvalidField(f"t must have at most {MAX_PING} bytes of JSON")
        return ServerPong(t=Raw(t))

    @handles(Pong, gate=Gate.ANYONE, rated=False, answered=False)
    def pong(self, turn: Turn, request: Pong) -> None:
        """Hearing it was all."""

    def look(self) -> None:
        """See to every connection that has been silent for long."""
        now = self._clock.seconds()
        for session in list(self._registry.sessions):
            if not session.is_closing:
                self._look_at(session, now)

    def _look_at(self, session: Session, now: float) -> None:
        login = session.login
        if login is None and now - session.login_since >= self._login_timeout:
            # A login that is being checked may end first.
            if not session.requests.in_progress:
                session.goodbye(Goodbye(reason="idle"), closed_for="login timeout")
            return
        silence = now - session.last_heard
        if silence < self._ping_interval:
            return
        if silence >= 2 * self._ping_interval and login is not None and login.acked is not None:
            session.goodbye(Goodbye(reason="idle"))
        elif now - max(session.last_ping, session.last_heard) >= self._ping_interval:
            session.last_ping = now
            session.ping()
