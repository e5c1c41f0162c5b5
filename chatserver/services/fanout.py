"""One message to all sessions of this node that it is for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chatserver.bus.events import ChatStored
from chatserver.services.rendering import push_of_event
from chatserver.sessions.registry import LocalAccount, Registry
from chatserver.sessions.session import Login, Session, Unsynced
from chatserver.store.conversations import Membership
from chatserver.wire.dialects import Dialect


class Fanout:
    """Pushes messages, which must come in the order of their conversation."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        #: How many messages were pushed as they came, and how many of them to groups, since the
        #: start; one counts for each device.
        self.pushed = 0
        self.pushed_in_groups = 0

    def push(self, event: ChatStored) -> None:
        """Push a message to all devices of its conversation but the one that sent it.

        It is encoded once for each dialect, and for the sender, who gets the cid.
        """
        conversation, seq, sender = event.conversation, event.seq, event.sender
        encoded: dict[Dialect, tuple[bytes, ...]] = {}
        pushed = 0
        for account in self.recipients(event):
            is_sender = account.id == sender
            for session in account.sessions:
                login = session.login
                if login is None or (
                    (login.unsynced is not None or login.from_log)
                    and not _is_due(login, conversation, seq)
                ):
                    continue
                if is_sender:
                    pushed += self._to_sender(event, session, login)
                    continue
                pushed += 1
                frames = encoded.get(session.dialect)
                if frames is None:
                    push = push_of_event(event, to_sender=False)
                    frames = encoded[session.dialect] = session.dialect.encode(push)
                session.push(conversation, seq, frames, live=True)
        self.pushed += pushed
        if event.group is not None:
            self.pushed_in_groups += pushed

    def _to_sender(self, event: ChatStored, session: Session, login: Login) -> bool:
        """Push a message to a device of the sender, with the cid, unless it sent it."""
        if login.device == event.device:
            session.skip(event.conversation, event.seq)
            return False
        push = push_of_event(event, to_sender=True)
        frames = session.dialect.encode(push)
        session.push(event.conversation, event.seq, frames, live=True)
        return True

    def recipients(self, event: ChatStored) -> Sequence[LocalAccount]:
        """The accounts with a session here that a message is for, its sender included."""
        if event.group is not None:
            members, seq = self._registry.members(event.conversation), event.seq
            return [account for account, joined in members if seq > joined]
        assert event.toid is not None
        return self._registry.pair(event.sender, event.toid)

    def participants(self, membership: Membership) -> Iterator[tuple[LocalAccount, int]]:
        """The accounts with a session here that take part in a conversation.

        With each comes the seq at which it joined.
        """
        if membership.pair is None:
            yield from self._registry.members(membership.conversation)
        else:
            for account in self._registry.pair(*membership.pair):
                yield account, 0


def _is_due(login: Login, conversation: int, seq: int) -> bool:
    """Whether a message is to be pushed now: a device that reads the log gets it from there."""
    if login.from_log and seq <= login.from_log.get(conversation, 0):
        return False
    if login.unsynced is None:
        return True
    unsynced = login.unsynced.get(conversation)
    if unsynced is None:
        login.unsynced[conversation] = Unsynced(seq - 1, seq, 0)
    elif seq > unsynced.target:
        unsynced.target = seq
    return False
