"""A client's connection over WebSocket, with the session and the limits of one over TCP."""

from __future__ import annotations

from chatserver.clock import Call, Clock
from chatserver.errors import Malformed
from chatserver.sessions.home import ANSWER_LIMIT, CLOSE_LIMIT, FULL, LINGER, Home, refusal
from chatserver.sessions.outbox import Sink
from chatserver.sessions.session import Session
from chatserver.web.websocket import GOING_AWAY, NORMAL, TRY_LATER, WebSocket
from chatserver.wire.dialects import LINES
from chatserver.wire.frames import Frame, Goodbye


class WebConnection:
    """A client's connection.

    :param peer: the client's address, without its port.
    """

    is_web = True

    def __init__(self, home: Home, clock: Clock, peer: str) -> None:
        self.peer = peer
        self.opened = clock.seconds()
        self.websocket = WebSocket(self)
        self._home = home
        self._clock = clock
        self._session: Session | None = None
        self._abort: Call | None = None
        self._code = NORMAL
        self._is_open = False
        self._is_closing = False
        self._was_told = False  # why it is turned away, as there is no place for it
        self._is_ended = False
        self._is_closed = False
        self._last_heard = self.opened
        self._last_ping = 0.0

    # What the WebSocket tells.

    def on_open(self) -> None:
        self._is_open = True
        self._home.connections.add(self)
        if not self._is_closing:
            self._home.connections.decided(self)
            self._session = self._home.open_session(self, LINES)

    def on_data(self) -> None:
        self._last_heard = self._clock.seconds()

    def on_frame(self, frame: bytes) -> None:
        session = self._session
        if session is not None and not self._is_ended and frame and not frame.isspace():
            self._home.receive(session, frame)

    def on_broken_rule(self, code: int, why: str) -> None:
        session = self._session
        if self._is_closing or session is None:
            self._is_ended = True
            return
        self._code = code
        self._end(session, refusal(Malformed(why)), Goodbye(reason="protocol"))

    def on_close(self) -> None:
        if self._session is None:
            self.close()
        elif not self._is_closing:
            self._end(self._session)

    def on_drained(self) -> None:
        if self._session is not None:
            self._session.outbox.drained()

    def on_lost(self) -> None:
        session, self._session = self._session, None
        if self._is_open:
            self._home.connections.remove(self, None if session is None else session.closed_for)
        if self._abort is not None:
            self._abort.cancel()
            self._abort = None
        if session is not None:
            self._home.session_lost(session)

    # What the session wants.

    @property
    def sink(self) -> Sink:
        """What takes data to send."""
        return self.websocket

    def pause_reading(self) -> None:
        self.websocket.pause()

    def resume_reading(self) -> None:
        """Read again, in a turn of the reactor of its own."""
        self._clock.callLater(0, self._resume)

    def close_soon(self) -> None:
        """Abort if closing takes too long."""
        if self._is_closing:
            return
        self._is_closing = True
        # What still comes is read: what the session takes late, and the client's own closing.
        self._clock.callLater(0, self._resume)
        self._abort_in(CLOSE_LIMIT)

    def close(self) -> None:
        """Close when what was written has been sent."""
        if self._is_closed:
            return
        self._is_closed = True
        session = self._session
        if session is not None and session.closed_for == "shutdown":
            self._code = GOING_AWAY
        if not self._has_unsent:
            self._abort_in(LINGER)
        self.websocket.close(self._code)

    # What the connections of the node want.

    def abort(self) -> None:
        """Close at once."""
        self.websocket.abort()

    def give_way(self) -> None:
        """Close, as a newer connection needs its place; say so where that can be."""
        session = self._session
        if session is None or session.is_closing or self._has_unsent:
            self.abort()
        else:
            session.goodbye(Goodbye(reason="idle"), closed_for="overload")

    def turn_away(self) -> None:
        """Close, as there is no place for it; say so."""
        self._was_told = True
        self._code = TRY_LATER
        self.websocket.write(LINES.encode(refusal(FULL))[0])
        self.close_soon()
        self.close()

    def time_out(self) -> None:
        """Its dialect is known from the start: the session sees to the time for a login."""

    def look(self, silence: float) -> None:
        """Ask a client that has been silent for so many seconds; give up one that stays so."""
        now = self._clock.seconds()
        if self._is_closing or self.websocket.is_paused or now - self._last_heard < silence:
            return
        if self._last_ping <= self._last_heard:
            self._last_ping = now
            self.websocket.ping()
        elif now - self._last_ping >= silence:
            self.abort()

    @property
    def _has_unsent(self) -> bool:
        session = self._session
        return self._was_told if session is None else session.outbox.unsent > 0

    def _end(self, session: Session, *last: Frame) -> None:
        """Take no more requests; answer those there are, send ``last``, and close."""
        self._is_ended = True
        self._abort_in(ANSWER_LIMIT)
        session.end(*last)

    def _resume(self) -> None:
        session = self._session
        if session is None or session.is_closing or not session.requests.is_paused:
            self.websocket.resume()

    def _abort_in(self, seconds: float) -> None:
        if self._abort is not None:
            self._abort.cancel()
        self._abort = self._clock.callLater(seconds, self._abort_now)

    def _abort_now(self) -> None:
        self._abort = None
        self.abort()
