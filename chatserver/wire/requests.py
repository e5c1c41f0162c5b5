"""What clients send: one class a message, its msgid as the tag."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from chatserver.wire import fields

Req = int | str


class Request(
    msgspec.Struct,
    tag_field="msgid",
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
):
    """A message from a client; ``req`` comes back in its reply.

    Unknown fields are refused here only so that they take the careful way through
    the codec, which checks them as JSON and then drops them.
    """

    req: Req | UnsetType = UNSET


class Login(Request, tag=1, kw_only=True):
    """Log in by ``token``, or by ``id`` or ``name`` with ``password``."""

    id: fields.Id | UnsetType = UNSET
    name: fields.LoginName | UnsetType = UNSET
    password: fields.Password | UnsetType = UNSET
    token: fields.Token | UnsetType = UNSET
    device: fields.Device | UnsetType = UNSET
    ack: fields.Flag = False


class Register(Request, tag=3, kw_only=True):
    """Create an account."""

    name: fields.Name
    password: fields.Password


class OneChat(Request, tag=5, kw_only=True):
    """Send a text to one user. What classic clients add (id, name, time) is ignored."""

    toid: fields.Id | UnsetType = UNSET
    to: fields.Id | UnsetType = UNSET
    msg: fields.Text
    cid: fields.Cid | UnsetType = UNSET
    id: Any = UNSET
    name: Any = UNSET
    time: Any = UNSET


class AddFriend(Request, tag=6, kw_only=True):
    """Put a user on one's own list of friends."""

    friendid: fields.Id


class CreateGroup(Request, tag=7, kw_only=True):
    """Create a group and become its creator."""

    groupname: fields.Name
    groupdesc: fields.GroupDesc = ""


class AddGroup(Request, tag=8, kw_only=True):
    """Join a group."""

    groupid: fields.Id


class GroupChat(Request, tag=9, kw_only=True):
    """Send a text to a group. What classic clients add (id, name, time) is ignored."""

    groupid: fields.Id
    msg: fields.Text
    cid: fields.Cid | UnsetType = UNSET
    id: Any = UNSET
    name: Any = UNSET
    time: Any = UNSET


class Loginout(Request, tag=10, kw_only=True):
    """Log out; the connection stays."""


class Ack(Request, tag=12, kw_only=True):
    """Everything of ``conv`` up to ``seq`` has arrived."""

    conv: fields.Id
    seq: fields.Seq


class Ping(Request, tag=13, kw_only=True):
    """Ask for a PONG with the same ``t``."""

    t: Any = UNSET


class Pong(Request, tag=14, kw_only=True):
    """Answer a PING of the server's."""

    t: Any = UNSET


class History(Request, tag=15, kw_only=True):
    """Read back a conversation, named by ``conv``, ``toid`` or ``groupid``."""

    conv: fields.Id | UnsetType = UNSET
    toid: fields.Id | UnsetType = UNSET
    groupid: fields.Id | UnsetType = UNSET
    before: fields.Seq | UnsetType = UNSET
    after: fields.Seq | UnsetType = UNSET
    limit: fields.Limit = 50


class Signal(Request, tag=18, kw_only=True):
    """Pass ``data`` on to who is online now; never stored."""

    toid: fields.Id | UnsetType = UNSET
    groupid: fields.Id | UnsetType = UNSET
    data: Any


AnyRequest = (
    Login
    | Register
    | OneChat
    | AddFriend
    | CreateGroup
    | AddGroup
    | GroupChat
    | Loginout
    | Ack
    | Ping
    | Pong
    | History
    | Signal
)


def msgid_of(kind: type[msgspec.Struct]) -> int:
    """The msgid of a message class."""
    tag = kind.__struct_config__.tag
    assert isinstance(tag, int)
    return tag


BY_MSGID: dict[int, type[Request]] = {msgid_of(kind): kind for kind in Request.__subclasses__()}
