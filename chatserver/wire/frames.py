"""What the server sends: one class a frame, its msgid as the tag.

Fields left UNSET do not go over the wire.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from chatserver.wire.requests import Req

State = Literal["online", "offline"]
Role = Literal["creator", "normal"]


class Friend(msgspec.Struct, kw_only=True, gc=False):
    """One entry of a list of friends."""

    id: int
    name: str
    state: State


class GroupUser(msgspec.Struct, kw_only=True, gc=False):
    """One member of a group."""

    id: int
    name: str
    state: State
    role: Role


class Group(msgspec.Struct, kw_only=True):
    """A group with its members."""

    id: int
    groupname: str
    groupdesc: str
    users: list[GroupUser]


class Frame(msgspec.Struct, tag_field="msgid", kw_only=True, gc=False):
    """A message from the server."""


class LoginAck(Frame, tag=2, kw_only=True):
    """The answer to a login. ``expires`` as ``time``; ``pending`` messages follow."""

    req: Req | UnsetType = UNSET
    errno: int = 0
    errmsg: str | UnsetType = UNSET
    retry_after: float | UnsetType = UNSET
    id: int | UnsetType = UNSET
    name: str | UnsetType = UNSET
    friends: list[Friend] | UnsetType = UNSET
    groups: list[Group] | UnsetType = UNSET
    token: str | UnsetType = UNSET
    expires: str | UnsetType = UNSET
    pending: int | UnsetType = UNSET


class RegisterAck(Frame, tag=4, kw_only=True):
    """The answer to a registration: the new account's id."""

    req: Req | UnsetType = UNSET
    errno: int = 0
    errmsg: str | UnsetType = UNSET
    retry_after: float | UnsetType = UNSET
    id: int | UnsetType = UNSET


class OneChatPush(Frame, tag=5, kw_only=True):
    """A text from ``id`` to ``toid``; ``cid`` only on the way to the sender's own devices."""

    id: int
    name: str
    toid: int
    msg: str
    time: str
    conv: int
    seq: int
    cid: str | UnsetType = UNSET


class GroupChatPush(Frame, tag=9, kw_only=True):
    """A text from ``id`` to a group; ``cid`` only on the way to the sender's own devices."""

    id: int
    name: str
    groupid: int
    msg: str
    time: str
    conv: int
    seq: int
    cid: str | UnsetType = UNSET


Push = OneChatPush | GroupChatPush


class Reply(Frame, tag=11, kw_only=True):
    """The answer to any other request: ``re`` is its msgid, the rest its result."""

    re: int | UnsetType = UNSET
    req: Req | UnsetType = UNSET
    errno: int = 0
    errmsg: str | UnsetType = UNSET
    retry_after: float | UnsetType = UNSET
    conv: int | UnsetType = UNSET
    seq: int | UnsetType = UNSET
    time: str | UnsetType = UNSET
    dup: bool | UnsetType = UNSET
    friend: Friend | UnsetType = UNSET
    groupid: int | UnsetType = UNSET
    group: Group | UnsetType = UNSET
    messages: list[Push] | UnsetType = UNSET
    more: bool | UnsetType = UNSET


class Sent(Frame, tag=11, kw_only=True):
    """A :class:`Reply` to a send that was stored, with nothing else in it: by far the most are."""

    re: int
    req: Req | UnsetType
    errno: int = 0
    conv: int
    seq: int
    time: str
    dup: bool | UnsetType = UNSET


class ServerPing(Frame, tag=13, kw_only=True):
    """Is anybody there? Answer with a PONG."""

    t: msgspec.Raw | UnsetType = UNSET


class ServerPong(Frame, tag=14, kw_only=True):
    """The answer to a PING, with its ``t``."""

    req: Req | UnsetType = UNSET
    t: msgspec.Raw | UnsetType = UNSET


class PresencePush(Frame, tag=16, kw_only=True):
    """A friend came online or went offline."""

    id: int
    state: State


class Goodbye(Frame, tag=17, kw_only=True):
    """The server is about to close the connection."""

    reason: Literal["shutdown", "replaced", "slow", "idle", "protocol"]
    retry_after: float | UnsetType = UNSET


class SignalPush(Frame, tag=18, kw_only=True):
    """Something of the moment from ``id``."""

    id: int
    toid: int | UnsetType = UNSET
    groupid: int | UnsetType = UNSET
    data: msgspec.Raw


AnyFrame = (
    LoginAck
    | RegisterAck
    | OneChatPush
    | GroupChatPush
    | Reply
    | ServerPing
    | ServerPong
    | PresencePush
    | Goodbye
    | SignalPush
)

_decoder: msgspec.json.Decoder[AnyFrame] = msgspec.json.Decoder(AnyFrame)


def decode_frame(line: bytes) -> AnyFrame:
    """The frame in a line from a server (lines dialect), for clients.

    :raises msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is none that this
        version knows.
    """
    return _decoder.decode(line)
