"""Everything of one account, read at one moment and in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from chatserver.store.conversations import Membership
from chatserver.store.database import Database
from chatserver.store.engine import Cursor
from chatserver.store.messages import Message, select_page
from chatserver.wire.fields import MAX_ID

_PAGE = 500
_BYTES = 2**20  # of texts in a page


class OwnDevice(NamedTuple):
    """A device; until when a token logs it in, in milliseconds since the epoch, if any does."""

    name: str
    expires: int | None


class Place(NamedTuple):
    """A conversation that the account takes part in: a group's, or with somebody."""

    membership: Membership
    role: str
    name: str
    description: str


class AccountReader:
    """Reads within one transaction."""

    def __init__(self, cursor: Cursor, database: Database, account: int) -> None:
        self._cursor = cursor
        self._database = database
        self._account = account

    def account(self) -> tuple[str, int, bool]:
        """Its name, when it was made (milliseconds since the epoch), and whether it is disabled."""
        self._run("SELECT name, created, disabled FROM accounts WHERE id = ?", self._account)
        name, created, disabled = self._cursor.fetchone()
        return name, created, bool(disabled)

    def devices(self) -> Iterator[OwnDevice]:
        """All that it was ever logged in with."""
        sql = (
            "SELECT d.name, (SELECT MAX(t.expires) FROM tokens t WHERE t.device = d.id) "
            "FROM devices d WHERE d.account = ? AND d.name > ? ORDER BY d.name LIMIT ?"
        )
        self._run("SELECT id FROM devices WHERE account = ? AND name = ?", self._account, "")
        unnamed = self._cursor.fetchone()
        if unnamed is not None:
            self._run("SELECT MAX(expires) FROM tokens WHERE device = ?", unnamed[0])
            yield OwnDevice("", self._cursor.fetchone()[0])
        for row in self._pages(sql, "", 0):
            yield OwnDevice(*row)

    def friends(self) -> Iterator[Sequence[Any]]:
        """The ids and names on its list."""
        sql = (
            "SELECT f.friend, a.name FROM friends f JOIN accounts a ON a.id = f.friend "
            "WHERE f.account = ? AND f.friend > ? ORDER BY f.friend LIMIT ?"
        )
        yield from self._pages(sql, 0, 0)

    def places(self) -> Iterator[Place]:
        """All that it takes part in."""
        sql = (
            "SELECT m.conversation, m.joined, g.id, c.low, c.high, m.role, "
            "COALESCE(g.name, a.name), COALESCE(g.description, '') FROM members m "
            "JOIN conversations c ON c.id = m.conversation "
            "LEFT JOIN chat_groups g ON g.conversation = m.conversation "
            "LEFT JOIN accounts a ON a.id = CASE WHEN c.low = m.account THEN c.high ELSE c.low END "
            "WHERE m.account = ? AND m.conversation > ? ORDER BY m.conversation LIMIT ?"
        )
        for conversation, joined, group, low, high, *described in self._pages(sql, 0, 0):
            pair = None if low is None else (low, high)
            yield Place(Membership(conversation, joined, group, pair), *described)

    def messages(self, membership: Membership) -> Iterator[list[Message]]:
        """What of a conversation is the account's, oldest first, in pages."""
        after, more = membership.joined, True
        while more:
            messages, more = select_page(
                self._cursor,
                self._database.body_size,
                membership.conversation,
                after,
                MAX_ID,
                _PAGE,
                _BYTES,
                newest=False,
            )
            if messages:
                after = messages[-1].seq
                yield messages

    def _pages(self, sql: str, first: object, key: int) -> Iterator[Sequence[Any]]:
        """The rows of a statement that takes the account, the last key, and a limit."""
        last = first
        while True:
            self._run(sql, self._account, last, _PAGE)
            rows = self._cursor.fetchall()
            yield from rows
            if len(rows) < _PAGE:
                return
            last = rows[-1][key]

    def _run(self, sql: str, *values: object) -> None:
        self._cursor.execute(sql, values)


async def read_account(
    database: Database, account: int, work: Callable[[AccountReader], None]
) -> None:
    """Let ``work`` read all of an account as it is at one moment; it must read while it runs."""

    def read(cursor: Cursor) -> None:
        database.begin_snapshot(cursor)
        work(AccountReader(cursor, database, account))

    await database.read(read)
