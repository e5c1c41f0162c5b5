"""What the client's requests come back with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from msgspec import UNSET, UnsetType

from chatclient.errors import BadFrame
from chatserver.wire.frames import Friend, Group, LoginAck, Push, Reply

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Account:
    """Who is logged in, and what the server knows of them.

    ``token`` logs this device in again without a password until ``expires`` (ISO 8601, UTC);
    keep it as secret as a password. ``pending`` messages were missed and follow.
    """

    id: int
    name: str
    friends: list[Friend]
    groups: list[Group]
    token: str
    expires: str
    pending: int

    def __repr__(self) -> str:
        return f"<Account {self.id}>"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the server has stored for good.

    ``time`` is the server's (ISO 8601, UTC); ``dup``: this ``cid`` was stored before, and
    ``conv``, ``seq`` and ``time`` are those of then.
    """

    cid: str
    conv: int
    seq: int
    time: str
    dup: bool


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A piece of a conversation, oldest message first.

    ``conv`` is None where the two have never written to each other; ``more``: the range that
    was asked for holds more.
    """

    conv: int | None
    messages: list[Push]
    more: bool


def given(value: T | UnsetType, field: str) -> T:
    """A field that the answer must have.

    :raises BadFrame: it has not.
    """
    if value is UNSET:
        raise BadFrame(f"its answer has no {field}")
    return value


def account_of(ack: LoginAck) -> Account:
    """The result of a login that succeeded."""
    return Account(
        id=given(ack.id, "id"),
        name=given(ack.name, "name"),
        friends=given(ack.friends, "friends"),
        groups=given(ack.groups, "groups"),
        token=given(ack.token, "token"),
        expires=given(ack.expires, "expires"),
        pending=given(ack.pending, "pending"),
    )


def sent_of(reply: Reply, cid: str) -> Sent:
    """The result of a send that succeeded."""
    return Sent(
        cid=cid,
        conv=given(reply.conv, "conv"),
        seq=given(reply.seq, "seq"),
        time=given(reply.time, "time"),
        dup=reply.dup is True,
    )


def page_of(reply: Reply) -> HistoryPage:
    """The result of a look into the history."""
    return HistoryPage(
        conv=None if reply.conv is UNSET else reply.conv,
        messages=given(reply.messages, "messages"),
        more=reply.more is True,
    )
