"""What the bus brings, handed to the sessions it concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from twisted.logger import Logger

from chatserver.bus import events
from chatserver.bus.bus import Bus
from chatserver.bus.events import (
    AnyEvent,
    ChatStored,
    DeviceTaken,
    FriendAdded,
    GroupJoined,
    PresenceChanged,
    SignalSent,
)
from chatserver.services.rendering import push_of_event
from chatserver.sessions.registry import GroupPlace, LocalAccount, Registry
from chatserver.sessions.session import Unsynced
from chatserver.spawn import spawn
from chatserver.wire.dialects import Dialect
from chatserver.wire.frames import Goodbye, PresencePush, SignalPush


class Delivery:
    """Listens to the bus for all sessions of this node."""

    _log = Logger()

    def __init__(self, bus: Bus, registry: Registry) -> None:
        self._bus = bus
        self._registry = registry
        self._by_kind: dict[type[events.Event], Callable[[Any], None]] = {
            ChatStored: self._chat,
            SignalSent: self._signal,
            PresenceChanged: self._presence,
            FriendAdded: self._friend_added,
            GroupJoined: self._group_joined,
            DeviceTaken: self._device_taken,
        }

    def deliver(self, event: AnyEvent) -> None:
        """Take an event from the bus."""
        try:
            self._by_kind[type(event)](event)
        except Exception:
            self._log.failure("an event of kind {kind} was not delivered", kind=type(event))

    def _chat(self, event: ChatStored) -> None:
        """Push a message to all devices of its conversation but the one that sent it.

        It is encoded once for each dialect, and for the sender, who gets the cid.
        """
        conversation, seq, sender = event.conversation, event.seq, event.sender
        encoded: dict[tuple[Dialect, bool], tuple[bytes, ...]] = {}
        for account in self._recipients(event):
            is_sender = account.id == sender
            for session in account.sessions:
                login = session.login
                if login is None or seq <= login.from_log.get(conversation, 0):
                    continue
                if login.unsynced is not None:
                    unsynced = login.unsynced.get(conversation)
                    if unsynced is None:
                        login.unsynced[conversation] = Unsynced(seq - 1, seq, 0)
                    elif seq > unsynced.target:
                        unsynced.target = seq
                elif is_sender and login.device == event.device:
                    session.skip(conversation, seq)
                else:
                    key = (session.dialect, is_sender)
                    frames = encoded.get(key)
                    if frames is None:
                        push = push_of_event(event, to_sender=is_sender)
                        frames = encoded[key] = session.dialect.encode(push)
                    session.push(conversation, seq, frames, live=True)

    def _recipients(self, event: ChatStored) -> Iterator[LocalAccount]:
        if event.group is not None:
            for account, joined in self._registry.members(event.conversation):
                if event.seq > joined:
                    yield account
            return
        assert event.toid is not None
        for id in {event.sender, event.toid}:
            found = self._registry.account(id)
            if found is not None:
                yield found

    def _signal(self, event: SignalSent) -> None:
        push = SignalPush(
            id=event.sender,
            toid=msgspec.UNSET if event.toid is None else event.toid,
            groupid=msgspec.UNSET if event.group is None else event.group,
            data=msgspec.Raw(event.data),
        )
        if event.conversation is None:
            addressee = self._registry.account(event.toid or 0)
            accounts = [addressee] if addressee else []
        else:
            accounts = [account for account, _ in self._registry.members(event.conversation)]
        for account in accounts:
            if account.id != event.sender:
                for session in account.sessions:
                    session.tell(push)

    def _presence(self, event: PresenceChanged) -> None:
        push = PresencePush(id=event.account, state=event.state)
        for account in self._registry.watchers(event.account):
            for session in account.sessions:
                session.tell(push)

    def _friend_added(self, event: FriendAdded) -> None:
        account = self._registry.account(event.account)
        if account is not None:
            self._registry.add_friend(account, event.friend)
            topic = events.of_presence(event.friend)
            spawn(self._bus.subscribe([topic]), "subscribing to a friend's presence")

    def _group_joined(self, event: GroupJoined) -> None:
        account = self._registry.account(event.account)
        if account is not None:
            place = GroupPlace(event.conversation, event.seq)
            self._registry.add_group(account, event.group, place)
            topic = events.of_group(event.conversation)
            spawn(self._bus.subscribe([topic]), "subscribing to a group")

    def _device_taken(self, event: DeviceTaken) -> None:
        account = self._registry.account(event.account)
        for session in account.sessions if account else ():
            login = session.login
            if (
                login is not None
                and login.device_name == event.device_name
                and login.holder != event.holder
            ):
                session.goodbye(Goodbye(reason="replaced"))
