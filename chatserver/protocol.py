"""TCP connections: framing, backpressure, and nothing else."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IPullProducer,
    ITCPTransport,
)
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from chatserver.clock import Call, Clock
from chatserver.errors import ChatError, Malformed
from chatserver.proxied import BadHeader, HeaderReader, NoHeader
from chatserver.sessions.home import ANSWER_LIMIT, CLOSE_LIMIT, FULL, LINGER, Home, refusal
from chatserver.sessions.session import Session
from chatserver.settings import Settings
from chatserver.sockets import below_tls, tune
from chatserver.wire.dialects import CLASSIC, LINES, Dialect
from chatserver.wire.frames import Frame, Goodbye
from chatserver.wire.framing import ClassicSplitter, FrameTooLong

_NO_HEADER = (
    "this address is set as a trusted proxy (--proxies), so its connections must begin with a "
    "PROXY protocol header"
)
_connection_done = Failure(ConnectionDone())


@implementer(IPullProducer)
class _DrainWatch:
    """Is told by a transport when all that was written has reached the socket.

    A pull producer that is asked for data, but has none of its own.
    """

    __slots__ = ("_protocol",)

    def __init__(self, protocol: ChatProtocol) -> None:
        self._protocol = protocol

    def resumeProducing(self) -> None:
        protocol = self._protocol
        socket = protocol._socket
        if socket is not None and socket.disconnecting:
            # TLS closes the socket below it when the client does, and it waits for us.
            socket.unregisterProducer()
            protocol._socket = None
        if protocol._session is not None:
            protocol._session.outbox.drained()

    def stopProducing(self) -> None:
        """The connection is gone; the protocol hears of it itself."""


@implementer(IHalfCloseableProtocol)
class ChatProtocol(LineReceiver):
    """A client's connection.

    :param header: reads the PROXY header with which a connection through a proxy begins.
    """

    __slots__ = (
        "_abort",
        "_buffer",
        "_busyReceiving",
        "_client",
        "_clock",
        "_closed_for",
        "_header",
        "_home",
        "_is_closing",
        "_is_ended",
        "_is_read_closed",
        "_session",
        "_settings",
        "_socket",
        "_splitter",
        "_was_told",
        "connected",
        "factory",
        "line_mode",
        "opened",
        "paused",
        "transport",
    )
    delimiter = b"\n"
    is_web = False
    transport: Any
    factory: Any

    def __init__(
        self, home: Home, settings: Settings, clock: Clock, header: HeaderReader | None = None
    ) -> None:
        # What LineReceiver and its bases have on their classes.
        self.transport = None
        self.connected = 0
        self.paused = False
        self.line_mode = 1
        self._buffer = b""
        self._busyReceiving = False
        self._home = home
        self._clock = clock
        self._header = header
        self._client: str | None = None
        self._settings = settings
        self._session: Session | None = None
        self._splitter: ClassicSplitter | None = None
        self._socket: Any = None
        self._abort: Call | None = None
        self._is_closing = False
        self._was_told = False  # why it is turned away, before its dialect is known
        self._is_ended = False
        self._is_read_closed = False
        self._closed_for: str | None = None
        self.opened = clock.seconds()

    @property
    def MAX_LENGTH(self) -> int:  # type: ignore[override]  # noqa: N802
        """A line may end with ``\\r\\n``, of which the ``\\r`` is no part of the frame."""
        return self._settings.max_frame + 1

    @property
    def peer(self) -> str:
        """The client's address, without its port."""
        return self._client or str(getattr(self.transport.getPeer(), "host", "local"))

    def connectionMade(self) -> None:
        self._socket = below = below_tls(self.transport)
        below.registerProducer(_DrainWatch(self), False)
        tune(below.getHandle(), self._settings.keepalive)
        self._home.connections.add(self)

    def dataReceived(self, data: bytes) -> None:
        if self._is_ended or (self._is_closing and not self._hears_late):
            return
        session = self._session
        if session is None:
            if self._header is not None:
                data = self._after_header(self._header, data)
            dialect = _dialect_of(data)
            if dialect is not None:
                session = self._decide(dialect)
        if session is None or self.paused or not self.line_mode:
            super().dataReceived(data)
        elif (
            not self._buffer
            and data.find(b"\n") == len(data) - 1 <= self._settings.max_frame
            and data.startswith(b"{")
        ):
            # One frame, of the usual look: as JSON, it may keep its end.
            self._home.receive(session, data)
        else:
            self._take_lines(session, self._buffer + data)

    def _take_lines(self, session: Session, data: bytes) -> None:
        """Take all lines apart at once, where LineReceiver would copy what is left for each."""
        lines = data.split(b"\n")
        self._buffer = lines.pop()
        longest, receive = self._settings.max_frame, self._home.receive
        for number, line in enumerate(lines, 1):
            if line.startswith(b"{") and len(line) <= longest:
                receive(session, line)
            else:
                self.lineReceived(line)
            if (self.paused or self._is_ended) and number < len(lines):
                self._buffer = b"\n".join([*lines[number:], self._buffer])
                return
        if len(self._buffer) > self.MAX_LENGTH:
            line, self._buffer = self._buffer, b""
            self.lineLengthExceeded(line)

    def lineReceived(self, line: bytes) -> None:
        if self._is_ended:
            return
        frame = line[:-1] if line.endswith(b"\r") else line
        if len(frame) > self._settings.max_frame:
            self.lineLengthExceeded(line)
        elif not frame.isspace() and frame:
            assert self._session is not None
            self._home.receive(self._session, frame)

    def rawDataReceived(self, data: bytes) -> None:
        splitter = self._splitter
        assert splitter is not None
        assert self._session is not None
        splitter.feed(data)
        try:
            while not (self.paused or self._is_ended or self._session.is_closing):
                frame = splitter.next_frame()
                if frame is None:
                    break
                self._home.receive(self._session, frame)
        except FrameTooLong:
            self._end(self._session, Goodbye(reason="protocol"))

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: ARG002
        if self._is_closing:
            self._is_ended = True
            return
        error = Malformed(f"a frame may have at most {self._settings.max_frame} bytes")
        if self._session is None:
            self._turn_away(error)
        else:
            self._end(self._session, refusal(error), Goodbye(reason="protocol"))

    def connectionLost(self, reason: Failure = _connection_done) -> None:  # noqa: ARG002
        session = self._session
        closed_for = self._closed_for if session is None else session.closed_for
        self._home.connections.remove(self, closed_for)
        if self._abort is not None:
            self._abort.cancel()
            self._abort = None
        if session is not None:
            self._session = None
            self._home.session_lost(session)

    def readConnectionLost(self) -> None:
        """The client sends nothing more, but may read on: so do scripts that pipe into us."""
        self._is_read_closed = True
        if self._socket is None:  # so is ours
            self.transport.loseConnection()
        elif self._session is None:
            self.close()
        elif not self._is_closing:
            self._end(self._session)

    def writeConnectionLost(self) -> None:
        """Called when our side is closed, which we did ourselves."""

    @property
    def sink(self) -> Any:
        """What takes data to send; the session's outbox hears when it is out."""
        return self.transport

    def pause_reading(self) -> None:
        self.pauseProducing()

    def resume_reading(self) -> None:
        """Read again, in a turn of the reactor of its own."""
        self._clock.callLater(0, self._resume)

    def close_soon(self) -> None:
        """Abort if closing takes too long."""
        if self._is_closing:
            return
        self._is_closing = True
        # What still comes is read, and dropped but for what the session takes late: closing a
        # socket with unread data would reset it, and the client might never read why.
        self.transport.resumeProducing()
        self._abort_in(CLOSE_LIMIT)

    def close(self) -> None:
        """Close when what was written has been sent."""
        if self._socket is None:
            return
        self._socket.unregisterProducer()
        can_linger = self._socket is self.transport and ITCPTransport.providedBy(self._socket)
        if can_linger and not self._is_read_closed:
            if not self._has_unsent:
                self._abort_in(LINGER)
            self.transport.loseWriteConnection()
        else:
            self.transport.loseConnection()
        self._socket = None

    @property
    def _has_unsent(self) -> bool:
        session = self._session
        return self._was_told if session is None else session.outbox.unsent > 0

    @property
    def _hears_late(self) -> bool:
        """Whether frames are taken apart while it closes: not where they would pile up."""
        return self._session is not None and self._splitter is None and not self.paused

    def _after_header(self, header: HeaderReader, data: bytes) -> bytes:
        """What of the data stands behind the PROXY header."""
        try:
            rest = header.feed(data)
        except BadHeader as problem:
            self.factory.bad_header(self.peer, problem)
            self._turn_away(Malformed(_NO_HEADER) if isinstance(problem, NoHeader) else None)
            return b""
        if rest is None:
            return b""
        self._client = header.client
        self._header = None
        return rest

    def _turn_away(self, error: ChatError | None) -> None:
        """Close a connection whose dialect is not known, after telling it why."""
        self._closed_for = "protocol"
        if error is not None:
            self._was_told = True
            self.transport.write(LINES.encode(refusal(error))[0])
        self.close_soon()
        self.close()

    def _end(self, session: Session, *last: Frame) -> None:
        """Take no more requests; answer those there are, send ``last``, and close."""
        self._is_ended = True
        self._abort_in(ANSWER_LIMIT)
        session.end(*last)

    def _decide(self, dialect: Dialect) -> Session:
        self._home.connections.decided(self)
        session = self._session = self._home.open_session(self, dialect)
        if dialect is CLASSIC:
            self._splitter = ClassicSplitter(self._settings.max_frame)
            self.line_mode = 0
        return session

    def abort(self) -> None:
        """Close at once."""
        self.transport.abortConnection()

    def give_way(self) -> None:
        """Close, as a newer connection needs its place; say so where that can be."""
        session = self._session
        if session is None or session.is_closing or self._has_unsent:
            self.abort()
        else:
            session.goodbye(Goodbye(reason="idle"), closed_for="overload")

    def turn_away(self) -> None:
        """Close, as there is no place for it; say so, in lines, as its dialect is not known."""
        self._turn_away(FULL)

    def time_out(self) -> None:
        """Close a connection that has not shown its dialect in time."""
        self._closed_for = "login timeout"
        self.close_soon()
        self.close()

    def _resume(self) -> None:
        session = self._session
        if session is None or session.is_closing or session.requests.is_paused:
            return
        self.resumeProducing()
        if self._splitter is not None:
            self.rawDataReceived(b"")

    def _abort_in(self, seconds: float) -> None:
        if self._abort is not None:
            self._abort.cancel()
        self._abort = self._clock.callLater(seconds, self._abort_now)

    def _abort_now(self) -> None:
        self._abort = None
        self.transport.abortConnection()


def _dialect_of(data: bytes) -> Dialect | None:
    """The dialect that the first terminator in the data stands for."""
    newline, nul = data.find(b"\n"), data.find(b"\0")
    if newline < 0 and nul < 0:
        return None
    return LINES if nul < 0 or 0 <= newline < nul else CLASSIC
