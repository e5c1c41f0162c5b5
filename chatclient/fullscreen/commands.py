"""What can be typed besides texts: commands with a slash, and those of the line mode."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from chatclient.conversations.conversation import Conversation
from chatclient.conversations.conversations import Conversations
from chatclient.conversations.peers import Peer, group, user
from chatclient.language import gettext as _
from chatclient.language import marked
from chatclient.terminal.chat import COMMANDS as COLON_COMMANDS
from chatclient.terminal.commands import BadCommand, parse, parse_id
from chatclient.terminal.visible import visible
from chatserver.wire.frames import Group, GroupUser


class Window(Protocol):
    """Where commands are given, and their effects seen."""

    conversations: Conversations

    def open(self, conversation: Conversation) -> None:
        """Show a conversation."""

    def say(self, text: str) -> None:
        """Tell something, behind the last message in view."""

    def show_help(self, words: str) -> None:
        """Show what can be done, as far as it has these words."""

    def next_unread(self) -> None:
        """Show the next conversation with unread messages."""

    def toggle_list(self) -> None:
        """Hide the list of conversations, or show it again."""

    def use_look(self, name: str) -> None:
        """Look like that; without a name, tell which there are."""

    def use_bell(self, rings: bool) -> None:
        """Ring from now on, or don't."""

    def connect(self) -> None:
        """Try again now, also where the client has given up."""

    async def log_out(self) -> None:
        """Revoke the token of this device, and begin anew."""

    def leave(self) -> None:
        """End the program; what is unsent waits for the next time."""


Run = Callable[[Window, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Command:
    """A command with a slash: its name, what follows, and what it does."""

    name: str
    usage: str
    summary: str
    run: Run


async def obey(window: Window, line: str) -> bool:
    """Do what a line says, if it is a command; whether it is one.

    :raises BadCommand: it is none that can be followed; says what to write instead.
    """
    if line.startswith("/") and not line.startswith("//"):
        name, _space, rest = line[1:].partition(" ")
        for command in COMMANDS:
            if command.name == name:
                await command.run(window, rest.strip())
                return True
        raise BadCommand(_("there is no /{name}; /help lists all").format(name=visible(name)))
    if _is_colon_command(line):
        command_, arguments = parse(line, COLON_COMMANDS)
        await _COLON_RUNS[command_.name](window, *arguments)
        return True
    return False


def text_of(line: str) -> str:
    """The text to be sent of a line that is no command.

    A second slash, and a space before what would be a command otherwise, are not sent.
    """
    if line.startswith("//") or (line.startswith(" ") and _is_colon_command(line[1:])):
        return line[1:]
    return line


def _is_colon_command(line: str) -> bool:
    name, colon, _rest = line.partition(":")
    return any(each.name == name and bool(colon) == bool(each.params) for each in COLON_COMMANDS)


def _peer(window: Window, who: str) -> Peer:
    """The user of an id or a name.

    :raises BadCommand: nobody can be found by that.
    """
    userid = parse_id(who)
    if userid is not None:
        return user(userid)
    found = window.conversations.people.users_named(who)
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(str(peer.id) for peer in found)
        text = _("several are called {name}; take an id: {ids}")
        raise BadCommand(text.format(name=visible(who), ids=ids))
    text = _("nobody called {name} was seen yet; take the user's id")
    raise BadCommand(text.format(name=visible(who)))


def _current(window: Window) -> Conversation:
    if window.conversations.current is None:
        raise BadCommand(_("open a conversation first: /chat ID"))
    return window.conversations.current


async def _help(window: Window, words: str) -> None:
    window.show_help(words)


async def _chat(window: Window, who: str) -> None:
    if not who:
        raise BadCommand(_("write it as {usage}").format(usage="/chat ID"))
    window.open(window.conversations.with_peer(_peer(window, who)))


async def _go(window: Window, where: str) -> None:
    everyone = list(window.conversations)
    number = parse_id(where)
    if number is not None and 1 <= number <= len(everyone):
        window.open(everyone[number - 1])
        return
    people = window.conversations.people
    for fits in (str.__eq__, str.startswith, str.__contains__):
        for each in everyone:
            name = people.name(each.peer)
            if where and name is not None and fits(name.casefold(), where.casefold()):
                window.open(each)
                return
    raise BadCommand(_("no conversation fits; give its number or a part of its name"))


async def _next(window: Window, _rest: str) -> None:
    window.next_unread()


async def _friend(window: Window, who: str) -> None:
    if not who:
        raise BadCommand(_("write it as {usage}").format(usage="/friend ID"))
    await _add_friend(window, _peer(window, who).id)


async def _add_friend(window: Window, userid: int) -> None:
    conversations = window.conversations
    friend = await conversations.connection.add_friend(userid)
    if friend is not None:
        conversations.people.add_friend(friend)
    window.open(conversations.with_peer(user(userid)))
    name = visible(conversations.people.name(user(userid)) or "")
    window.say(_("added to your friends: {name} [{id}]").format(name=name, id=userid))


async def _group(window: Window, rest: str) -> None:
    try:
        words = shlex.split(rest)
    except ValueError:
        words = []
    if len(words) < 2 or words[0] != "new":
        raise BadCommand(_("write it as {usage}").format(usage='/group new "NAME" DESCRIPTION'))
    await _create_group(window, words[1], " ".join(words[2:]))


async def _create_group(window: Window, name: str, description: str) -> None:
    conversations = window.conversations
    groupid = await conversations.connection.create_group(name, description)
    me = conversations.me
    creator = GroupUser(
        id=me, name=conversations.people.names.get(me, ""), state="online", role="creator"
    )
    conversations.people.add_group(
        Group(id=groupid, groupname=name, groupdesc=description, users=[creator])
    )
    window.open(conversations.with_peer(group(groupid)))
    window.say(_("created; others join with /join {id}").format(id=groupid))


async def _join(window: Window, rest: str) -> None:
    groupid = parse_id(rest)
    if groupid is None:
        raise BadCommand(_("write it as {usage}").format(usage="/join ID"))
    await _add_group(window, groupid)


async def _add_group(window: Window, groupid: int) -> None:
    conversations = window.conversations
    joined = await conversations.connection.add_group(groupid)
    if joined is not None:
        conversations.people.add_group(joined)
    window.open(conversations.with_peer(group(groupid)))
    window.say(_("you are a member now"))


async def _members(window: Window, _rest: str) -> None:
    conversation = _current(window)
    members = window.conversations.people.members(conversation.peer)
    if not members:
        raise BadCommand(_("this is no group, or its members are not known yet"))
    states = {"online": _("online"), "offline": _("offline")}
    roles = {"creator": _("creator"), "normal": _("member")}
    lines = [_("members, as of the last login:")]
    lines += [
        f"[{each.id}] {visible(each.name)}: {states[each.state]}, {roles[each.role]}"
        for each in members
    ]
    window.say("\n".join(lines))


async def _retry(window: Window, _rest: str) -> None:
    if not window.conversations.retry(_current(window)):
        raise BadCommand(_("nothing has failed here"))


async def _discard(window: Window, _rest: str) -> None:
    if not window.conversations.discard(_current(window)):
        raise BadCommand(_("nothing has failed here"))


async def _close(window: Window, _rest: str) -> None:
    conversation = _current(window)
    if conversation.outgoing:
        raise BadCommand(_("texts wait here; it can be closed when they are sent or discarded"))
    window.conversations.forget(conversation)


async def _list(window: Window, _rest: str) -> None:
    window.toggle_list()


async def _theme(window: Window, name: str) -> None:
    window.use_look(name)


async def _bell(window: Window, word: str) -> None:
    if word not in ("on", "off"):
        raise BadCommand(_("write it as {usage}").format(usage="/bell on, /bell off"))
    window.use_bell(word == "on")
    window.say(_("the bell rings") if word == "on" else _("the bell is silent"))


async def _connect(window: Window, _rest: str) -> None:
    window.connect()


async def _log_out(window: Window, _rest: str) -> None:
    await window.log_out()


async def _quit(window: Window, _rest: str) -> None:
    window.leave()


async def _send(window: Window, peer: Peer, text: str) -> None:
    if not text.strip():
        raise BadCommand(_("there is no text to send"))
    conversation = window.conversations.with_peer(peer)
    window.open(conversation)
    window.conversations.send(conversation, text)


COMMANDS = (
    Command("help", "[WORDS]", marked("what can be done; with words, what has them"), _help),
    Command("chat", "ID|NAME", marked("write to a user"), _chat),
    Command("go", "NUMBER|NAME", marked("go to a conversation of the list"), _go),
    Command("next", "", marked("go to the next unread messages"), _next),
    Command("friend", "ID|NAME", marked("put a user on your list of friends"), _friend),
    Command("group", 'new "NAME" DESCRIPTION', marked("create a group"), _group),
    Command("join", "ID", marked("join a group"), _join),
    Command("members", "", marked("list the members of this group"), _members),
    Command("retry", "", marked("send the failed texts of this conversation again"), _retry),
    Command("discard", "", marked("drop the failed texts of this conversation"), _discard),
    Command("close", "", marked("off the list with this one, until somebody writes"), _close),
    Command("list", "", marked("hide the list of conversations, or show it"), _list),
    Command("theme", "[NAME]", marked("other colours: terminal, dark or light"), _theme),
    Command("bell", "on|off", marked("ring when somebody writes to you alone, or don't"), _bell),
    Command("connect", "", marked("try now to connect, or to log in again"), _connect),
    Command("logout", "", marked("log out: this machine forgets the account's token"), _log_out),
    Command("quit", "", marked("leave; unsent texts wait for the next time"), _quit),
)  # fmt: skip

_COLON_RUNS: dict[str, Callable[..., Awaitable[None]]] = {
    "help": lambda window: _help(window, ""),
    "chat": lambda window, userid, text: _send(window, user(userid), text),
    "addfriend": _add_friend,
    "creategroup": _create_group,
    "addgroup": _add_group,
    "groupchat": lambda window, groupid, text: _send(window, group(groupid), text),
    "loginout": lambda window: _log_out(window, ""),
    "quit": lambda window: _quit(window, ""),
}
