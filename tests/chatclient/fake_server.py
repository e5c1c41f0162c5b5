"""A server that answers by script, over real TCP, for the tests of the client."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

reactor: Any = installed_reactor

TIME = "2026-11-23T03:45:12.345Z"
Fields = dict[str, Any]
Script = Callable[[Fields], list[Fields]]


def push(seq: int, msg: str, **fields: Any) -> Fields:
    """A message to 13 from 15, or as ``fields`` say."""
    common = {"msgid": 5, "id": 15, "name": "li si", "toid": 13, "time": TIME, "conv": 7}
    return {**common, "seq": seq, "msg": msg, **fields}


def login_ack(**fields: Any) -> Fields:
    """A login of zhang san, 13."""
    common = {
        "msgid": 2,
        "errno": 0,
        "id": 13,
        "name": "zhang san",
        "friends": [],
        "groups": [],
        "token": "t",
        "expires": TIME,
        "pending": 0,
    }
    return {**common, **fields}


def refusal(errno: int, errmsg: str, **fields: Any) -> Script:
    """A script that refuses."""
    return lambda request: [{"errno": errno, "errmsg": errmsg, **_head(request), **fields}]


def result(**fields: Any) -> Script:
    """A script that answers with msgid 11."""
    return lambda request: [{**_head(request), "errno": 0, **fields}]


def _head(request: Fields) -> Fields:
    msgid = {1: 2, 3: 4}.get(request["msgid"], 11)
    return {"msgid": msgid, **({"re": request["msgid"]} if msgid == 11 else {})}


class FakeConnection(LineReceiver):
    """One client's connection."""

    delimiter = b"\n"
    factory: FakeServer

    def lineReceived(self, line: bytes) -> None:
        request = json.loads(line)
        self.factory.took(request)
        script = self.factory.scripts.get(request["msgid"], lambda _: [])
        for frame in script(request):
            if "req" in request and frame["msgid"] in {2, 4, 11, 14}:
                frame = {"req": request["req"], **frame}
            self.send(frame)

    def send(self, frame: Fields) -> None:
        """Send one frame."""
        self.send_bytes(json.dumps(frame).encode() + b"\n")

    def send_bytes(self, data: bytes) -> None:
        """Send anything."""
        transport: Any = self.transport
        transport.write(data)

    def close(self) -> None:
        """Hang up once everything is sent."""
        transport: Any = self.transport
        transport.loseConnection()

    def connectionMade(self) -> None:
        self.factory.connections.append(self)

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.factory.lost(self)


class FakeServer(Factory):
    """Answers each request by the script of its msgid; notes all requests."""

    noisy = False

    def __init__(self) -> None:
        self.requests: list[Fields] = []
        self.connections: list[FakeConnection] = []
        self.scripts: dict[int, Script] = {
            1: lambda _: [login_ack()],
            3: lambda _: [{"msgid": 4, "errno": 0, "id": 13}],
            5: result(conv=7, seq=1, time=TIME),
            6: result(friend={"id": 15, "name": "li si", "state": "online"}),
            7: result(groupid=2),
            8: result(group={"id": 2, "groupname": "tea", "groupdesc": "we drink it", "users": []}),
            9: result(conv=8, seq=1, time=TIME),
            10: result(),
            13: lambda request: [{"msgid": 14}],
        }
        self._waiting: list[tuple[int, Deferred[Fields]]] = []
        self._closed: list[Deferred[None]] = []
        self._port = reactor.listenTCP(0, self, interface="127.0.0.1")
        self.address = f"127.0.0.1:{self._port.getHost().port}"

    def buildProtocol(self, addr: object) -> Any:
        connection = FakeConnection()
        connection.factory = self
        return connection

    def took(self, request: Fields) -> None:
        """A request came."""
        self.requests.append(request)
        for waiting in [entry for entry in self._waiting if entry[0] == request["msgid"]]:
            self._waiting.remove(waiting)
            reactor.callLater(0, waiting[1].callback, request)

    def lost(self, connection: FakeConnection) -> None:
        """A client went."""
        self.connections.remove(connection)
        closed, self._closed = self._closed, []
        for waiting in closed:
            waiting.callback(None)

    def next_request(self, msgid: int) -> Deferred[Fields]:
        """The next request of this msgid, shortly after it was answered."""
        waiting: Deferred[Fields] = Deferred()
        self._waiting.append((msgid, waiting))
        return waiting

    def of_msgid(self, msgid: int) -> list[Fields]:
        """The requests so far of this msgid."""
        return [request for request in self.requests if request["msgid"] == msgid]

    async def stop(self) -> None:
        """Hang up and be gone."""
        await self._port.stopListening()
        while self.connections:
            closed: Deferred[None] = Deferred()
            self._closed.append(closed)
            self.connections[0].close()
            await closed
