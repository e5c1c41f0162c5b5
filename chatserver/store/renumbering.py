"""New numbers for conversations, after a database was set back to an earlier state.

Messages that the earlier state lacks had numbers, and clients remember how far they have come. New
ones in the same conversations would get these numbers again, and clients would take them for what
they have seen already. So the conversations become new ones.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from chatserver.store.engine import Cursor

#: Ids that are left out where it is not known how many were given since the earlier state.
_MARGIN = 10_000
# Where the id of a conversation stands besides its own table.
_REFERENCES = ("chat_groups", "members", "messages", "cursors")


class Highest(NamedTuple):
    """The highest ids that were ever given."""

    account: int
    group: int
    conversation: int


class Renumbered(NamedTuple):
    """The first ids that will be given now."""

    account: int
    group: int
    conversation: int


def select_highest(cursor: Cursor) -> Highest:
    """What the database knows of the highest ids."""
    return Highest(
        *(_highest(cursor, table) for table in ("accounts", "chat_groups", "conversations"))
    )


def renumber(cursor: Cursor, lost: Highest | None) -> Renumbered:
    """Give all conversations numbers that none had before; inside a transaction.

    Nor is the id of an account or a group given twice.

    :param lost: what was given in the state that is lost, if that can be told.
    """
    here = select_highest(cursor)
    before = lost or Highest(here.account + _MARGIN, here.group + _MARGIN, 0)
    # More than a thousand new conversations in each second until now there can't have been.
    newest = max(int(time.time() * 1000), here.conversation, before.conversation)
    shift = newest + 1 - _lowest_conversation(cursor)
    cursor.execute("UPDATE conversations SET id = id + ?", (shift,))
    for table in _REFERENCES:
        cursor.execute(f"UPDATE {table} SET conversation = conversation + ?", (shift,))
    last = shift + here.conversation
    account = max(here.account, before.account)
    group = max(here.group, before.group)
    _give("conversations (id)", cursor, last, ())
    _give("accounts (id, name, password_hash, created)", cursor, account, ("\n", "", 0))
    _give("chat_groups (id, name, description, conversation)", cursor, group, ("\n", "", 0))
    return Renumbered(account + 2, group + 2, last + 2)


def _highest(cursor: Cursor, table: str) -> int:
    cursor.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}")
    return int(cursor.fetchone()[0])


def _lowest_conversation(cursor: Cursor) -> int:
    cursor.execute("SELECT COALESCE(MIN(id), 1) FROM conversations")
    return int(cursor.fetchone()[0])


def _give(columns: str, cursor: Cursor, last: int, values: tuple[object, ...]) -> None:
    """Use an id up, as databases count from the highest that there ever was."""
    marks = ", ".join("?" * (1 + len(values)))
    cursor.execute(f"INSERT INTO {columns} VALUES ({marks})", (last + 1, *values))
    cursor.execute(f"DELETE FROM {columns.split()[0]} WHERE id = ?", (last + 1,))
