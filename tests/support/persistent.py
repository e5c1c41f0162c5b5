"""A client that comes back by itself, sends again what was not stored, and acknowledges.

It drops nothing and judges nothing: what it sees is noted, connection by connection, to be
measured afterwards (``tests/support/record.py``).
"""

from __future__ import annotations

import json
import random
from itertools import count
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.error import ConnectError
from twisted.internet.protocol import connectionDone
from twisted.internet.task import LoopingCall, deferLater
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from tests.support.wire import Json

_GLANCE = 0.1  # seconds between two acknowledgements
_PING_AFTER = 2.0  # seconds of silence
_GIVE_UP_AFTER = 5.0  # seconds of silence: the server hangs
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5  # seconds before it comes back unasked
_AGAIN = (109, 110)  # the refusals after which the same may be sent again


class Push(NamedTuple):
    """A message as it came, and when."""

    conversation: int
    seq: int
    text: str
    at: float


class Sending:
    """A text, which is sent until it is stored.

    :param to: ``toid`` or ``groupid``.
    """

    def __init__(self, cid: str, text: str, to: Json, now: float) -> None:
        self.cid = cid
        self.text = text
        self.to = to
        self.begun = now
        #: The errnos of its refusals.
        self.refusals: list[int] = []
        #: The reply that it is stored, when there is one.
        self.reply: Json | None = None

    def request(self) -> Json:
        msgid = 9 if "groupid" in self.to else 5
        return {"msgid": msgid, **self.to, "msg": self.text, "cid": self.cid, "req": self.cid}


class Visit:
    """One connection, from the login on, as the client saw it."""

    def __init__(self, now: float) -> None:
        self.begun = now
        self.ended: float | None = None
        self.pushes: list[Push] = []
        #: The seq that was acknowledged last, by conversation.
        self.acked: dict[int, int] = {}
        #: When each send was written that has no answer on this connection.
        self.unanswered: dict[str, float] = {}
        self.goodbye: Json | None = None


class PersistentClient:
    """One device of an account.

    :param port: of a node or, better, of what stands before several.
    """

    def __init__(self, reactor: Any, port: int, account: int, device: str) -> None:
        self.account = account
        self.name = f"{account}/{device}"
        #: All its connections on which it was logged in.
        self.visits: list[Visit] = []
        #: All that it was given to send.
        self.sendings: list[Sending] = []
        #: What the server said that it should not have.
        self.complaints: list[str] = []
        self._reactor = reactor
        self._port = port
        self._device = device
        self._token: str | None = None
        self._numbers = count()
        self._unstored: dict[str, Sending] = {}
        self._connection: _Connection | None = None
        self._visit: Visit | None = None
        self._is_leaving = False
        self._glancing = LoopingCall(self._glance)
        self._living: Deferred[None] | None = None

    @property
    def is_in(self) -> bool:
        """Whether it is logged in."""
        return self._visit is not None

    @property
    def is_done(self) -> bool:
        """Whether all that it was given to send is stored."""
        return not self._unstored

    def start(self) -> None:
        """Come in, and stay in."""
        self._glancing.start(_GLANCE)
        self._living = Deferred.fromCoroutine(self._live())

    async def stop(self) -> None:
        """Go, for good."""
        self._is_leaving = True
        if self._glancing.running:
            self._glancing.stop()
        if self._connection is not None:
            self._connection.transport.loseConnection()
        if self._living is not None:
            await self._living

    def send(self, text: str, **to: int) -> Sending:
        """Send a text until it is stored, to a ``toid`` or a ``groupid``."""
        sending = Sending(
            f"{self._device} {next(self._numbers)}", text, to, self._reactor.seconds()
        )
        self.sendings.append(sending)
        self._unstored[sending.cid] = sending
        self._write(sending)
        return sending

    async def _live(self) -> None:
        while not self._is_leaving:
            pause = random.uniform(_SHORTEST_PAUSE, _LONGEST_PAUSE)
            asked = await self._connect_once()
            await deferLater(self._reactor, pause if asked is None else asked)

    async def _connect_once(self) -> float | None:
        """Connect, log in, and return when the connection is gone.

        Returns in how many seconds the server wants it back, if it has said so.
        """
        endpoint = HostnameEndpoint(self._reactor, "127.0.0.1", self._port)
        connection = _Connection(self._reactor, self._received)
        try:
            await connectProtocol(endpoint, connection)
        except ConnectError:
            return None
        self._connection = connection
        if self._is_leaving:
            connection.transport.loseConnection()
        else:
            connection.send(self._login())
        await connection.closed
        self._connection = None
        visit, self._visit = self._visit, None
        if visit is None:
            return connection.retry_after
        visit.ended = self._reactor.seconds()
        return visit.goodbye.get("retry_after") if visit.goodbye else None

    def _login(self) -> Json:
        if self._token is not None:
            proof: Json = {"token": self._token}
        else:
            proof = {"id": self.account, "password": "x"}
        return {"msgid": 1, **proof, "device": self._device, "ack": True}

    def _received(self, connection: _Connection, frame: Json) -> None:
        match frame["msgid"]:
            case 2:
                self._login_answered(connection, frame)
            case 5 | 9:
                self._pushed(frame)
            case 11:
                self._answered(frame)
            case 17:
                if self._visit is not None:
                    self._visit.goodbye = frame
            case 13:
                connection.send({"msgid": 14})
            case 14 | 16:
                pass
            case _:
                self.complaints.append(f"unknown: {frame}")

    def _login_answered(self, connection: _Connection, frame: Json) -> None:
        if frame["errno"] == 0:
            self._token = frame["token"]
            visit = self._visit = Visit(self._reactor.seconds())
            self.visits.append(visit)
            for sending in self._unstored.values():
                self._write(sending)
            return
        if frame["errno"] not in _AGAIN:
            self.complaints.append(f"refused: {frame}")
        connection.retry_after = frame.get("retry_after")
        connection.transport.loseConnection()

    def _pushed(self, frame: Json) -> None:
        if self._visit is None:
            self.complaints.append(f"pushed before the login: {frame}")
            return
        push = Push(frame["conv"], frame["seq"], frame["msg"], self._reactor.seconds())
        self._visit.pushes.append(push)

    def _answered(self, frame: Json) -> None:
        sending = self._unstored.get(frame.get("req", ""))
        if self._visit is not None:
            self._visit.unanswered.pop(frame.get("req", ""), None)
        if frame["errno"] == 0:
            if sending is not None:
                sending.reply = frame
                del self._unstored[sending.cid]
        elif frame["errno"] in _AGAIN:
            if sending is not None:
                sending.refusals.append(frame["errno"])
                pause = frame["retry_after"] * random.uniform(1, 1.5)
                self._reactor.callLater(pause, self._write_again, sending, self._visit)
        else:
            self.complaints.append(f"refused: {frame}")

    def _write_again(self, sending: Sending, visit: Visit | None) -> None:
        if self._visit is visit:  # else it was, or will be, written when it came back
            self._write(sending)

    def _write(self, sending: Sending) -> None:
        if self._connection is None or self._visit is None or self._visit.goodbye is not None:
            return
        self._visit.unanswered[sending.cid] = self._reactor.seconds()
        self._connection.send(sending.request())

    def _glance(self) -> None:
        """Acknowledge what came lately; find out whether the server hangs."""
        connection = self._connection
        if connection is None:
            return
        silence = self._reactor.seconds() - connection.heard
        if silence > _GIVE_UP_AFTER:
            connection.transport.abortConnection()
        elif silence > _PING_AFTER:
            connection.send({"msgid": 13})
        visit = self._visit
        if visit is None or visit.goodbye is not None:
            return
        newest = {push.conversation: push.seq for push in visit.pushes}
        for conversation, seq in newest.items():
            if seq > visit.acked.get(conversation, 0):
                visit.acked[conversation] = seq
                connection.send({"msgid": 12, "conv": conversation, "seq": seq})


class _Connection(LineOnlyReceiver):
    """Frames, each handed to ``received``."""

    delimiter = b"\n"
    MAX_LENGTH = 2**20
    transport: Any

    def __init__(self, reactor: Any, received: Any) -> None:
        self._reactor = reactor
        self._received = received
        #: When the server was heard last.
        self.heard = reactor.seconds()
        #: In how many seconds to come back, where the login was refused.
        self.retry_after: float | None = None
        self.closed: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)

    def send(self, message: Json) -> None:
        self.transport.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")

    def lineReceived(self, line: bytes) -> None:
        self.heard = self._reactor.seconds()
        self._received(self, json.loads(line))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.closed.callback(None)
