"""What the bus brings, handed to the sessions it concerns."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
from twisted.logger import Logger

from chatserver.bus import events
from chatserver.bus.bus import Bus
from chatserver.bus.events import (
    AnyEvent,
    ChatStored,
    CursorsWanted,
    CursorsWritten,
    DeviceTaken,
    FriendAdded,
    GroupJoined,
    PresenceChanged,
    SignalSent,
)
from chatserver.errors import TryAgain
from chatserver.services.entry import Entries
from chatserver.services.handover import Handover
from chatserver.services.presence import PresenceService
from chatserver.services.sequencer import Sequencer
from chatserver.sessions.registry import GroupPlace, LocalAccount, Registry
from chatserver.spawn import spawn
from chatserver.store.store import Store
from chatserver.wire.dialects import Dialect
from chatserver.wire.frames import SignalPush


class Delivery:
    """Listens to the bus for all sessions of this node."""

    _log = Logger()

    def __init__(
        self,
        store: Store,
        bus: Bus,
        registry: Registry,
        sequencer: Sequencer,
        presence: PresenceService,
        handover: Handover,
        entries: Entries,
    ) -> None:
        self._store = store
        self._bus = bus
        self._registry = registry
        self._sequencer = sequencer
        self._presence = presence
        self._by_kind: dict[type[events.Event], Callable[[Any], None]] = {
            ChatStored: sequencer.take,
            SignalSent: self._signal,
            PresenceChanged: presence.changed,
            FriendAdded: self._friend_added,
            GroupJoined: self._group_joined,
            DeviceTaken: entries.device_taken,
            CursorsWanted: handover.wanted,
            CursorsWritten: handover.written,
        }

    def deliver(self, event: AnyEvent) -> None:
        """Take an event from the bus."""
        try:
            self._by_kind[type(event)](event)
        except Exception:
            self._log.failure("an event of kind {kind} was not delivered", kind=type(event))

    def _signal(self, event: SignalSent) -> None:
        push = _push_of(event)
        if event.conversation is None:
            addressee = self._registry.account(event.toid or 0)
            if addressee is not None and addressee.id != event.sender:
                for session in addressee.sessions:
                    session.tell(push)
            return
        encoded: dict[Dialect, tuple[bytes, ...]] = {}
        for account, _ in self._registry.members(event.conversation):
            if account.id == event.sender:
                continue
            for session in account.sessions:
                frames = encoded.get(session.dialect)
                if frames is None:
                    frames = encoded[session.dialect] = session.dialect.encode(push)
                session.tell_encoded(frames)

    def _friend_added(self, event: FriendAdded) -> None:
        account = self._registry.account(event.account)
        if account is not None:
            self._registry.add_friend(account, event.friend)
            spawn(self._watch(event.friend), "subscribing to a friend's presence")

    async def _watch(self, friend: int) -> None:
        await self._bus.subscribe([events.of_presence(friend)])
        with suppress(TryAgain):
            await self._presence.verify([friend])

    def _group_joined(self, event: GroupJoined) -> None:
        account = self._registry.account(event.account)
        if account is not None and event.group not in account.groups:
            place = GroupPlace(event.conversation, event.seq)
            self._registry.add_group(account, event.group, place)
            self._sequencer.join(account, event.conversation, event.seq)
            spawn(self._follow(account, event), "subscribing to a group")

    async def _follow(self, account: LocalAccount, event: GroupJoined) -> None:
        """Hear what is sent to a group, and read what was sent before we heard it."""
        await self._bus.subscribe([events.of_group(event.conversation)])
        with suppress(TryAgain):
            last = await self._store.log.last_seq(event.conversation)
            if account.sessions:
                self._sequencer.reach(account, event.conversation, event.seq, last)


def _push_of(event: SignalSent) -> SignalPush:
    return SignalPush(
        id=event.sender,
        toid=msgspec.UNSET if event.toid is None else event.toid,
        groupid=msgspec.UNSET if event.group is None else event.group,
        data=msgspec.Raw(event.data),
    )
