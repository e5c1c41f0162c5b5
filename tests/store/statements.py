"""What the store says to its database: every statement, with where in the code it stands."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import chatserver
from chatserver.store.engine import Cursor, Engine

_EXECUTING = ("execute", "executemany", "execute_text")
_ROOT = Path(chatserver.__file__).parent.parent


class Statement(NamedTuple):
    """A statement as it was executed; ``place`` is its file and line."""

    sql: str
    values: Sequence[Any]
    place: tuple[str, int]


class Recording:
    """An engine that notes what is executed on it: ``transactions``, each with its statements."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.transactions: list[list[Statement]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def adapt(self, cursor: Any) -> Cursor:
        transaction: list[Statement] = []
        self.transactions.append(transaction)
        return _RecordingCursor(self._engine.adapt(cursor), transaction)


class _RecordingCursor:
    def __init__(self, cursor: Cursor, transaction: list[Statement]) -> None:
        self._cursor = cursor
        self._transaction = transaction

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def fetchone(self) -> Any:
        return self._cursor.fetchone()

    def fetchall(self) -> Sequence[Any]:
        return self._cursor.fetchall()

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Any:
        self._transaction.append(Statement(sql, values, _caller()))
        return self._cursor.execute(sql, values)

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]], /) -> Any:
        place = _caller()
        self._transaction += [Statement(sql, row, place) for row in rows]
        return self._cursor.executemany(sql, rows)

    def execute_text(self, sql: bytes) -> None:
        self._transaction.append(Statement(sql.decode(), (), _caller()))
        cursor: Any = self._cursor
        cursor.execute_text(sql)


def _caller() -> tuple[str, int]:
    """Where the function that called this one's caller is just now."""
    frame = sys._getframe(2)
    return Path(frame.f_code.co_filename).relative_to(_ROOT).as_posix(), frame.f_lineno


class Call(NamedTuple):
    """A place in the code where a statement is executed."""

    file: str
    function: str
    first_line: int
    last_line: int

    def covers(self, place: tuple[str, int]) -> bool:
        file, line = place
        return file == self.file and self.first_line <= line <= self.last_line


def calls(folder: Path = _ROOT / "chatserver/store") -> Iterator[Call]:
    """All places in a folder where a statement is executed."""
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if (
                        isinstance(node, ast.Call)
                        and isinstance(node.func, ast.Attribute)
                        and node.func.attr in _EXECUTING
                    ):
                        assert node.end_lineno is not None
                        yield Call(
                            path.relative_to(_ROOT).as_posix(),
                            function.name,
                            node.lineno,
                            node.end_lineno,
                        )
