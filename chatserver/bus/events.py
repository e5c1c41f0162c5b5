"""What nodes tell each other. Delivery is not guaranteed: the log is the truth."""

from __future__ import annotations

import msgspec

from chatserver.wire.frames import State


class Event(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Something that happened, on its way to the sessions it concerns.

    Between nodes it is an array of its fields. The garbage collector does not look at it: no
    field can lead back to it.
    """


class ChatStored(Event, tag="chat", frozen=True, kw_only=True):
    """A message was committed. For a ``group``, or from ``sender`` to ``toid``.

    ``device`` sent it; ``sent`` is in milliseconds since the epoch.
    """

    conversation: int
    seq: int
    sender: int
    name: str
    device: int
    sent: int
    text: str
    cid: str | None
    toid: int | None = None
    group: int | None = None


class SignalSent(Event, tag="signal", frozen=True, kw_only=True):
    """A signal for a ``group`` (of this conversation), or from ``sender`` to ``toid``."""

    sender: int
    data: bytes
    toid: int | None = None
    group: int | None = None
    conversation: int | None = None


class PresenceChanged(Event, tag="presence", frozen=True, kw_only=True):
    """An account's first device came, or its last one went."""

    account: int
    state: State


class FriendAdded(Event, tag="friend", frozen=True, kw_only=True):
    """An account put a user on its list."""

    account: int
    friend: int


class GroupJoined(Event, tag="joined", frozen=True, kw_only=True):
    """An account came into a group; what follows ``seq`` is for it."""

    account: int
    group: int
    conversation: int
    seq: int


class DeviceTaken(Event, tag="taken", frozen=True, kw_only=True):
    """A device of an account has a new connection; this ``holder`` has lost its place to it."""

    account: int
    holder: str


class CursorsWanted(Event, tag="wanted", frozen=True, kw_only=True):
    """A ``node`` is about to read how far some devices have come: write it down."""

    node: str
    number: int


class CursorsWritten(Event, tag="written", frozen=True, kw_only=True):
    """The answer of another ``node`` to a :class:`CursorsWanted` with this ``number``."""

    node: str
    number: int


AnyEvent = (
    ChatStored
    | SignalSent
    | PresenceChanged
    | FriendAdded
    | GroupJoined
    | DeviceTaken
    | CursorsWanted
    | CursorsWritten
)


def of_account(account: int) -> str:
    """The topic of what concerns an account."""
    return f"account:{account}"


def of_group(conversation: int) -> str:
    """The topic of what is sent to a group, by its conversation."""
    return f"group:{conversation}"


def of_presence(account: int) -> str:
    """The topic of an account's coming and going."""
    return f"presence:{account}"


def of_node(node: str) -> str:
    """The topic of what is for one node only."""
    return f"node:{node}"
