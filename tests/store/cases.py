"""What the tests of the store share: a real SQLite file, and ways to look into it."""

from __future__ import annotations

import itertools
import secrets
import sqlite3
from collections.abc import Awaitable, Coroutine, Iterable
from typing import Any, TypeVar

from msgspec import field
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import TestCase

from chatserver.settings import Settings
from chatserver.store.conversations import pair_of
from chatserver.store.cursors import Backlog
from chatserver.store.devices import Entry
from chatserver.store.engines import engine_of
from chatserver.store.log import MessageLog
from chatserver.store.messages import Draft, Stored
from chatserver.store.store import Store
from chatserver.store.welcomes import Circle
from tests.support import logs
from tests.support.folders import temporary_folder

T = TypeVar("T")

NOW = 1_795_376_712_007  # milliseconds since the epoch
DAY = 86_400_000


class Sent(Draft):
    """A draft whose outcome a test waits for."""

    stored: Deferred[Stored] = field(default_factory=Deferred)

    def settled(self, outcome: Stored | Exception) -> None:
        if isinstance(outcome, Exception):
            self.stored.errback(outcome)
        else:
            self.stored.callback(outcome)


class StoreCase(TestCase):
    """A test with a store on a new database."""

    timeout = 60

    def setUp(self) -> None:
        self.url = self.new_database()
        self._stores: set[Store] = set()
        self._names = itertools.count(1)
        engine_of(self.url).prepare()
        self.store = self.open()

    def new_database(self) -> str:
        """The URL of a database that is not prepared yet."""
        self.path = temporary_folder(self) / "chat.db"
        return f"sqlite:///{self.path}"

    def open(self, **settings: Any) -> Store:
        """One more store on the same database, as another process would have it."""
        store = Store(Settings(database=self.url, **settings), reactor, secrets.token_hex(8))
        self._stores.add(store)
        self.addCleanup(self.close, store)
        return store

    def close(self, store: Store) -> None:
        """Close a store before the test ends."""
        if store in self._stores:
            self._stores.remove(store)
            store.close()

    def connection(self) -> sqlite3.Connection:
        """A connection of the test's own."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        self.addCleanup(connection.close)
        return connection

    def execute(self, sql: str) -> None:
        """Change something in the database behind the store's back."""
        with self.connection() as connection:
            connection.execute(sql)

    def rows(self, sql: str, *values: object) -> list[Any]:
        """What is in the database now."""
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def listen(self) -> list[str]:
        """What the store logs from now on, as texts."""
        return logs.listen(self, "chatserver.store")

    async def account(self) -> int:
        """A new account's id."""
        return await self.store.accounts.create(f"user {next(self._names)}", "hash", NOW)

    async def accounts(self, count: int) -> list[int]:
        return [await self.account() for _ in range(count)]

    async def enter(self, account: int, name: str = "phone") -> Entry:
        """Let a device in."""
        return await self.store.devices.enter(account, name, NOW)

    async def device(self, account: int, name: str = "phone") -> int:
        """The id of a device that has come in."""
        return (await self.enter(account, name)).device

    def draft(
        self, sender: int, place: int | tuple[int, int], text: str = "hi", **fields: Any
    ) -> Sent:
        """A message to a conversation, or to a pair of accounts."""
        draft = Sent(
            sender=sender,
            device=fields.get("device", 1),
            text=text,
            cid=self.store.log.cid(fields.get("cid")),
        )
        if isinstance(place, tuple):
            draft.pair = pair_of(*place)
        else:
            draft.conversation = place
        return draft

    async def send(
        self, sender: int, place: int | tuple[int, int], text: str = "hi", **fields: Any
    ) -> Stored:
        """A message that has been stored."""
        return await append(self.store.log, self.draft(sender, place, text, **fields))

    async def texts(self, conversation: int) -> list[str]:
        """All texts of a conversation, by seq."""
        page = await self.store.log.page_after(conversation, 0, 10**6)
        return [message.text for message in page]

    async def backlog(self, account: int, device: int) -> list[Backlog]:
        return (await self.store.welcomes.of(account, device)).standing.backlogs

    async def circle(self, account: int) -> Circle:
        """Whom an account has to do with."""
        return (await self.store.welcomes.of(account, 0)).circle

    def assert_log_is_whole(self) -> None:
        """Every conversation's seqs are 1, 2, 3 … without holes."""
        rows = self.rows(
            "SELECT conversation, MIN(seq), MAX(seq), COUNT(*) FROM messages GROUP BY conversation"
        )
        for conversation, first, last, count in rows:
            self.assertEqual((first, last), (1, count), f"conversation {conversation}")


def append(log: MessageLog, draft: Sent) -> Deferred[Stored]:
    """Append a draft; fires with its outcome."""
    draft.stored = Deferred()
    log.append(draft)
    return draft.stored


def where(stored: Stored) -> tuple[int, int, int]:
    """Where a message stands, and since when."""
    return stored.conversation, stored.seq, stored.sent


async def append_all(log: MessageLog, drafts: Iterable[Sent]) -> list[Stored]:
    """The outcomes of drafts that are appended at once."""
    stored: list[Stored] = await all_of([append(log, draft) for draft in drafts])
    return stored


async def together(*coroutines: Coroutine[Deferred[Any], Any, T]) -> list[T]:
    """The results of what is begun at once."""
    return await all_of(Deferred.fromCoroutine(coroutine) for coroutine in coroutines)


async def all_of(deferreds: Any) -> list[Any]:
    """The results of all, in their order."""
    return await gatherResults(list(deferreds), consumeErrors=True)


async def error_of(awaitable: Awaitable[Any]) -> BaseException:
    """The error that something ends with."""
    try:
        result = await awaitable
    except Exception as problem:
        return problem
    raise AssertionError(f"no error, but {result}")
