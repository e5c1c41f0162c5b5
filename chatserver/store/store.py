"""The whole store, put together."""

from __future__ import annotations

from typing import Any, NamedTuple

from chatserver.settings import Settings
from chatserver.store.accounts import Accounts
from chatserver.store.conversations import Conversations
from chatserver.store.cursors import Backlog, Cursors, select_backlogs
from chatserver.store.database import Database
from chatserver.store.devices import Devices
from chatserver.store.engine import Cursor
from chatserver.store.engines import engine_of
from chatserver.store.friends import Friends, select_friends
from chatserver.store.groups import GroupOfMine, Groups, select_groups
from chatserver.store.log import MessageLog


class Circle(NamedTuple):
    """An account's friends (ids and names) and groups."""

    friends: list[tuple[int, str]]
    groups: list[GroupOfMine]

    def accounts(self) -> set[int]:
        """The ids of all friends and fellow members."""
        known = {id for id, _ in self.friends}
        known.update(member.id for mine in self.groups for member in mine.members)
        return known


class Store:
    """Everything the server remembers. The database must have been prepared.

    :param reactor: runs the database's threads and tells the time.
    """

    def __init__(self, settings: Settings, reactor: Any) -> None:
        self._database = database = Database(engine_of(settings.database), reactor)
        self.accounts = Accounts(database)
        self.devices = Devices(database, settings.token_days)
        self.friends = Friends(database)
        self.groups = Groups(database)
        self.conversations = Conversations(database)
        self.log = MessageLog(database, self.conversations, reactor, settings.pending)
        self.cursors = Cursors(database)

    async def circle(self, account: int) -> Circle:
        """Whom an account has to do with."""
        return await self._database.read(_select_circle, account)

    async def backlogs(self, account: int, device: int) -> list[Backlog]:
        """What waits for a device, by conversation."""
        return await self._database.read(select_backlogs, account, device)

    def close(self) -> None:
        """Close the database, after what has been given to it has run."""
        self._database.close()


def _select_circle(cursor: Cursor, account: int) -> Circle:
    return Circle(select_friends(cursor, account), select_groups(cursor, account))
