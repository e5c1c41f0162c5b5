"""One message to all sessions of this node that it is for."""

from __future__ import annotations

from collections.abc import Iterator

from chatserver.bus.events import ChatStored
from chatserver.services.rendering import push_of_event
from chatserver.sessions.registry import LocalAccount, Registry
from chatserver.sessions.session import Unsynced
from chatserver.store.conversations import Membership
from chatserver.wire.dialects import Dialect


class Fanout:
    """Pushes messages, which must come in the order of their conversation."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def push(self, event: ChatStored) -> None:
        """Push a message to all devices of its conversation but the one that sent it.

        It is encoded once for each dialect, and for the sender, who gets the cid.
        """
        conversation, seq, sender = event.conversation, event.seq, event.sender
        encoded: dict[tuple[Dialect, bool], tuple[bytes, ...]] = {}
        for account in self.recipients(event):
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

    def recipients(self, event: ChatStored) -> Iterator[LocalAccount]:
        """The accounts with a session here that a message is for, its sender included."""
        if event.group is not None:
            for account, joined in self._registry.members(event.conversation):
                if event.seq > joined:
                    yield account
        else:
            assert event.toid is not None
            yield from self._registry.accounts_of({event.sender, event.toid})

    def participants(self, membership: Membership) -> Iterator[tuple[LocalAccount, int]]:
        """The accounts with a session here that take part in a conversation.

        With each comes the seq at which it joined.
        """
        if membership.pair is None:
            yield from self._registry.members(membership.conversation)
        else:
            for account in self._registry.accounts_of(set(membership.pair)):
                yield account, 0
