"""Groups and who is in them."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from chatserver.errors import Exists, NoSuchGroup
from chatserver.store.database import Database
from chatserver.store.engine import Cursor
from chatserver.store.errors import RowRefused
from chatserver.store.messages import Lock, select_last_seq
from chatserver.wire.frames import Role


class Member(Struct, frozen=True, gc=False):
    """One member of a group."""

    id: int
    name: str
    role: Role


class Group(NamedTuple):
    """A group as stored."""

    id: int
    conversation: int
    name: str
    description: str


class GroupOfMine(NamedTuple):
    """A group as one of its members has it: what follows ``joined`` is theirs."""

    group: Group
    joined: int
    members: list[Member]


class Groups:
    """Creates, joins and finds groups."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, creator: int, name: str, description: str) -> Group:
        """A new group with its first member.

        :raises Exists: the name is taken.
        """
        try:
            return await self._database.write(_create, creator, name, description)
        except RowRefused:
            raise Exists(f"a group named {name} exists already; choose another name") from None

    async def join(self, account: int, group: int) -> GroupOfMine:
        """Make an account a member, of what is sent from now on.

        :raises NoSuchGroup: there is no such group.
        :raises Exists: the account is a member already.
        """
        try:
            return await self._database.write(_join, self._database.lock, account, group)
        except RowRefused:
            raise Exists("you are a member of this group already") from None

    async def place_of(self, account: int, group: int) -> tuple[int, int] | None:
        """The conversation of an account's group, and the seq at which the account joined."""
        return await self._database.read(_select_place, account, group)

    async def find(self, group: int) -> Group:
        """
        :raises NoSuchGroup: there is no such group.
        """
        return await self._database.read(_find, group)


def _create(cursor: Cursor, creator: int, name: str, description: str) -> Group:
    cursor.execute("INSERT INTO conversations (low, high) VALUES (NULL, NULL)")
    conversation = cursor.lastrowid
    assert conversation is not None
    cursor.execute(
        "INSERT INTO chat_groups (name, description, conversation) VALUES (?, ?, ?)",
        (name, description, conversation),
    )
    group = cursor.lastrowid
    assert group is not None
    _add_member(cursor, creator, conversation, 0, "creator")
    return Group(group, conversation, name, description)


def _join(cursor: Cursor, lock: Lock, account: int, id: int) -> GroupOfMine:
    group = _find(cursor, id)
    lock(cursor, [group.conversation])
    seq = select_last_seq(cursor, group.conversation)
    _add_member(cursor, account, group.conversation, seq, "normal")
    cursor.execute(
        "SELECT a.id, a.name, m.role FROM members m JOIN accounts a ON a.id = m.account "
        "WHERE m.conversation = ? ORDER BY a.id",
        (group.conversation,),
    )
    return GroupOfMine(group, seq, [Member(*row) for row in cursor.fetchall()])


def _add_member(cursor: Cursor, account: int, conversation: int, joined: int, role: Role) -> None:
    cursor.execute(
        "INSERT INTO members (account, conversation, joined, role) VALUES (?, ?, ?, ?)",
        (account, conversation, joined, role),
    )


def _select_place(cursor: Cursor, account: int, group: int) -> tuple[int, int] | None:
    cursor.execute(
        "SELECT m.conversation, m.joined FROM chat_groups g "
        "JOIN members m ON m.conversation = g.conversation AND m.account = ? WHERE g.id = ?",
        (account, group),
    )
    row = cursor.fetchone()
    return None if row is None else (row[0], row[1])


def _find(cursor: Cursor, id: int) -> Group:
    cursor.execute(
        "SELECT id, conversation, name, description FROM chat_groups WHERE id = ?", (id,)
    )
    row = cursor.fetchone()
    if row is None:
        raise NoSuchGroup
    return Group(*row)
