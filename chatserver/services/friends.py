"""Adding friends."""

from __future__ import annotations

from chatserver.bus.bus import Bus
from chatserver.bus.events import FriendAdded, of_account
from chatserver.dispatcher import handles
from chatserver.errors import NotAllowed
from chatserver.services import rendering
from chatserver.services.presence import PresenceService
from chatserver.sessions.requests import Turn
from chatserver.store.places import Places
from chatserver.store.store import Store
from chatserver.wire.frames import Reply
from chatserver.wire.requests import AddFriend


class FriendService:
    """Keeps the lists of friends."""

    def __init__(self, store: Store, bus: Bus, places: Places, presence: PresenceService) -> None:
        self._store = store
        self._bus = bus
        self._places = places
        self._presence = presence

    @handles(AddFriend)
    async def add_friend(self, turn: Turn, request: AddFriend) -> Reply:
        account = turn.session.logged_in.account.id
        if request.friendid == account:
            raise NotAllowed("you can't be your own friend")
        name = await self._store.accounts.name(request.friendid)
        await self._store.friends.add(account, request.friendid)
        event = FriendAdded(account=account, friend=request.friendid)
        self._bus.publish([of_account(account)], event)
        online = await self._places.online([request.friendid])
        self._presence.begin([request.friendid], online)
        return Reply(friend=rendering.friend(request.friendid, name, online))
