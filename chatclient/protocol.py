"""One connection to a server: requests out, their answers and the server's events in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args, overload

import msgspec
from msgspec import UNSET
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from chatclient.errors import BadFrame, ReplyTimeout
from chatclient.interfaces import Clock, DelayedCall
from chatserver.errors import Malformed, from_reply
from chatserver.wire.frames import (
    AnyFrame,
    Goodbye,
    GroupChatPush,
    LoginAck,
    OneChatPush,
    PresencePush,
    RegisterAck,
    Reply,
    ServerPing,
    ServerPong,
    SignalPush,
    decode_frame,
)
from chatserver.wire.requests import (
    Ack,
    AddFriend,
    AddGroup,
    CreateGroup,
    GroupChat,
    History,
    Login,
    Loginout,
    OneChat,
    Ping,
    Pong,
    Register,
    Signal,
    msgid_of,
)

Event = OneChatPush | GroupChatPush | PresencePush | Goodbye | SignalPush | Reply
"""What comes unasked; a :class:`Reply` only as the refusal of what gets no answer."""

Plain = OneChat | GroupChat | AddFriend | CreateGroup | AddGroup | Loginout | History
"""The requests that a :class:`Reply` answers."""

Answered = Login | Register | Ping | Plain
Answer = LoginAck | RegisterAck | Reply | ServerPong

_KNOWN_MSGIDS = frozenset(msgid_of(kind) for kind in get_args(AnyFrame))
# What the parser raises; RecursionError for too deep a nesting.
_UNPARSABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_log = Logger()


class _Numbered(msgspec.Struct):
    """As much of a frame as tells whether this version knows its kind."""

    msgid: int


@dataclass(slots=True)
class _Outstanding:
    request: type[Answered]
    answer: Deferred[Any]
    timeout: DelayedCall


class ChatClientProtocol(LineReceiver):
    """Speaks the lines dialect with one server over one connection.

    :param clock: a reactor, or a clock in tests.
    :param on_event: called with each :data:`Event`, in the order they come. What it
        raises is logged and does no harm to the connection.
    :param on_lost: called once, with why, when the connection is gone; before that, every
        request still open has failed with the same reason.
    :param reply_timeout: seconds a request may wait for its answer; after that the server
        counts as hung and the connection is closed.
    """

    delimiter = b"\n"
    MAX_LENGTH = sys.maxsize
    # An ITCPTransport, or any other stream transport.
    transport: Any

    def __init__(
        self,
        clock: Clock,
        on_event: Callable[[Event], None],
        on_lost: Callable[[Failure], None],
        *,
        reply_timeout: float = 15.0,
    ) -> None:
        self._clock = clock
        self._on_event = on_event
        self._on_lost = on_lost
        self._reply_timeout = reply_timeout
        self._outstanding: dict[int, _Outstanding] = {}
        self._last_req = 0
        self._lost: Failure | None = None

    @overload
    def request(self, message: Login) -> Deferred[LoginAck]: ...
    @overload
    def request(self, message: Register) -> Deferred[RegisterAck]: ...
    @overload
    def request(self, message: Ping) -> Deferred[ServerPong]: ...
    @overload
    def request(self, message: Plain) -> Deferred[Reply]: ...

    def request(self, message: Answered) -> Deferred[Any]:
        """Send a request; its answer, once that came. Any ``req`` in it is replaced.

        Requests may be sent without waiting; the server takes them in order. A cancelled
        one may have taken effect all the same.

        Fails with the :class:`~chatserver.errors.ChatError` of a refusal, or with why the
        connection was lost: then nobody knows whether the request took effect.

        :raises UnicodeEncodeError: a text in it has a lone surrogate.
        """
        if self._lost is not None:
            return fail(self._lost)
        req = self._last_req = self._last_req + 1
        line = msgspec.json.encode(msgspec.structs.replace(message, req=req))
        timeout = self._clock.callLater(self._reply_timeout, self._hung)
        answer: Deferred[Any] = Deferred(lambda _: self._forget(req))
        self._outstanding[req] = _Outstanding(type(message), answer, timeout)
        self._write(line)
        return answer

    def send(self, message: Ack | Pong | Signal) -> None:
        """Send what gets no answer; a refusal comes as an event. Lost where the connection is."""
        if self._lost is None:
            self._write(msgspec.json.encode(message))

    def send_ack(self, conv: int, seq: int) -> None:
        """Tell the server that everything of ``conv`` up to ``seq`` has arrived."""
        self.send(Ack(conv=conv, seq=seq))

    def close(self) -> None:
        """Close once everything sent is on its way."""
        self.transport.loseConnection()

    def abort(self, reason: Exception) -> None:
        """Close at once; ``reason`` is what open requests and ``on_lost`` are told."""
        if self._lost is None:
            self._lost = Failure(reason)
            self.transport.abortConnection()

    def connectionMade(self) -> None:
        """Small frames are to leave at once."""
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Fail what is open and tell the owner."""
        if self._lost is None:
            self._lost = reason
        while self._outstanding:
            self._take(next(iter(self._outstanding))).answer.errback(self._lost)
        self._on_lost(self._lost)

    def lineReceived(self, line: bytes) -> None:
        """Take one frame from the server."""
        if self._lost is not None:
            return
        try:
            frame = decode_frame(line)
        except _UNPARSABLE as problem:
            self._unparsable(line, problem)
        else:
            self._received(frame)

    def _write(self, line: bytes) -> None:
        self.transport.write(line + self.delimiter)

    def _take(self, req: int) -> _Outstanding:
        outstanding = self._outstanding.pop(req)
        if outstanding.timeout.active():
            outstanding.timeout.cancel()
        return outstanding

    def _forget(self, req: int) -> None:
        self._take(req)

    def _hung(self) -> None:
        self.abort(ReplyTimeout(f"for {self._reply_timeout:g} seconds"))

    def _unparsable(self, line: bytes, problem: Exception) -> None:
        try:
            msgid = msgspec.json.decode(line, type=_Numbered).msgid
        except _UNPARSABLE:
            msgid = None
        if msgid is not None and msgid not in _KNOWN_MSGIDS:
            _log.debug("ignored a frame of msgid {msgid}, which is new to me", msgid=msgid)
            return
        _log.warn(
            "closing: {length} bytes from the server are no frame of the protocol ({problem})",
            length=len(line),
            problem=type(problem).__name__,
        )
        self.abort(BadFrame("it sent what is no frame of it"))

    def _received(self, frame: AnyFrame) -> None:
        match frame:
            case LoginAck() | RegisterAck() | Reply() | ServerPong():
                self._answered(frame)
            case ServerPing():
                self.send(Pong(t=frame.t))
            case _:
                self._tell(frame)

    def _answered(self, frame: Answer) -> None:
        req = frame.req
        if req is UNSET and _refuses_a_whole_frame(frame):
            # Such a refusal can't name its request, but answers come in order.
            req = next(
                (req for req, open_ in self._outstanding.items() if open_.request is not Ping),
                UNSET,
            )
        if isinstance(req, int) and req in self._outstanding:
            _settle(self._take(req), frame, self.abort)
        elif req is UNSET and isinstance(frame, Reply) and frame.errno:
            self._tell(frame)

    def _tell(self, event: Event) -> None:
        try:
            self._on_event(event)
        except Exception:
            _log.failure("the listener failed at a {kind}", kind=type(event).__name__)


_ANSWERS: dict[type[Answered], type[Answer]] = {
    Login: LoginAck,
    Register: RegisterAck,
    Ping: ServerPong,
}


def _refuses_a_whole_frame(frame: Answer) -> bool:
    return isinstance(frame, Reply) and frame.errno == Malformed.errno and frame.re is UNSET


def _settle(outstanding: _Outstanding, frame: Answer, abort: Callable[[Exception], None]) -> None:
    if not isinstance(frame, ServerPong) and frame.errno:
        errmsg = "" if frame.errmsg is UNSET else frame.errmsg
        retry_after = None if frame.retry_after is UNSET else frame.retry_after
        outstanding.answer.errback(from_reply(frame.errno, errmsg, retry_after))
    elif isinstance(frame, _ANSWERS.get(outstanding.request, Reply)):
        outstanding.answer.callback(frame)
    else:
        problem = BadFrame("it gave an answer of the wrong kind")
        abort(problem)
        outstanding.answer.errback(problem)
