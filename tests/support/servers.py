"""A real server in this process, on a free port of the loopback interface."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from typing import Any

from argon2 import PasswordHasher
from twisted.internet import reactor as _reactor
from twisted.trial.unittest import TestCase

from chatserver.app import ChatServer
from chatserver.settings import Settings
from chatserver.store.engines import engine_of
from tests.support.folders import temporary_folder
from tests.support.wire import Json, WireClient, connect

PASSWORD = "secret"
FREE_WITHIN = 2.0  # seconds after a close until its place is free
reactor: Any = _reactor
_names = itertools.count(1)
# One that costs no time to check.
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


class ServerCase(TestCase):
    """A test with a server, and clients that talk to it over TCP.

    ``settings`` may be overridden by a class; :meth:`restart` by a test.
    """

    timeout = 60
    settings: dict[str, Any] = {}
    #: What the server runs on.
    reactor: Any = reactor

    def setUp(self) -> None:
        self.database = temporary_folder(self) / "chat.db"
        self.clients: list[WireClient] = []
        self.addCleanup(self._clean_up)
        self.start()

    @property
    def port(self) -> int:
        """Where the server listens."""
        return int(self.server.addresses[0].port)

    def start(self, **settings: Any) -> None:
        """Start the server on this test's database."""
        chosen = Settings(
            **{
                "port": ("tcp:0:interface=127.0.0.1",),
                "database": f"sqlite:///{self.database}",
                "drain": 2.0,
                **self.settings,
                **settings,
            }
        )
        engine_of(chosen.database).prepare()
        self.server = ChatServer(chosen, self.reactor)
        self.server.startService()

    async def restart(self, **settings: Any) -> None:
        """Stop the server in good order and start it again, perhaps with other settings."""
        await self.server.stopService()
        self.start(**settings)

    async def connect(self, terminator: bytes = b"\n", source: str = "127.0.0.1") -> WireClient:
        """A new connection, from this address."""
        client = await connect(reactor, self.port, terminator, source)
        self.clients.append(client)
        return client

    async def register(self, name: str | None = None) -> int:
        """A new account's id."""
        client = await self.connect()
        name = name or f"user {next(_names)}"
        reply = await client.ask({"msgid": 3, "name": name, "password": PASSWORD})
        self.assertEqual(reply["errno"], 0, reply)
        await client.hang_up()
        return int(reply["id"])

    async def login(self, account: int, **fields: Any) -> tuple[WireClient, Json]:
        """A new connection on which the account is logged in, and the login's reply."""
        client = await self.connect()
        reply = await client.ask({"msgid": 1, "id": account, "password": PASSWORD, **fields})
        self.assertEqual(reply["errno"], 0, reply)
        return client, reply

    def sql(self, statement: str, *values: Any) -> list[Any]:
        """Run a statement on the database, as another program would; returns its rows."""
        with closing(sqlite3.connect(self.database, timeout=10)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def add_account(self, name: str | None = None) -> int:
        """A new account's id, without the time that a registration takes."""
        name = name or f"user {next(_names)}"
        self.sql(
            "INSERT INTO accounts (name, password_hash, created) VALUES (?, ?, 0)", name, _HASH
        )
        return int(self.sql("SELECT id FROM accounts WHERE name = ?", name)[0][0])

    async def user(self, name: str | None = None, **fields: Any) -> tuple[int, WireClient]:
        """A new account that is logged in: its id and its connection."""
        account = self.add_account(name)
        client, _ = await self.login(account, **fields)
        return account, client

    async def login_when_free(self, account: int, **fields: Any) -> tuple[WireClient, Json]:
        """Like :meth:`login`, once a connection that was closed has given its place back."""
        client = await self.connect()
        deadline = reactor.seconds() + FREE_WITHIN
        while True:
            reply = await client.ask({"msgid": 1, "id": account, "password": PASSWORD, **fields})
            if reply["errno"] != 2 or reactor.seconds() > deadline:
                self.assertEqual(reply["errno"], 0, reply)
                return client, reply

    def assert_errno(self, reply: Json, errno: int) -> None:
        """The reply is this refusal, with a text."""
        self.assertEqual(reply["errno"], errno, reply)
        self.assertTrue(reply["errmsg"], reply)

    async def _clean_up(self) -> None:
        for client in self.clients:
            client.cut()
        await self.server.stopService()
