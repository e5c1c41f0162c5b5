"""Passing on what matters only now: typing, moves in a game, call set-up."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from msgspec import UNSET

from chatserver.bus.bus import Bus
from chatserver.bus.events import SignalSent, of_account, of_group
from chatserver.dispatcher import handles
from chatserver.errors import InvalidField
from chatserver.services.membership import find_place
from chatserver.sessions.registry import GroupPlace, LocalAccount
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
        #: How many were passed on since the start.
        self.passed = 0

    @handles(Signal, answered=False)
    def signal(self, turn: Turn, request: Signal) -> Coroutine[Any, Any, None] | None:
        toid, group = request.toid, request.groupid
        if toid is UNSET and group is UNSET:
            raise InvalidField("toid is missing; give toid or groupid")
        if toid is not UNSET and group is not UNSET:
            raise InvalidField("groupid can't stand beside toid; give one of them")
        data = compact(request.data)
        if len(data) > MAX_SIGNAL:
            raise InvalidField(f"data must have at most {MAX_SIGNAL} bytes of JSON")
        login = turn.session.login
        assert login is not None
        account = login.account
        if toid is not UNSET:
            if self._store.accounts.cached_name(toid) is None:
                return self._to_unknown_user(account, toid, data)
            self._to_user(account, toid, data)
            return None
        assert group is not UNSET
        place = account.groups.get(group)
        if place is None:
            return self._to_unknown_group(account, group, data)
        self._to_group(account, group, place, data)
        return None

    async def _to_unknown_user(self, account: LocalAccount, toid: int, data: bytes) -> None:
        """
        :raises NoSuchUser: nobody has this id.
        """
        await self._store.accounts.name(toid)
        self._to_user(account, toid, data)

    async def _to_unknown_group(self, account: LocalAccount, group: int, data: bytes) -> None:
        place = await find_place(self._store, account, group)
        self._to_group(account, group, place, data)

    def _to_user(self, account: LocalAccount, toid: int, data: bytes) -> None:
        self.passed += 1
        event = SignalSent(sender=account.id, data=data, toid=toid)
        self._bus.publish([of_account(toid)], event)

    def _to_group(self, account: LocalAccount, group: int, place: GroupPlace, data: bytes) -> None:
        self.passed += 1
        conversation = place.conversation
        event = SignalSent(sender=account.id, data=data, group=group, conversation=conversation)
        self._bus.publish([of_group(conversation)], event)
