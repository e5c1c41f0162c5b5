"""What the program's lines say. Everything that others wrote is made harmless here."""

from __future__ import annotations

from collections.abc import Iterator

from chatclient.results import Account, Sent
from chatclient.terminal.visible import visible
from chatserver.wire.frames import (
    Friend,
    Goodbye,
    Group,
    GroupChatPush,
    PresencePush,
    Push,
)
from chatserver.wire.times import local_text

_REASONS = {
    "shutdown": "the server is shutting down",
    "replaced": "this account has logged in elsewhere with the same device name",
    "slow": "this client took its messages too slowly",
    "idle": "the server has not heard from this client for too long",
    "protocol": "this client broke the protocol",
}


def message(push: Push, me: int) -> str:
    """A message that came; ``me`` is the reader's id."""
    time = _local(push.time)
    text = visible(push.msg)
    group = f"group {push.groupid}" if isinstance(push, GroupChatPush) else ""
    if push.id == me:
        to = group or str(push.toid)  # type: ignore[union-attr]
        return f"{time} you → {to}: {text}"
    return f"{time} {group and group + ' '}[{push.id}] {visible(push.name)}: {text}"


def sent(result: Sent, to: str, text: str) -> str:
    """A message that the server has stored."""
    return f"{_local(result.time)} you → {to}: {visible(text)}"


def welcome(account: Account) -> Iterator[str]:
    """Who is logged in, with friends and groups."""
    yield f"logged in as {visible(account.name)} (id {account.id})"
    yield "friends:" if account.friends else "friends: none"
    for person in account.friends:
        yield f"  {friend(person)}"
    yield "groups:" if account.groups else "groups: none"
    for entry in account.groups:
        yield from (f"  {line}" for line in group(entry))
    if account.pending:
        yield f"missed messages: {account.pending}"


def friend(person: Friend) -> str:
    """An entry of a list of friends."""
    return f"[{person.id}] {visible(person.name)} ({person.state})"


def group(entry: Group) -> Iterator[str]:
    """A group with its members and their roles."""
    description = f": {visible(entry.groupdesc)}" if entry.groupdesc else ""
    yield f"group {entry.id} {visible(entry.groupname)}{description}"
    for user in entry.users:
        yield f"  [{user.id}] {visible(user.name)} ({user.role}, {user.state})"


def presence(push: PresencePush, name: str | None) -> str:
    """A friend came or went."""
    return f"[{push.id}] {visible(name) + ' ' if name else ''}is {push.state}"


def goodbye(frame: Goodbye) -> str:
    """Why the server closes the connection."""
    return f"the server closes the connection: {_REASONS[frame.reason]}"


def error(problem: Exception) -> str:
    """What was refused, in the words of who refused it."""
    return f"error: {visible(str(problem))}"


def _local(time: str) -> str:
    try:
        return local_text(time)
    except (ValueError, OverflowError):
        return visible(time)
