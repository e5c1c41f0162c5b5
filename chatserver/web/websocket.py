"""The framing of a WebSocket: text frames in, text frames out, and how it ends.

Autobahn takes the protocol apart; what it does beyond that (timers, logs, waiting events, its own
way to fail) is not used, so that a WebSocket keeps the limits that any connection has.
"""

from __future__ import annotations

from typing import Any, Protocol

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet.interfaces import IPullProducer
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from txaio import make_logger  # type: ignore[attr-defined]
from zope.interface import implementer

from chatserver.sockets import below_tls

#: Why a WebSocket is closed, by the numbers of RFC 6455.
NORMAL, GOING_AWAY, BROKEN_RULE, NOT_TEXT, NOT_UTF8, TOO_LONG, TRY_LATER = (
    1000, 1001, 1002, 1003, 1007, 1009, 1013,
)  # fmt: skip
# Autobahn copies what it has not taken apart at each frame: so it is given little at a time.
_PIECE = 4096  # bytes


class User(Protocol):
    """Who talks over a WebSocket, and what it is told."""

    def on_open(self) -> None: ...

    def on_data(self) -> None:
        """Something came, whatever it is."""

    def on_frame(self, frame: bytes) -> None:
        """A text frame came, which is valid UTF-8."""

    def on_broken_rule(self, code: int, why: str) -> None:
        """The client broke a rule of the framing; no more frames come."""

    def on_close(self) -> None:
        """The client wants to close, and waits for :meth:`WebSocket.close`; no more frames come."""

    def on_drained(self) -> None:
        """All that was written has reached the socket."""

    def on_lost(self) -> None: ...


@implementer(IPullProducer)
class _DrainWatch:
    """Is asked by a transport for more when all that was written is out; has none of its own."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    def resumeProducing(self) -> None:
        self._websocket.drained()

    def stopProducing(self) -> None:
        """The connection is gone; the WebSocket hears of it itself."""


class WebSocket(WebSocketServerProtocol):
    """One WebSocket, on a connection whose request for it has been read.

    :param user: who talks over it.
    """

    factory: Any
    transport: Any
    #: Anybody could fill the log with their mistakes.
    log = make_logger("none")

    def __init__(self, user: User) -> None:
        super().__init__()
        self._user = user
        self._socket: Any = None
        self._unread = b""
        self._is_paused = False
        self._is_deaf = False  # nothing that comes has a meaning any more
        self._closed_by_client: tuple[int, bytes] | None = None
        self._pong_waits_for: bytes | None = None
        self._has_sent_pong = False

    # What the user calls.

    def write(self, data: bytes) -> None:
        """Send frames, behind each of which stands a line's end."""
        if self.state == self.STATE_OPEN:
            prepare = self.factory.prepareMessage
            frames = [prepare(frame).payloadHybi for frame in data.split(b"\n") if frame]
            self.transport.write(b"".join(frames))

    def ping(self) -> None:
        """Ask the client's WebSocket, not the client, for a sign of life."""
        self.sendPing()

    def pause(self) -> None:
        self._is_paused = True
        self.transport.pauseProducing()

    def resume(self) -> None:
        if not self._is_paused or self._socket is None:
            return
        self._is_paused = False
        self.transport.resumeProducing()
        self.consumeData()
        self._take_apart()

    @property
    def is_paused(self) -> bool:
        return self._is_paused

    def close(self, code: int) -> None:
        """Close behind what was written; it ends when the client has closed, too."""
        if self._closed_by_client is not None:
            super().onCloseFrame(*self._closed_by_client)
        elif self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=code)

    def abort(self) -> None:
        """End it at once."""
        self.transport.abortConnection()

    # What Twisted calls.

    def connectionMade(self) -> None:
        # The HTTP that was spoken before has registered itself.
        self.transport.unregisterProducer()
        self._socket = below_tls(self.transport)
        super().connectionMade()
        self._socket.registerProducer(_DrainWatch(self), False)

    def dataReceived(self, data: bytes) -> None:
        if not self._is_deaf:
            self._user.on_data()
            self._unread += data
            self._take_apart()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._socket = None
        self._connectionLost(reason)  # type: ignore[arg-type]
        self._user.on_lost()

    def drained(self) -> None:
        """Called when all that was written has reached the socket."""
        socket = self._socket
        if socket is not None and socket.disconnecting:
            # TLS closes the socket below it when the client does, and it waits for us.
            self.unregisterProducer()
        self._has_sent_pong = False
        if self._pong_waits_for is not None:
            payload, self._pong_waits_for = self._pong_waits_for, None
            self.onPing(payload)
        self._user.on_drained()

    # What Autobahn calls.

    def onOpen(self) -> None:
        self._user.on_open()

    def onMessageEnd(self) -> None:
        pieces, self.message_data = self.message_data, []
        if self.failedByMe or self._closed_by_client is not None:
            return
        frame = b"".join(pieces)
        if self.message_is_binary:
            self._fail_connection(NOT_TEXT, "binary frames are not understood; send text frames")
        elif not _is_utf8(frame):
            self._fail_connection(NOT_UTF8, "a text frame must be valid UTF-8")
        else:
            self._user.on_frame(frame)

    def onPing(self, payload: bytes) -> None:
        """Answer; where a client does not read its answers, only the last one is kept for it."""
        if self._has_sent_pong:
            self._pong_waits_for = payload
        else:
            self._has_sent_pong = True
            self.sendPong(payload)

    def onCloseFrame(self, code: int, reasonRaw: bytes) -> bool | None:
        if self.state != self.STATE_OPEN:
            return super().onCloseFrame(code, reasonRaw)
        if self._closed_by_client is None:
            self._closed_by_client = code, reasonRaw
            self._is_deaf = True
            self._user.on_close()
        return None

    def processData(self) -> bool:
        if self._is_paused or self._is_deaf:
            return False
        return super().processData()

    def unregisterProducer(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.unregisterProducer()

    def _max_message_size_exceeded(self, msg_size: int, max_msg_size: int, reason: str) -> None:  # noqa: ARG002
        self._fail_connection(TOO_LONG, f"a frame may have at most {max_msg_size} bytes")

    def _fail_connection(self, code: int = GOING_AWAY, reason: str = "going away") -> None:
        """Called for all that breaks a rule."""
        if code == BROKEN_RULE:
            # Behind a frame that is only too long or no text, the next one can still be found.
            self._is_deaf = True
        if not self.failedByMe:
            self.failedByMe = True
            self._user.on_broken_rule(code, reason)

    def _take_apart(self) -> None:
        while self._unread and not (self._is_paused or self._is_deaf):
            piece, self._unread = self._unread[:_PIECE], self._unread[_PIECE:]
            self._dataReceived(piece)
        if self._is_deaf:
            self._unread = b""


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def websockets(reactor: Any, max_frame: int) -> WebSocketServerFactory:
    """The factory that every :class:`WebSocket` belongs to."""
    factory = WebSocketServerFactory(reactor=reactor, server="")
    factory.setProtocolOptions(
        versions=[13],
        webStatus=False,
        utf8validateIncoming=False,  # done at once for each frame, which costs less
        maxMessagePayloadSize=max_frame,
        failByDrop=False,
        openHandshakeTimeout=0,
        closeHandshakeTimeout=0,
    )
    return factory
