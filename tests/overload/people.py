"""Accounts with a device and its token, and clients that only log in and listen."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from argon2 import PasswordHasher
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory, connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from cluster.mariadb import MariaDB
from tests.support.wire import Json

PASSWORD = "x"
DEVICE = "phone"
# One that costs hardly any time to check.
QUICK_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
# One that costs what the server's own do.
FULL_HASH = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(PASSWORD)


class Person(NamedTuple):
    """An account, and the token of its device."""

    account: int
    token: str


Rows = list[tuple[Any, ...]]


def _rows(count: int, password_hash: str) -> tuple[list[Person], list[tuple[str, Rows]]]:
    """People with the ids from 1 on, and the rows that make them."""
    people = [Person(id, f"token {id}") for id in range(1, count + 1)]
    expires = int(time.time() * 1000) + 86_400_000
    return people, [
        (
            "INSERT INTO accounts (id, name, password_hash, created) VALUES (?, ?, ?, 0)",
            [(one.account, f"user {one.account}", password_hash) for one in people],
        ),
        (
            "INSERT INTO devices (id, account, name) VALUES (?, ?, ?)",
            [(one.account, one.account, DEVICE) for one in people],
        ),
        (
            "INSERT INTO tokens (hash, device, expires) VALUES (?, ?, ?)",
            [(hashlib.sha256(one.token.encode()).digest(), one.account, expires) for one in people],
        ),
    ]


def settle(database: Path, count: int, password_hash: str = QUICK_HASH) -> list[Person]:
    """Put people into a server's empty SQLite database."""
    people, tables = _rows(count, password_hash)
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        for statement, rows in tables:
            connection.executemany(statement, rows)
    return people


def settle_in_mariadb(database: MariaDB, name: str, count: int) -> list[Person]:
    """Put people into an empty database of nodes."""
    people, tables = _rows(count, QUICK_HASH)
    with closing(database.connect(name)) as connection:
        for statement, rows in tables:
            connection.cursor().executemany(statement.replace("?", "%s"), rows)
        connection.commit()
    return people


def messages(database: Path) -> list[tuple[int, int, str]]:
    """All messages in a server's SQLite database: conversation, seq and text."""
    with closing(sqlite3.connect(database, timeout=10)) as connection:
        return connection.execute(
            "SELECT conversation, seq, body FROM messages ORDER BY conversation, seq"
        ).fetchall()


class Listener(LineOnlyReceiver):
    """Logs in by token, and keeps what it is told."""

    delimiter = b"\n"
    MAX_LENGTH = 2**20
    transport: Any

    def __init__(self, person: Person) -> None:
        self._person = person
        #: The answer to the login, or None where the connection ended before.
        self.answered: Deferred[Json | None] = Deferred()
        self.texts: list[str] = []
        self.closed: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        login = {"msgid": 1, "token": self._person.token, "ack": True}
        self.transport.write(msgspec.json.encode(login) + b"\n")

    def lineReceived(self, line: bytes) -> None:
        frame = msgspec.json.decode(line)
        if frame["msgid"] == 2:
            self.answered.callback(frame)
        elif frame["msgid"] == 5:
            self.texts.append(frame["msg"])

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self.answered.called:
            self.answered.callback(None)
        self.closed.callback(None)


class Arrivals(ClientFactory):
    """Connects listeners, all at once."""

    noisy = False

    def __init__(self, reactor: Any, port: int) -> None:
        self._reactor = reactor
        self._port = port

    def connect(self, person: Person) -> Listener:
        """A listener, which is on its way."""
        listener = Listener(person)
        factory = _One(listener)
        self._reactor.connectTCP("127.0.0.1", self._port, factory, timeout=60)
        return listener


class _One(ClientFactory):
    noisy = False

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def buildProtocol(self, addr: object) -> Listener:
        return self._listener

    def clientConnectionFailed(self, connector: object, reason: Failure) -> None:
        self._listener.answered.errback(reason)
