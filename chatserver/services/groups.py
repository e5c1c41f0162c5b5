"""Creating and joining groups."""

from __future__ import annotations

from chatserver.bus.bus import Bus
from chatserver.bus.events import GroupJoined, of_account
from chatserver.dispatcher import handles
from chatserver.services import rendering
from chatserver.sessions.requests import Turn
from chatserver.store.groups import Group
from chatserver.store.places import Places
from chatserver.store.store import Store
from chatserver.wire.frames import Reply
from chatserver.wire.requests import AddGroup, CreateGroup


class GroupService:
    """Keeps the groups and their members."""

    def __init__(self, store: Store, bus: Bus, places: Places) -> None:
        self._store = store
        self._bus = bus
        self._places = places

    @handles(CreateGroup)
    async def create_group(self, turn: Turn, request: CreateGroup) -> Reply:
        account = turn.session.logged_in.account.id
        group = await self._store.groups.create(account, request.groupname, request.groupdesc)
        self._tell_joined(account, group, 0)
        return Reply(groupid=group.id)

    @handles(AddGroup)
    async def add_group(self, turn: Turn, request: AddGroup) -> Reply:
        account = turn.session.logged_in.account.id
        mine = await self._store.groups.join(account, request.groupid)
        self._tell_joined(account, mine.group, mine.joined)
        online = await self._places.online([member.id for member in mine.members])
        return Reply(groupid=mine.group.id, group=rendering.group(mine, online))

    def _tell_joined(self, account: int, group: Group, seq: int) -> None:
        event = GroupJoined(
            account=account, group=group.id, conversation=group.conversation, seq=seq
        )
        self._bus.publish([of_account(account)], event)
