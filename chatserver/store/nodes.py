"""The nodes that share the database, and how a dead one is known.

Each node lets its ``beat`` grow. Who sees it stand still often enough gives the node up: the
clocks of two hosts are never compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from chatserver.store.chunks import marks
from chatserver.store.database import Database
from chatserver.store.engine import Cursor

_EMPTIED_AT_ONCE = 500  # places in one transaction


class Beat(NamedTuple):
    """What a node has last shown of itself."""

    node: str
    beat: int
    is_given_up: bool


class Nodes:
    """This node's row among the others."""

    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        #: This node's name.
        self.name = node

    async def chat_id(self) -> str:
        """The name of the chat that all nodes of this database are."""
        return await self._database.read(_select_chat)

    async def enter(self) -> None:
        """Be one of the nodes, from now on."""
        await self._database.write(_enter, self.name)

    async def beat(self) -> bool:
        """Show that this node lives; False where the others have given it up."""
        return await self._database.write(beat, self.name)

    async def beats(self) -> list[Beat]:
        """What all nodes have shown."""
        return await self._database.read(_select_beats)

    async def give_up(self, last: Beat) -> bool:
        """Let a node's places go to others, unless it has shown more than this meanwhile."""
        return await self._database.write(_give_up, last.node, last.beat)

    async def empty(self, node: str) -> list[int] | None:
        """Give some places of a node that was given up free, or leave it where none is left.

        Returns the accounts that are offline now; None when all has been done.
        """
        return await self._database.write(_empty, node)

    async def leave(self) -> None:
        """Give this node up itself; :meth:`empty` does the rest."""
        await self._database.write(_leave, self.name)


def _select_chat(cursor: Cursor) -> str:
    cursor.execute("SELECT id FROM chat")
    return str(cursor.fetchone()[0])


def _enter(cursor: Cursor, node: str) -> None:
    _delete(cursor, node)
    cursor.execute("INSERT INTO nodes (id, beat, given_up) VALUES (?, 0, 0)", (node,))


def beat(cursor: Cursor, node: str) -> bool:
    """Inside a transaction, whether a node is not given up, and keep it from being."""
    cursor.execute("UPDATE nodes SET beat = beat + 1 WHERE id = ? AND given_up = 0", (node,))
    return cursor.rowcount == 1


def _select_beats(cursor: Cursor) -> list[Beat]:
    cursor.execute("SELECT id, beat, given_up FROM nodes ORDER BY id")
    return [Beat(id, beat, bool(given_up)) for id, beat, given_up in cursor.fetchall()]


def _give_up(cursor: Cursor, node: str, beat: int) -> bool:
    cursor.execute(
        "UPDATE nodes SET given_up = 1 WHERE id = ? AND beat = ? AND given_up = 0", (node, beat)
    )
    return cursor.rowcount == 1


def _leave(cursor: Cursor, node: str) -> None:
    cursor.execute("UPDATE nodes SET given_up = 1 WHERE id = ?", (node,))


def _empty(cursor: Cursor, node: str) -> list[int] | None:
    # Locks the node's row: of several that do this, each place is told by one only.
    cursor.execute("UPDATE nodes SET given_up = 1 WHERE id = ? AND given_up = 1", (node,))
    if cursor.rowcount != 1:
        return None
    cursor.execute(
        f"SELECT account, device FROM places WHERE node = ? LIMIT {_EMPTIED_AT_ONCE}", (node,)
    )
    places = cursor.fetchall()
    if not places:
        _delete(cursor, node)
        return None
    cursor.executemany(
        "DELETE FROM places WHERE account = ? AND device = ? AND node = ?",
        [(account, device, node) for account, device in places],
    )
    accounts = {account for account, _ in places}
    return sorted(accounts - select_online(cursor, sorted(accounts)))


def _delete(cursor: Cursor, node: str) -> None:
    cursor.execute("DELETE FROM nodes WHERE id = ?", (node,))


def select_online(cursor: Cursor, accounts: Sequence[int]) -> set[int]:
    """Those of the accounts that hold a place."""
    cursor.execute(
        f"SELECT DISTINCT account FROM places WHERE account IN ({marks(accounts)})", accounts
    )
    return {account for (account,) in cursor.fetchall()}
