"""Orders to running servers and their answers, as they stand in the database.

A node that sees an order for the first time carries it out. One that is for any one node has to be
claimed. Who ordered reads the answers, and deletes all of it in the end.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from typing import NamedTuple

from chatserver.store.chunks import chunks, marks
from chatserver.store.database import Database
from chatserver.store.engine import Cursor

_PARTS_AT_ONCE = 50


class OrderRow(NamedTuple):
    """An order as stored."""

    id: str
    body: str
    is_for_one: bool


class AnswerRow(NamedTuple):
    """A part of a node's answer."""

    node: str
    part: int
    is_last: bool
    body: str


class Orders:
    """Places, claims and answers orders.

    :param node: who does; "" for a program that only places some.
    """

    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._node = node

    async def ids(self) -> set[str]:
        """All orders that there are."""
        return await self._database.read(_select_ids)

    async def read(self, ids: Collection[str]) -> list[OrderRow]:
        """Those of the orders that are still there."""
        return await self._database.read(_select_orders, ids)

    async def claim(self, id: str) -> bool:
        """Whether it is this node that does what any one may do."""
        return await self._database.write(_claim, id, self._node)

    async def answer(self, id: str, part: int, body: str, *, is_last: bool) -> bool:
        """Write a part of this node's answer; False where nobody waits for it any longer."""
        row = AnswerRow(self._node, part, is_last, body)
        return await self._database.write(_insert_answer, id, row, self._database.for_update)

    async def place(self, body: str, *, for_one: bool) -> str:
        """Place an order; returns its id."""
        id = secrets.token_hex(16)
        await self._database.write(_insert_order, OrderRow(id, body, for_one))
        return id

    async def answers(self, id: str, known: Mapping[str, int]) -> list[AnswerRow]:
        """Further parts of the answers to an order, in order.

        :param known: how many parts each node's answer has that are known already.
        """
        return await self._database.read(_select_answers, id, known)

    async def delete(self, ids: Collection[str]) -> None:
        """Delete orders with their answers, and so call off what has not begun."""
        await self._database.write(_delete, ids)


def _select_ids(cursor: Cursor) -> set[str]:
    cursor.execute("SELECT id FROM orders")
    return {id for (id,) in cursor.fetchall()}


def _select_orders(cursor: Cursor, ids: Collection[str]) -> list[OrderRow]:
    found: list[OrderRow] = []
    for chunk in chunks(ids):
        cursor.execute(
            f"SELECT id, body, for_one FROM orders WHERE id IN ({marks(chunk)}) ORDER BY id", chunk
        )
        found += [OrderRow(id, body, bool(for_one)) for id, body, for_one in cursor.fetchall()]
    return found


def _claim(cursor: Cursor, id: str, node: str) -> bool:
    cursor.execute("UPDATE orders SET node = ? WHERE id = ? AND node = ''", (node, id))
    return cursor.rowcount == 1


def _insert_answer(cursor: Cursor, id: str, row: AnswerRow, for_update: str) -> bool:
    # Who deletes the order waits for this, and then deletes the answer as well.
    cursor.execute(
        "INSERT INTO answers (order_id, node, part, is_last, body) "
        f"SELECT id, ?, ?, ?, ? FROM orders WHERE id = ?{for_update}",
        (*row, id),
    )
    return cursor.rowcount == 1


def _insert_order(cursor: Cursor, row: OrderRow) -> None:
    cursor.execute("INSERT INTO orders (id, body, for_one) VALUES (?, ?, ?)", row)


def _select_answers(cursor: Cursor, id: str, known: Mapping[str, int]) -> list[AnswerRow]:
    cursor.execute("SELECT node, MAX(part) FROM answers WHERE order_id = ? GROUP BY node", (id,))
    found: list[AnswerRow] = []
    for node, last in cursor.fetchall():
        if last >= known.get(node, 0):
            cursor.execute(
                "SELECT node, part, is_last, body FROM answers "
                "WHERE order_id = ? AND node = ? AND part >= ? ORDER BY part LIMIT ?",
                (id, node, known.get(node, 0), _PARTS_AT_ONCE),
            )
            found += [
                AnswerRow(by, part, bool(is_last), body)
                for by, part, is_last, body in cursor.fetchall()
            ]
    return found


def _delete(cursor: Cursor, ids: Collection[str]) -> None:
    for chunk in chunks(ids):
        cursor.execute(f"DELETE FROM orders WHERE id IN ({marks(chunk)})", chunk)
        cursor.execute(f"DELETE FROM answers WHERE order_id IN ({marks(chunk)})", chunk)
