"""The two dialects: how the server's frames become bytes.

A dialect is fixed by the first terminator that a connection sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from chatserver.wire.frames import (
    Frame,
    Friend,
    Group,
    GroupChatPush,
    GroupUser,
    LoginAck,
    OneChatPush,
    Push,
    RegisterAck,
)
from chatserver.wire.requests import msgid_of
from chatserver.wire.times import local_text

MAX_CLASSIC_FRAME = 1023

_encode = msgspec.json.encode


class Dialect(Protocol):
    """One way of writing frames."""

    #: What people call it.
    name: str
    #: Whether requests other than LOGIN and REG are answered, and events are told.
    talkative: bool

    def encode(self, frame: Frame) -> tuple[bytes, ...]:
        """The frame with its terminator: in one piece, in several, or none (not told here)."""

    def login_reply(self, ack: LoginAck, missed: Sequence[Push]) -> tuple[bytes, int]:
        """The reply to a login, and how many of the missed messages it carries."""

    def part(self, group: Group) -> Any:
        """A group as a part of a login's reply, as far encoded as it can be by itself."""


class Lines:
    """One JSON object a line."""

    name = "lines"
    talkative = True

    def encode(self, frame: Frame) -> tuple[bytes, ...]:
        return (_encode(frame) + b"\n",)

    def login_reply(self, ack: LoginAck, missed: Sequence[Push]) -> tuple[bytes, int]:  # noqa: ARG002
        return _encode(ack) + b"\n", 0

    def part(self, group: Group) -> Any:
        return msgspec.Raw(_encode(group))


class Classic:
    """What the C++ client reads: NUL-terminated, nested data as strings, 1,023 bytes at most."""

    name = "classic"
    talkative = False

    def encode(self, frame: Frame) -> tuple[bytes, ...]:
        if isinstance(frame, OneChatPush | GroupChatPush):
            return tuple(_encode(part) + b"\0" for part in _split(_with_local_time(frame)))
        if isinstance(frame, LoginAck):
            return (self.login_reply(frame, ())[0],)
        if isinstance(frame, RegisterAck):
            return (_encode(frame) + b"\0",)
        return ()

    def part(self, group: Group) -> Any:
        return group

    def login_reply(self, ack: LoginAck, missed: Sequence[Push]) -> tuple[bytes, int]:
        reply = _fitting_reply(ack)
        offline: list[str] = []
        for push in missed:
            text = _encode(_with_local_time(push)).decode()
            if len(_encode(reply | {"offlinemsg": [*offline, text]})) > MAX_CLASSIC_FRAME:
                break
            offline.append(text)
        if offline:
            reply["offlinemsg"] = offline
        return _encode(reply) + b"\0", len(offline)


LINES = Lines()
CLASSIC = Classic()


def _with_local_time(push: Push) -> Push:
    return msgspec.structs.replace(push, time=local_text(push.time))


def _split(push: Push) -> list[Push]:
    """The push, or several that carry its text in parts, each short enough."""
    room = MAX_CLASSIC_FRAME - len(_encode(msgspec.structs.replace(push, msg="")))
    if len(_encode(push.msg)) - 2 <= room:
        return [push]
    parts: list[str] = []
    start = used = 0
    for at, character in enumerate(push.msg):
        cost = len(_encode(character)) - 2
        if used + cost > room:
            parts.append(push.msg[start:at])
            start, used = at, 0
        used += cost
    parts.append(push.msg[start:])
    return [msgspec.structs.replace(push, msg=part) for part in parts]


def _fitting_reply(ack: LoginAck) -> dict[str, Any]:
    """The login reply without offline messages, shortened from the end until it fits.

    What goes first are the groups' users, then groups, then friends: the reply keeps the
    longest beginning of (friends, groups, users) that there is room for.
    """
    friends = ack.friends or []
    groups = ack.groups or []
    users = sum(len(group.users) for group in groups)
    kept, too_many = 0, min(len(friends) + len(groups) + users, MAX_CLASSIC_FRAME) + 1
    while too_many - kept > 1:
        middle = (kept + too_many) // 2
        if len(_encode(_reply_with(ack, friends, groups, middle))) <= MAX_CLASSIC_FRAME:
            kept = middle
        else:
            too_many = middle
    return _reply_with(ack, friends, groups, kept)


def _reply_with(
    ack: LoginAck, friends: Sequence[Friend], groups: Sequence[Group], count: int
) -> dict[str, Any]:
    """The reply with the first ``count`` of its friends, groups and groups' users."""
    reply: dict[str, Any] = {"msgid": msgid_of(LoginAck)}
    for name in ("req", "errno", "errmsg", "retry_after", "id", "name"):
        value = getattr(ack, name)
        if value is not msgspec.UNSET:
            reply[name] = value
    friends = friends[:count]
    count -= len(friends)
    groups = groups[:count]
    count -= len(groups)
    if friends:
        reply["friends"] = [_text(friend) for friend in friends]
    if groups:
        reply["groups"] = []
    for group in groups:
        users = group.users[:count]
        count -= len(users)
        reply["groups"].append(_group_text(group, users))
    return reply


def _group_text(group: Group, users: Sequence[GroupUser]) -> str:
    nested = {
        "id": group.id,
        "groupname": group.groupname,
        "groupdesc": group.groupdesc,
        "users": [_text(user) for user in users],
    }
    return _text(nested)


def _text(value: object) -> str:
    return _encode(value).decode()
