"""A logged-in user's time: commands taken, messages shown."""

from __future__ import annotations

from chatclient.client import ChatClient
from chatclient.language import gettext as _
from chatclient.language import marked
from chatclient.protocol import Event
from chatclient.results import Account
from chatclient.terminal import render
from chatclient.terminal.commands import BadCommand, Command, help_lines, parse
from chatclient.terminal.screen import Quit, Screen
from chatserver.errors import ChatError
from chatserver.wire.frames import GroupChatPush, OneChatPush, PresencePush


class Chat:
    """From the login to the logout of ``account``."""

    def __init__(self, client: ChatClient, screen: Screen, account: Account) -> None:
        self.client = client
        self.screen = screen
        self.over = False
        self._account = account
        self.names = {friend.id: friend.name for friend in account.friends}

    async def run(self) -> None:
        """Take commands until the user has logged out.

        :raises Quit: the user wants to leave altogether.
        """
        for line in render.welcome(self._account):
            self.screen.show(line)
        try:
            while not self.over:
                await self._take(await self.screen.read_command())
        except Quit:
            await self.catch_up()
            raise

    def event(self, event: Event) -> None:
        """Show what the server sends unasked."""
        match event:
            case OneChatPush() | GroupChatPush():
                self.screen.show(render.message(event, self._account.id))
            case PresencePush():
                self.screen.show(render.presence(event, self.names.get(event.id)))

    async def catch_up(self) -> None:
        """Where no person reads along, wait for the missed messages."""
        if not self.screen.interactive:
            try:
                await self.client.caught_up()
            except TimeoutError as problem:
                self.screen.complain(render.error(problem))

    async def _take(self, line: str) -> None:
        if not line.strip():
            return
        try:
            command, arguments = parse(line, COMMANDS)
            await command.run(self, *arguments)
        except (BadCommand, ChatError) as problem:
            self.screen.complain(render.error(problem))


async def _help(chat: Chat) -> None:
    for line in help_lines(COMMANDS):
        chat.screen.show(line)


async def _chat(chat: Chat, userid: int, text: str) -> None:
    chat.screen.show(render.sent(await chat.client.chat(userid, text), str(userid), text))


async def _group_chat(chat: Chat, groupid: int, text: str) -> None:
    result = await chat.client.group_chat(groupid, text)
    group = _("group {groupid}").format(groupid=groupid)
    chat.screen.show(render.sent(result, group, text))


async def _add_friend(chat: Chat, userid: int) -> None:
    friend = await chat.client.add_friend(userid)
    if friend is not None:
        chat.names[friend.id] = friend.name
    who = f"[{userid}]" if friend is None else render.friend(friend)
    chat.screen.show(_("added to your friends: {who}").format(who=who))


async def _create_group(chat: Chat, name: str, description: str) -> None:
    groupid = await chat.client.create_group(name, description)
    chat.screen.show(_("created: the group's id is {groupid}").format(groupid=groupid))


async def _add_group(chat: Chat, groupid: int) -> None:
    group = await chat.client.add_group(groupid)
    chat.screen.show(_("joined group {groupid}").format(groupid=groupid))
    if group is not None:
        for line in render.group(group):
            chat.screen.show(f"  {line}")


async def _log_out(chat: Chat) -> None:
    await chat.catch_up()
    await chat.client.logout()
    chat.over = True
    chat.screen.show(_("logged out"))


async def _quit(_: Chat) -> None:
    raise Quit


COMMANDS = (
    Command("help", (), marked("show this list"), _help),
    Command("chat", ("userid", "text"), marked("send a text to a user"), _chat),
    Command("addfriend", ("id",), marked("put a user on your list of friends"), _add_friend),
    Command("creategroup", ("name", "desc"), marked("create a group"), _create_group, optional=1),
    Command("addgroup", ("id",), marked("join a group"), _add_group),
    Command("groupchat", ("groupid", "text"), marked("send a text to a group"), _group_chat),
    Command("loginout", (), marked("log out and go back to the menu"), _log_out),
    Command("quit", (), marked("leave the program"), _quit),
)
