"""Stored things as the frames that show them."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import UNSET

from chatserver.bus.events import ChatStored
from chatserver.store.conversations import Membership
from chatserver.store.groups import GroupOfMine
from chatserver.store.messages import Message
from chatserver.wire import frames
from chatserver.wire.frames import GroupChatPush, OneChatPush, Push
from chatserver.wire.times import utc_text


def push_of_event(event: ChatStored, *, to_sender: bool) -> Push:
    """A message that has just been stored."""
    cid = event.cid if to_sender and event.cid is not None else UNSET
    time = utc_text(event.sent)
    if event.group is not None:
        return GroupChatPush(
            id=event.sender,
            name=event.name,
            groupid=event.group,
            msg=event.text,
            time=time,
            conv=event.conversation,
            seq=event.seq,
            cid=cid,
        )
    assert event.toid is not None
    return OneChatPush(
        id=event.sender,
        name=event.name,
        toid=event.toid,
        msg=event.text,
        time=time,
        conv=event.conversation,
        seq=event.seq,
        cid=cid,
    )


def event_of_message(message: Message, membership: Membership) -> ChatStored:
    """A message read back from a conversation, as it was told when it was stored."""
    is_pair = membership.group is None
    return ChatStored(
        conversation=membership.conversation,
        seq=message.seq,
        sender=message.sender,
        name=message.name,
        device=message.device,
        sent=message.sent,
        text=message.text,
        cid=message.cid,
        toid=membership.addressee(message.sender) if is_pair else None,
        group=membership.group,
    )


def push_of_message(message: Message, membership: Membership, *, reader: int) -> Push:
    """A message read back from a conversation, for one of its members."""
    event = event_of_message(message, membership)
    return push_of_event(event, to_sender=message.sender == reader)


def friend(id: int, name: str, online: Collection[int]) -> frames.Friend:
    """An entry of a list of friends."""
    return frames.Friend(id=id, name=name, state="online" if id in online else "offline")


def group(mine: GroupOfMine, online: Collection[int]) -> frames.Group:
    """A group with its members."""
    return frames.Group(
        id=mine.group.id,
        groupname=mine.group.name,
        groupdesc=mine.group.description,
        users=[
            frames.GroupUser(
                id=member.id,
                name=member.name,
                state="online" if member.id in online else "offline",
                role=member.role,
            )
            for member in mine.members
        ],
    )
