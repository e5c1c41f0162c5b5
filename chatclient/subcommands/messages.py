"""A message as ``chatclient tail --json`` writes it."""

from __future__ import annotations

import re

import msgspec

from chatclient.results import Account
from chatclient.subcommands.recipient import address_of
from chatserver.wire.frames import GroupChatPush, Push

# What JSON lets stand as it is, and what could drive a terminal or turn its lines round.
_HARMFUL = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class _Message(msgspec.Struct, rename={"from_": "from"}):
    """Its keys, in their order; docs/scripts.md explains them."""

    conv: int
    seq: int
    time: str
    from_: int
    name: str
    own: bool
    to: int | None
    group: int | None
    group_name: str | None
    text: str
    reply: str


KEYS = _Message.__struct_encode_fields__


def json_line(push: Push, account: Account) -> str:
    """The message as one JSON object, without a line's end."""
    group = push.groupid if isinstance(push, GroupChatPush) else None
    names = {each.id: each.groupname for each in account.groups}
    own = push.id == account.id
    to = None if isinstance(push, GroupChatPush) else push.toid
    message = _Message(
        conv=push.conv,
        seq=push.seq,
        time=push.time,
        from_=push.id,
        name=push.name,
        own=own,
        to=to,
        group=group,
        group_name=None if group is None else names.get(group),
        text=push.msg,
        reply=address_of(to if own and to is not None else push.id, group),
    )
    line = msgspec.json.encode(message).decode()
    return _HARMFUL.sub(lambda match: f"\\u{ord(match[0]):04x}", line)
