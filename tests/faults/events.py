"""What happens in a run, as its history keeps it: one event a line, as JSON.

``at`` is in seconds since the run began. A device is named ``ACCOUNT/NAME``; a visit is one of
its connections, numbered over all devices.
"""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, tag_field="what", tag=str.lower):
    """Something that happened."""

    at: float


class Given(Event):
    """A device was given a text, to send it until it is stored.

    ``is_orderly``: it promises to keep the order in which it was given texts.
    """

    device: str
    cid: str
    text: str
    toid: int | None = None
    group: int | None = None
    is_orderly: bool = False


class Wrote(Event):
    """A device wrote a request that awaits an answer: a chat (``cid``), or any other."""

    device: str
    visit: int
    msgid: int
    cid: str | None = None


class Answered(Event):
    """A chat was acknowledged: it is stored."""

    device: str
    cid: str
    conv: int
    seq: int
    time: str
    dup: bool = False
    visit: int | None = None


class Refused(Event):
    """A request was refused."""

    device: str
    visit: int
    msgid: int
    errno: int
    retry_after: float | None = None
    cid: str | None = None


class Knocked(Event):
    """A device has connected through a door (its port) and wants to log in."""

    device: str
    visit: int
    door: int


class Entered(Event):
    """A device is logged in, and was told of its friends, and its groups with the role in each."""

    device: str
    visit: int
    pending: int
    friends: list[int]
    groups: dict[int, str]


class Pushed(Event):
    """A message came."""

    device: str
    visit: int
    conv: int
    seq: int
    sender: int
    text: str
    time: str
    toid: int | None = None
    group: int | None = None


class Acked(Event):
    """A device acknowledged all of a conversation up to ``seq``."""

    device: str
    visit: int
    conv: int
    seq: int


class Left(Event):
    """A connection is gone; ``goodbye`` is the server's reason, where it gave one."""

    device: str
    visit: int
    goodbye: str | None = None


class Started(Event):
    """A program on the client library has started."""

    device: str


class Handed(Event):
    """The client library handed a message to its program, which must happen once."""

    device: str
    conv: int
    seq: int
    text: str


class Befriended(Event):
    """It was answered that ``friend`` is on the account's list."""

    account: int
    friend: int


class Wanted(Event):
    """An account is about to ask to join a group."""

    account: int
    group: int


class Joined(Event):
    """It was answered that an account is in a group."""

    account: int
    group: int
    role: str


class Line(msgspec.Struct):
    """A message in an answer to HISTORY."""

    seq: int
    sender: int
    text: str
    time: str


class Looked(Event):
    """A device read back the newest of a conversation, oldest first."""

    device: str
    conv: int
    lines: list[Line]


class Odd(Event):
    """Something came that no server should send."""

    device: str
    what_came: str


class Fault(Event):
    """The nemesis begins, or ends, to break something."""

    name: str
    is_over: bool = False


class Settled(Event):
    """All has come to rest; or not (``is_quiet``), however long it was waited for."""

    is_quiet: bool


class Stored(Event):
    """At the end, the database has this message."""

    conv: int
    seq: int
    sender: int
    cid: str
    text: str
    sent: int


class Member(Event):
    """At the end, the database has this account in a conversation, from ``joined`` on."""

    conv: int
    account: int
    joined: int
    role: str
    group: int | None = None


class Friend(Event):
    """At the end, the database has this friend on an account's list."""

    account: int
    friend: int


AnyEvent = (
    Given
    | Wrote
    | Answered
    | Refused
    | Knocked
    | Entered
    | Pushed
    | Acked
    | Left
    | Started
    | Handed
    | Befriended
    | Wanted
    | Joined
    | Looked
    | Odd
    | Fault
    | Settled
    | Stored
    | Member
    | Friend
)
