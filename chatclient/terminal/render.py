"""What the program's lines say. Everything that others wrote is made harmless here."""

from __future__ import annotations

from collections.abc import Iterator

from chatclient.language import gettext as _
from chatclient.language import marked
from chatclient.reasons import farewell, reason
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

_WORDS = {
    "online": marked("online"),
    "offline": marked("offline"),
    "creator": marked("creator"),
    "normal": marked("normal"),
}


def message(push: Push, me: int) -> str:
    """A message that came; ``me`` is the reader's id."""
    time = _local(push.time)
    text = visible(push.msg)
    group = ""
    if isinstance(push, GroupChatPush):
        group = _("group {groupid}").format(groupid=push.groupid)
    if push.id == me:
        return _own(time, group or str(push.toid), text)  # type: ignore[union-attr]
    return f"{time} {group and group + ' '}[{push.id}] {visible(push.name)}: {text}"


def sent(result: Sent, to: str, text: str) -> str:
    """A message that the server has stored."""
    return _own(_local(result.time), to, visible(text))


def _own(time: str, to: str, text: str) -> str:
    return _("{time} you → {to}: {text}").format(time=time, to=to, text=text)


def welcome(account: Account) -> Iterator[str]:
    """Who is logged in, with friends and groups."""
    yield _("logged in as {name} (id {id})").format(name=visible(account.name), id=account.id)
    yield _("friends:") if account.friends else _("friends: none")
    for person in account.friends:
        yield f"  {friend(person)}"
    yield _("groups:") if account.groups else _("groups: none")
    for entry in account.groups:
        yield from (f"  {line}" for line in group(entry))
    if account.pending:
        yield _("missed messages: {count}").format(count=account.pending)


def friend(person: Friend) -> str:
    """An entry of a list of friends."""
    return f"[{person.id}] {visible(person.name)} ({_(_WORDS[person.state])})"


def group(entry: Group) -> Iterator[str]:
    """A group with its members and their roles."""
    description = f": {visible(entry.groupdesc)}" if entry.groupdesc else ""
    head = _("group {groupid}").format(groupid=entry.id)
    yield f"{head} {visible(entry.groupname)}{description}"
    for user in entry.users:
        role, state = _(_WORDS[user.role]), _(_WORDS[user.state])
        yield f"  [{user.id}] {visible(user.name)} ({role}, {state})"


def presence(push: PresencePush, name: str | None) -> str:
    """A friend came or went."""
    who = f"[{push.id}] {visible(name)}" if name else f"[{push.id}]"
    return _("{who} is {state}").format(who=who, state=_(_WORDS[push.state]))


def goodbye(frame: Goodbye) -> str:
    """Why the server closes the connection."""
    why = farewell(frame.reason)
    return _("the server closes the connection: {why}").format(why=why)


def error(problem: Exception) -> str:
    """What was refused, and why."""
    return _("error: {why}").format(why=visible(reason(problem)))


def _local(time: str) -> str:
    try:
        return local_text(time)
    except (ValueError, OverflowError):
        return visible(time)
