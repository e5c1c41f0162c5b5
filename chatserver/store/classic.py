"""A database of the C++ "cluster chat server", as it is read to be taken over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NamedTuple

from chatserver.store.errors import DatabaseUnusable
from chatserver.store.mysql import MySQL

_TABLES = ("user", "friend", "allgroup", "groupuser", "offlinemessage")
_PAGE = 1000
_SAMPLE = 2000  # messages to find out how texts were stored
_PATIENCE = 60  # seconds without an answer


class OldUser(NamedTuple):
    id: int
    name: str
    password: str


class OldGroup(NamedTuple):
    id: int
    name: str
    description: str


class OldMember(NamedTuple):
    group: int
    user: int
    role: str


class ClassicDatabase:
    """Its tables at one moment; nothing is changed there.

    :param url: as ``mysql://USER:PASSWORD@HOST:PORT/NAME``.
    :raises DatabaseUnusable: it can't be read, or is of another kind.
    """

    def __init__(self, url: str) -> None:
        self._engine = MySQL(url)
        #: The database's name, which tells several chats apart.
        self.source = self._engine.database
        with self._explained():
            self._connection = self._engine.connect(patience=_PATIENCE)
            self._run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            self._run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            found = self._run(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
            )
        missing = [table for table in _TABLES if table not in {name.lower() for (name,) in found}]
        if missing:
            self._connection.close()
            raise DatabaseUnusable(
                f"{self._engine.name} has no table {missing[0]}: it is not the database of the "
                "C++ cluster chat server"
            )

    def __enter__(self) -> ClassicDatabase:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def count(self, table: str) -> int:
        """How many rows a table has."""
        with self._explained():
            [(number,)] = self._run(f"SELECT COUNT(*) FROM {table}")
        return int(number)

    def sample(self) -> list[str]:
        """Some of the texts that people wrote."""
        with self._explained():
            rows = [
                *self._run("SELECT name FROM user LIMIT ?", _SAMPLE),
                *self._run("SELECT groupname FROM allgroup LIMIT ?", _SAMPLE),
                *self._run("SELECT groupdesc FROM allgroup LIMIT ?", _SAMPLE),
                *self._run("SELECT message FROM offlinemessage LIMIT ?", _SAMPLE),
            ]
        return [_text(value) for (value,) in rows]

    def users(self) -> Iterator[list[OldUser]]:
        """All users by id, in pages."""
        for rows in self._pages("id, name, password FROM user", "id"):
            yield [OldUser(id, _text(name), _text(password)) for id, name, password in rows]

    def friends(self) -> Iterator[list[tuple[int, int]]]:
        """All pairs of a user and one on that user's list, in pages."""
        yield from self._stream("SELECT userid, friendid FROM friend ORDER BY userid, friendid")

    def groups(self) -> Iterator[list[OldGroup]]:
        """All groups by id, in pages."""
        for rows in self._pages("id, groupname, groupdesc FROM allgroup", "id"):
            yield [OldGroup(id, _text(name), _text(about)) for id, name, about in rows]

    def members(self) -> list[OldMember]:
        """All members of all groups, by group."""
        with self._explained():
            rows = self._run(
                "SELECT groupid, userid, grouprole FROM groupuser ORDER BY groupid, userid"
            )
        return [OldMember(group, user, _text(role)) for group, user, role in rows]

    def offline(self) -> Iterator[list[tuple[int, str]]]:
        """All that waits for users who were offline, as it came: the user and the frame."""
        for rows in self._stream("SELECT userid, message FROM offlinemessage"):
            yield [(user, _text(message)) for user, message in rows]

    def _pages(self, columns: str, key: str) -> Iterator[list[Any]]:
        last = None
        while True:
            where, values = ("", ()) if last is None else (f"WHERE {key} > ?", (last,))
            with self._explained():
                rows = self._run(f"SELECT {columns} {where} ORDER BY {key} LIMIT ?", *values, _PAGE)
            if not rows:
                return
            yield rows
            last = rows[-1][0]

    def _stream(self, statement: str) -> Iterator[list[Any]]:
        """The rows as the server sends them, without keeping all of them."""
        with self._explained():
            cursor = self._engine.stream(self._connection, statement)
        while True:
            with self._explained():
                rows = list(cursor.fetchmany(_PAGE))
            if not rows:
                cursor.close()
                return
            yield rows

    def _run(self, statement: str, *values: object) -> list[Any]:
        cursor = self._engine.adapt(self._connection.cursor())
        cursor.execute(statement, values)
        return list(cursor.fetchall())

    @contextmanager
    def _explained(self) -> Iterator[None]:
        with self._engine.explained():
            yield


def _text(value: object) -> str:
    if isinstance(value, bytes):  # of a column without a character set
        return value.decode(errors="replace")
    return "" if value is None else str(value)
