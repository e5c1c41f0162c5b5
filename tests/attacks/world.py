"""A server under attack, and two who chat on it all the while as if nothing were."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Awaitable
from contextlib import closing
from pathlib import Path
from sqlite3 import connect as open_database
from typing import Any

from argon2 import PasswordHasher
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

from chatserver.app import ChatServer
from chatserver.settings import Settings
from chatserver.store.engines import engine_of
from tests.attacks import verdict
from tests.attacks.grammar import Grammar
from tests.support.servers import PASSWORD
from tests.support.wire import WireClient, connect

MAX_FRAME = 8192
ACCOUNTS = 40  # the last two are the pair that chats
_PATIENCE = 60.0  # seconds
_LAST_ANSWER = 300  # bytes, at most
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


class Attacker(Protocol):
    """A connection that keeps all that comes."""

    transport: Any

    def __init__(self, is_classic: bool) -> None:
        self.received = b""
        self.is_closed = False
        #: Fires when the end of the stream has been answered, or the connection is closed.
        self.done: Deferred[None] = Deferred()
        self._terminator = b"\0" if is_classic else b"\n"

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        if self.done.called:
            return
        looked_at = max(0, len(self.received) - _LAST_ANSWER)
        self.received += data
        mark = self.received.find(b'"req":"end"', looked_at)
        end = self.received.find(self._terminator, mark) + 1
        if mark >= 0 and end:
            self.received = self.received[:end]
            self.done.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.is_closed = True
        if not self.done.called:
            self.done.callback(None)


@implementer(ILogObserver)
class World:
    """A server in this process with a database of its own."""

    #: Where it serves the web.
    web: tuple[str, ...] = ()

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._folder = tempfile.TemporaryDirectory()
        self._database = Path(self._folder.name) / "chat.db"
        self._chatting: Deferred[None] | None = None
        self._pair: list[WireClient] = []
        self._is_over = False
        #: What the server logged as an error.
        self.errors: list[str] = []
        #: Tokens of the accounts that may be attacked with.
        self.tokens: list[str] = []
        #: How many answers there were of each kind: msgid of the request or reply, and errno.
        self.answers: Counter[tuple[int, int]] = Counter()
        self.said = 0

    async def start(self) -> None:
        settings = Settings(
            port=("tcp:0:interface=127.0.0.1",),
            web=self.web,
            database=f"sqlite:///{self._database}",
            max_frame=MAX_FRAME,
            rate=0.0,
            register_rate=0.0,
            login_failures=0,
            classic_gap=0.0,
            drain=1.0,
        )
        engine_of(settings.database).prepare()
        with closing(open_database(self._database)) as database, database:
            database.executemany(
                "INSERT INTO accounts (name, password_hash, created) VALUES (?, ?, 0)",
                [(f"user {number}", _HASH) for number in range(1, ACCOUNTS + 1)],
            )
        globalLogPublisher.addObserver(self)
        self._server = ChatServer(settings, self._reactor)
        self._server.startService()
        for account in range(1, ACCOUNTS - 1):
            self.tokens.append(await self._token(account))
        self._pair = [await self._login(ACCOUNTS - 1), await self._login(ACCOUNTS)]
        self._chatting = Deferred.fromCoroutine(self._chat())

    async def attack(self, stream: bytes, pieces: list[bytes]) -> None:
        """Send a stream and check what comes back.

        :raises AssertionError: something is wrong with it.
        """
        attacker = Attacker(verdict.is_classic(stream))
        await self._send(attacker, pieces)
        attacker.done.addTimeout(_PATIENCE, self._reactor)
        try:
            await attacker.done
            told = verdict.check(stream, attacker.received, MAX_FRAME, is_closed=attacker.is_closed)
        finally:
            attacker.transport.abortConnection()
        assert not self.errors, self.errors
        self.answers.update(
            (frame.get("re") or frame["msgid"], frame["errno"])
            for frame in told
            if "errno" in frame
        )

    async def attack_and_run(self, pieces: list[bytes]) -> None:
        """Send a stream, and be gone without waiting for anything."""
        attacker = Attacker(is_classic=False)
        await self._send(attacker, pieces)
        attacker.transport.abortConnection()

    def grammar(self, seed: str) -> Grammar:
        """A source of streams that know the accounts here."""
        return Grammar(seed, self.tokens, ACCOUNTS - 2, MAX_FRAME)

    async def check_it_is_in_order(self) -> None:
        """Call this when all attacks are over.

        :raises AssertionError: the pair was disturbed, or something was left behind.
        """
        self._is_over = True
        assert self._chatting is not None
        await self._chatting
        await self._wait_until_attackers_are_gone()
        assert not self.errors, self.errors

    async def stop(self) -> None:
        """Let go of everything."""
        self._is_over = True
        if self._chatting is not None:
            self._chatting.addErrback(lambda _: None)  # it may have been cut off
        for client in self._pair:
            client.cut()
        await self._server.stopService()
        globalLogPublisher.removeObserver(self)
        self._folder.cleanup()

    async def _send(self, attacker: Attacker, pieces: list[bytes]) -> None:
        port = self._server.addresses[0].port
        await connectProtocol(HostnameEndpoint(self._reactor, "127.0.0.1", port), attacker)
        for piece in pieces:
            attacker.transport.write(piece)
            await self._turn()

    async def _chat(self) -> None:
        """Each of the pair writes, the other reads, one after the other."""
        ids = (ACCOUNTS - 1, ACCOUNTS)
        while not self._is_over:
            for sender, reader, to in (
                (self._pair[0], self._pair[1], ids[1]),
                (self._pair[1], self._pair[0], ids[0]),
            ):
                self.said += 1
                text = f"no. {self.said}"
                reply = await sender.ask({"msgid": 5, "toid": to, "msg": text})
                assert (reply["errno"], reply["seq"]) == (0, self.said), reply
                push = await reader.next(msgid=5, seq=self.said, conv=reply["conv"])
                assert push["msg"] == text, push
                reader.send({"msgid": 12, "conv": reply["conv"], "seq": self.said})
                for client in self._pair:
                    client.received.clear()
                    client.reads.clear()
                    client.frames.clear()
            await self._turn(0.005)

    async def _wait_until_attackers_are_gone(self) -> None:
        node: Any = self._server._node
        pair = {ACCOUNTS - 1, ACCOUNTS}
        left = {"nothing": 1}
        deadline = self._reactor.seconds() + _PATIENCE
        while left and self._reactor.seconds() < deadline:
            await self._turn(0.02)
            left = {
                name: count
                for name, count in {
                    "sessions": len(node.registry.sessions) - len(pair),
                    "accounts": len({one.id for one in node.registry.accounts()} - pair),
                    "claims": len(node.entries._claiming) + len(node.entries._displaced),
                    "places": len(node.entries._places._places.keys() - pair),
                    "undecided": len(node.connections.undecided),
                    "connections": len(node.connections) - len(pair),
                    "leaving": len(node._leaving),
                    "hashes": node.passwords.waiting,
                    "groups": len(node.registry._members) - _groups_of(node, pair),
                }.items()
                if count
            }
        assert not left, f"left behind: {left}"

    async def _token(self, account: int) -> str:
        client = await connect(self._reactor, self._server.addresses[0].port)
        reply = await client.ask(
            {"msgid": 1, "id": account, "password": PASSWORD, "device": f"device {account}"}
        )
        await client.hang_up()
        return str(reply["token"])

    async def _login(self, account: int) -> WireClient:
        client = await connect(self._reactor, self._server.addresses[0].port)
        reply = await client.ask(
            {"msgid": 1, "id": account, "password": PASSWORD, "device": "x", "ack": True}
        )
        assert reply["errno"] == 0, reply
        return client

    def _turn(self, seconds: float = 0) -> Awaitable[None]:
        turn: Deferred[None] = Deferred()
        self._reactor.callLater(seconds, turn.callback, None)
        return turn

    def __call__(self, event: LogEvent) -> None:
        is_bad = event.get("log_level") in (LogLevel.error, LogLevel.critical)
        if is_bad or "log_failure" in event or event.get("isError"):
            self.errors.append(formatEvent(event) + str(event.get("log_failure", "")))


def _groups_of(node: Any, accounts: set[int]) -> int:
    return len(
        {
            place.conversation
            for account in map(node.registry.account, accounts)
            if account is not None
            for place in account.groups.values()
        }
    )
