"""Passing on what matters only now: typing, moves in a game, call set-up."""

from __future__ import annotations

from msgspec import UNSET

from chatserver.bus.bus import Bus
from chatserver.bus.events import SignalSent, of_account, of_group
from chatserver.dispatcher import handles
from chatserver.errors import InvalidField
from chatserver.services.membership import find_place
from chatserver.sessions.requests import Turn
from chatserver.store.store import Store
from chatserver.wire.codec import compact
from chatserver.wire.fields import MAX_SIGNAL
from chatserver.wire.requests import Signal


class SignalService:
    """Passes signals to who is online; stores nothing."""

    def __init__(self, store: Store, bus: Bus) -> None:
        self._store = store
        self._bus = bus

    @handles(Signal)
    async def signal(self, turn: Turn, request: Signal) -> None:
        if request.toid is UNSET and request.groupid is UNSET:
            raise InvalidField("toid is missing; give toid or groupid")
        if request.toid is not UNSET and request.groupid is not UNSET:
            raise InvalidField("groupid can't stand beside toid; give one of them")
        data = compact(request.data)
        if len(data) > MAX_SIGNAL:
            raise InvalidField(f"data must have at most {MAX_SIGNAL} bytes of JSON")
        account = turn.session.logged_in.account
        if request.toid is not UNSET:
            await self._store.accounts.name(request.toid)
            event = SignalSent(sender=account.id, data=data, toid=request.toid)
            self._bus.publish([of_account(request.toid)], event)
            return
        assert request.groupid is not UNSET
        place = await find_place(self._store, account, request.groupid)
        event = SignalSent(
            sender=account.id,
            data=data,
            group=request.groupid,
            conversation=place.conversation,
        )
        self._bus.publish([of_group(place.conversation)], event)
