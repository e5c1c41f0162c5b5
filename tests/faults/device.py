"""A device that comes back by itself, sends again what was not stored, and acknowledges.

It drops nothing and judges nothing: what it sees goes into the history.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from itertools import count
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.error import ConnectError
from twisted.internet.protocol import connectionDone
from twisted.internet.task import LoopingCall, deferLater
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from tests.faults import events
from tests.faults.history import History
from tests.support.wire import Json

_GLANCE = 0.1  # seconds between two acknowledgements
_PING_AFTER = 2.0  # seconds of silence
_GIVE_UP_AFTER = 5.0  # seconds of silence: the server hangs
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5  # seconds before it comes back unasked
_REFUSED, _IN_USE, _AGAIN = 1, 2, (109, 110)
PASSWORD = "x"


class Device:
    """One device of an account.

    :param doors: ports where it may come in, tried in turn.
    :param name: the empty one for the account's unnamed device.
    """

    def __init__(
        self, reactor: Any, doors: Sequence[int], account: int, name: str, history: History
    ) -> None:
        self.account = account
        self.name = f"{account}/{name}"
        #: The connection on which it is logged in.
        self.visit: int | None = None
        #: Conversations of which something came.
        self.conversations: set[int] = set()
        self._reactor = reactor
        self._doors = doors
        self._tried = random.randrange(len(doors))
        self._device = name
        self._history = history
        self._token: str | None = None
        self._numbers = count()
        self._unstored: dict[str, events.Given] = {}
        self._asked: dict[int, Deferred[Json | None]] = {}
        self._connection: _Connection | None = None
        self._newest: dict[int, int] = {}
        self._acked: dict[int, int] = {}
        self._is_leaving = False
        self._glancing = LoopingCall(self._glance)
        self._living: Deferred[None] | None = None

    @property
    def is_in(self) -> bool:
        """Whether it is logged in."""
        return self.visit is not None

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
            self._connection.transport.abortConnection()
        if self._living is not None:
            await self._living

    def has_stored(self, cid: str) -> bool:
        """Whether a text that it was given is stored."""
        return cid not in self._unstored

    def send(self, text: str, *, toid: int | None = None, group: int | None = None) -> str:
        """Send a text until it is stored; its cid."""
        cid = f"{self._device} {next(self._numbers)}"
        given = events.Given(self._history.now(), self.name, cid, text, toid, group)
        self._history.note(given)
        self._unstored[cid] = given
        self._write(given)
        return cid

    async def ask(self, message: Json) -> Json | None:
        """The answer to a request; None where there is none, as the connection is gone."""
        if self._connection is None or self.visit is None or self._connection.goodbye:
            return None
        number = next(self._numbers)
        answer = self._asked[number] = Deferred()
        self._note_written(message["msgid"])
        self._connection.send({**message, "req": number})
        return await answer

    async def _live(self) -> None:
        while not self._is_leaving:
            pause = random.uniform(_SHORTEST_PAUSE, _LONGEST_PAUSE)
            asked = await self._connect_once()
            await deferLater(self._reactor, pause if asked is None else asked)

    async def _connect_once(self) -> float | None:
        """Connect, log in, and return when the connection is gone.

        Returns in how many seconds the server wants it back, if it has said so.
        """
        self._tried += 1
        door = self._doors[self._tried % len(self._doors)]
        endpoint = HostnameEndpoint(self._reactor, "127.0.0.1", door)
        connection = _Connection(self._reactor, self._received, self._history.next_visit())
        try:
            await connectProtocol(endpoint, connection)
        except ConnectError:
            return None
        self._connection = connection
        if self._is_leaving:
            connection.transport.abortConnection()
        else:
            self._knock(connection, door)
        await connection.closed
        self._connection = self.visit = None
        self._history.note(
            events.Left(self._history.now(), self.name, connection.visit, connection.goodbye)
        )
        asked, self._asked = self._asked, {}
        for answer in asked.values():
            answer.callback(None)
        return connection.retry_after

    def _knock(self, connection: _Connection, door: int) -> None:
        now = self._history.now()
        self._history.note(events.Knocked(now, self.name, connection.visit, door))
        if self._token is not None:
            proof: Json = {"token": self._token}
        else:
            proof = {"id": self.account, "password": PASSWORD}
        device = {"device": self._device} if self._device else {}
        connection.send({"msgid": 1, **proof, **device, "ack": True})

    def _received(self, connection: _Connection, line: bytes) -> None:
        try:
            frame = json.loads(line)
            self._take(connection, frame)
        except (ValueError, KeyError, TypeError) as problem:
            self._odd(f"{problem!r}: {line!r}")

    def _take(self, connection: _Connection, frame: Json) -> None:
        match frame["msgid"]:
            case 2:
                self._login_answered(connection, frame)
            case 5 | 9 if self.visit is not None:
                self._pushed(connection, frame)
            case 11:
                self._answered(connection, frame)
            case 13:
                connection.send({"msgid": 14})
            case 14 | 16:
                pass
            case 17:
                connection.goodbye = frame["reason"]
                connection.retry_after = frame.get("retry_after")
            case _:
                self._odd(str(frame))

    def _login_answered(self, connection: _Connection, frame: Json) -> None:
        now = self._history.now()
        if frame["errno"] == 0:
            self._token = frame["token"]
            self.visit = connection.visit
            self._newest, self._acked = {}, {}
            friends = [friend["id"] for friend in frame["friends"]]
            groups = {
                group["id"]: user["role"]
                for group in frame["groups"]
                for user in group["users"]
                if user["id"] == self.account
            }
            self._history.note(
                events.Entered(now, self.name, connection.visit, frame["pending"], friends, groups)
            )
            for given in list(self._unstored.values()):
                self._write(given)
            return
        self._refused(connection, 1, frame)
        connection.retry_after = frame.get("retry_after")
        connection.transport.loseConnection()
        if frame["errno"] == _REFUSED and self._token is not None:
            self._token = None
        elif frame["errno"] not in (_IN_USE, *_AGAIN):
            self._odd(str(frame))

    def _pushed(self, connection: _Connection, frame: Json) -> None:
        conv, seq = frame["conv"], frame["seq"]
        self._history.note(
            events.Pushed(
                self._history.now(),
                self.name,
                connection.visit,
                conv,
                seq,
                frame["id"],
                frame["msg"],
                frame["time"],
                frame.get("toid"),
                frame.get("groupid"),
            )
        )
        self.conversations.add(conv)
        self._newest[conv] = seq

    def _answered(self, connection: _Connection, frame: Json) -> None:
        req = frame.get("req")
        if req is None:  # a PING, while the server stops
            self._refused(connection, frame["re"], frame)
        elif isinstance(req, int):
            if frame["errno"]:
                self._refused(connection, frame["re"], frame)
            self._asked.pop(req).callback(frame)
        elif frame["errno"] == 0:
            self._history.note(
                events.Answered(
                    self._history.now(),
                    self.name,
                    req,
                    frame["conv"],
                    frame["seq"],
                    frame["time"],
                    frame.get("dup", False),
                    connection.visit,
                )
            )
            self._unstored.pop(req, None)
        else:
            self._refused(connection, frame["re"], frame, cid=req)
            if frame["errno"] not in _AGAIN:
                self._odd(str(frame))
            elif req in self._unstored:
                pause = frame["retry_after"] * random.uniform(1, 1.5)
                self._reactor.callLater(pause, self._write_again, req, connection.visit)

    def _refused(
        self, connection: _Connection, msgid: int, frame: Json, cid: str | None = None
    ) -> None:
        self._history.note(
            events.Refused(
                self._history.now(),
                self.name,
                connection.visit,
                msgid,
                frame["errno"],
                frame.get("retry_after"),
                cid,
            )
        )

    def _write_again(self, cid: str, visit: int) -> None:
        # On another visit it was written when that began.
        if self.visit == visit and cid in self._unstored:
            self._write(self._unstored[cid])

    def _write(self, given: events.Given) -> None:
        if self._connection is None or self.visit is None or self._connection.goodbye:
            return
        is_group = given.group is not None
        to = {"groupid": given.group} if is_group else {"toid": given.toid}
        self._note_written(9 if is_group else 5, given.cid)
        self._connection.send(
            {
                "msgid": 9 if is_group else 5,
                **to,
                "msg": given.text,
                "cid": given.cid,
                "req": given.cid,
            }
        )

    def _note_written(self, msgid: int, cid: str | None = None) -> None:
        assert self.visit is not None
        self._history.note(events.Wrote(self._history.now(), self.name, self.visit, msgid, cid))

    def _odd(self, what_came: str) -> None:
        self._history.note(events.Odd(self._history.now(), self.name, what_came))

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
        if self.visit is None or connection.goodbye:
            return
        for conv, seq in self._newest.items():
            if seq > self._acked.get(conv, 0):
                self._acked[conv] = seq
                self._history.note(
                    events.Acked(self._history.now(), self.name, self.visit, conv, seq)
                )
                connection.send({"msgid": 12, "conv": conv, "seq": seq})


class _Connection(LineOnlyReceiver):
    """Lines, each handed to ``received``."""

    delimiter = b"\n"
    MAX_LENGTH = 2**20
    transport: Any

    def __init__(self, reactor: Any, received: Any, visit: int) -> None:
        self._reactor = reactor
        self._received = received
        self.visit = visit
        #: When the server was heard last.
        self.heard = reactor.seconds()
        #: The reason of the server's goodbye.
        self.goodbye: str | None = None
        #: In how many seconds the server wants the device back.
        self.retry_after: float | None = None
        self.closed: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)

    def send(self, message: Json) -> None:
        self.transport.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")

    def lineReceived(self, line: bytes) -> None:
        self.heard = self._reactor.seconds()
        self._received(self, line)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.closed.callback(None)
