"""Whom one can write to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chatserver.wire.frames import GroupChatPush, Push

Kind = Literal["user", "group"]


@dataclass(frozen=True, slots=True)
class Peer:
    """The other side of a conversation: a user, oneself among them, or a group."""

    kind: Kind
    id: int

    @property
    def is_group(self) -> bool:
        """Whether it is a group."""
        return self.kind == "group"


def user(userid: int) -> Peer:
    """The user of this id."""
    return Peer("user", userid)


def group(groupid: int) -> Peer:
    """The group of this id."""
    return Peer("group", groupid)


def peer_of(push: Push, me: int) -> Peer:
    """Whose conversation with ``me`` a message belongs to."""
    if isinstance(push, GroupChatPush):
        return group(push.groupid)
    return user(push.toid if push.id == me else push.id)
