"""The whole store, put together."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from chatserver.settings import Settings
from chatserver.store.accounts import Accounts
from chatserver.store.backlogs import Backlogs
from chatserver.store.chunks import chunks
from chatserver.store.conversations import Conversations, Part, select_parts
from chatserver.store.cursors import Cursors
from chatserver.store.database import Database
from chatserver.store.devices import Devices
from chatserver.store.engine import Cursor
from chatserver.store.engines import engine_of
from chatserver.store.friends import Friends, select_friendships
from chatserver.store.groups import Groups
from chatserver.store.log import MessageLog
from chatserver.store.messages import select_last_seqs
from chatserver.store.nodes import Nodes
from chatserver.store.orders import Orders
from chatserver.store.shared_places import SharedPlaces
from chatserver.store.ties import Ties, select_ties
from chatserver.store.welcomes import Welcomes


class Interests(NamedTuple):
    """What concerns some accounts: friends as (account, friend), and parts in conversations."""

    friends: list[tuple[int, int]]
    parts: list[Part]
    last_seqs: dict[int, int]


class Store:
    """Everything the server remembers. The database must have been prepared.

    :param reactor: runs the database's threads and tells the time.
    :param node: names this process among those that share the database.
    """

    def __init__(self, settings: Settings, reactor: Any, node: str) -> None:
        self._database = database = Database(engine_of(settings.database), reactor)
        self.accounts = Accounts(database)
        self.devices = Devices(database, settings.token_days, reactor)
        self.friends = Friends(database)
        self.groups = Groups(database)
        self.conversations = Conversations(database)
        self.log = MessageLog(
            database, self.conversations, reactor, settings.pending, settings.pending_text
        )
        self.backlogs = Backlogs(database, self.conversations, reactor)
        self.cursors = Cursors(database)
        self.nodes = Nodes(database, node)
        self.orders = Orders(database, node)
        self.welcomes = Welcomes(database, reactor)
        self.shared_places = SharedPlaces(database, node, reactor)

    async def ties(self, account: int) -> Ties:
        """Whom an account has to do with."""
        return (await self._database.read(select_ties, [account]))[account]

    async def interests(self, accounts: Collection[int]) -> Interests:
        """What concerns these accounts, as it stands in the database now."""
        return await self._database.read(_select_interests, accounts)

    @property
    def is_usable(self) -> bool:
        """Whether the database answered what it was asked last."""
        return self._database.is_usable

    async def check(self) -> None:
        """Ask the database something small, by way of those who read and of the one who writes.

        :raises TryAgain: it can't be used.
        """
        await self._database.read(_ask)
        await self._database.write(_ask)

    def on_recovery(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` when the database can be used again after it could not."""
        self._database.on_recovery = listener

    def close(self) -> None:
        """Close the database, after what has been given to it has run."""
        self._database.close()


def _ask(cursor: Cursor) -> None:
    cursor.execute("SELECT 1")


def _select_interests(cursor: Cursor, accounts: Collection[int]) -> Interests:
    friends: list[tuple[int, int]] = []
    parts: list[Part] = []
    for chunk in chunks(accounts):
        friends += select_friendships(cursor, chunk)
        parts += select_parts(cursor, chunk)
    last_seqs: dict[int, int] = {}
    for chunk in chunks({part.conversation for part in parts}):
        last_seqs |= select_last_seqs(cursor, chunk)
    return Interests(friends, parts, last_seqs)
