"""Commands with a slash, and those of the line mode."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed

from chatclient.conversations.conversation import Conversation
from chatclient.conversations.peers import Peer, group, user
from chatclient.fullscreen.commands import obey, text_of
from chatclient.terminal.commands import BadCommand
from chatserver.errors import NoSuchGroup
from chatserver.wire.frames import Friend, Group, GroupUser
from tests.chatclient.conversations.case import ConversationsCase
from tests.chatclient.conversations.fake_client import FakeConnection

TEA = Group(
    id=2,
    groupname="tea",
    groupdesc="we drink it",
    users=[GroupUser(id=16, name="qian", state="offline", role="creator")],
)


class GenerousConnection(FakeConnection):
    """A connection that grants what is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.granted: list[tuple[object, ...]] = []

    def add_friend(self, userid: int) -> Deferred[Friend]:
        self.granted.append(("friend", userid))
        return succeed(Friend(id=userid, name="new", state="online"))

    def create_group(self, name: str, description: str) -> Deferred[int]:
        self.granted.append(("create", name, description))
        return succeed(7)

    def add_group(self, groupid: int) -> Deferred[Group]:
        self.granted.append(("join", groupid))
        return succeed(TEA) if groupid == TEA.id else fail(NoSuchGroup())


class CommandTests(ConversationsCase):
    """``self`` is the window."""

    def setUp(self) -> None:
        super().setUp()
        self.said: list[str] = []
        self.called: list[str] = []
        self.conversations.begin(self.client)
        self.client.log_in(
            friends=[
                Friend(id=15, name="li si", state="offline"),
                Friend(id=17, name="wang", state="offline"),
                Friend(id=18, name="Wang", state="offline"),
                Friend(id=19, name="WU", state="offline"),
                Friend(id=20, name="Wu", state="offline"),
            ]
        )
        self.server = GenerousConnection()
        self.client.connection = self.server

    # What a command may do with a window.

    def open(self, conversation: Conversation) -> None:
        self.conversations.enter(conversation)

    def say(self, text: str) -> None:
        self.said.append(text)

    def show_help(self, words: str) -> None:
        self.called.append(f"help {words}")

    def next_unread(self) -> None:
        self.called.append("next")

    def toggle_list(self) -> None:
        self.called.append("list")

    def use_look(self, name: str) -> None:
        self.called.append(f"look {name}")

    def use_bell(self, rings: bool) -> None:
        self.called.append(f"bell {rings}")

    def connect(self) -> None:
        self.called.append("connect")

    async def log_out(self) -> None:
        self.called.append("log out")

    def leave(self) -> None:
        self.called.append("leave")

    def do(self, line: str) -> None:
        """It is a command, and does not fail."""
        self.assertTrue(self.successResultOf(Deferred.fromCoroutine(obey(self, line))), line)

    def refused(self, line: str) -> str:
        """Why it is."""
        return str(self.failureResultOf(Deferred.fromCoroutine(obey(self, line)), BadCommand).value)

    @property
    def current(self) -> Peer | None:
        current = self.conversations.current
        return None if current is None else current.peer

    def test_texts_are_none(self) -> None:
        for line in ("hello", "//me", "helpful", "quit it", "chat", " help", "http://x", ""):
            answer = Deferred.fromCoroutine(obey(self, line))
            self.assertFalse(self.successResultOf(answer), line)

    def test_what_is_sent_of_a_text(self) -> None:
        self.assertEqual(text_of("//me"), "/me")
        self.assertEqual(text_of(" help"), "help")
        self.assertEqual(text_of(" chat:2:x"), "chat:2:x")
        self.assertEqual(text_of("  indented"), "  indented")

    def test_chat(self) -> None:
        self.do("/chat 99")
        self.assertEqual(self.current, user(99))
        self.do("/chat li si")
        self.assertEqual(self.current, user(15))
        self.do("/chat wang")
        self.assertEqual(self.current, user(17))
        self.assertIn("19, 20", self.refused("/chat wu"))
        self.assertIn("nobody", self.refused("/chat zhao"))
        self.assertIn("/chat ID", self.refused("/chat"))

    def test_go(self) -> None:
        self.do("/go 2")
        self.assertEqual(self.current, user(17))
        self.do("/go si")
        self.assertEqual(self.current, user(15))
        for where in ("", "9", "zhao"):
            self.assertIn("no conversation", self.refused(f"/go {where}"))

    def test_friend(self) -> None:
        self.do("/friend 30")
        self.do("addfriend:31")
        self.assertEqual(self.server.granted, [("friend", 30), ("friend", 31)])
        self.assertEqual(self.said, [f"added to your friends: new [{n}]" for n in (30, 31)])
        self.assertEqual(self.conversations.people.state(user(31)), "online")

    def test_groups(self) -> None:
        self.do('/group new "green tea" we drink it')
        self.do("creategroup:red tea:more of it")
        self.assertEqual(
            self.server.granted,
            [("create", "green tea", "we drink it"), ("create", "red tea", "more of it")],
        )
        self.assertEqual(self.current, group(7))
        self.do("/join 2")
        self.assertEqual(self.current, group(2))
        self.do("/members")
        self.assertIn("[16] qian: offline, creator", self.said[-1])
        for line in ("/group", "/group old x", '/group new "x'):
            self.assertIn("/group new", self.refused(line))
        self.assertIn("/join ID", self.refused("/join tea"))
        joining = Deferred.fromCoroutine(obey(self, "addgroup:3"))
        self.failureResultOf(joining, NoSuchGroup)

    def test_members_of_no_group(self) -> None:
        self.assertIn("open a conversation", self.refused("/members"))
        self.do("/go 1")
        self.assertIn("no group", self.refused("/members"))

    def test_colon_commands_send(self) -> None:
        self.do("chat:15:a:b")
        self.do("groupchat:2:c\nd")
        sent = [(each.toid, each.groupid, each.text) for each in self.client.sent]
        self.assertEqual(sent, [(15, None, "a:b"), (None, 2, "c\nd")])
        self.assertIn("must be a number", self.refused("chat:li:x"))
        self.assertIn("no text", self.refused("chat:15: "))

    def test_close(self) -> None:
        self.do("/go 1")
        self.do("/close")
        self.assertNotIn(user(15), [each.peer for each in self.conversations])
        self.do("/go 1")
        self.conversations.send(self.conversations.with_peer(user(17)), "x")
        self.assertIn("texts wait", self.refused("/close"))

    def test_the_others(self) -> None:
        for line in (
            "/help a b", "help", "/next", "/list", "/theme dark", "/bell off", "/bell on",
            "/connect", "/logout", "loginout", "/quit", "quit",
        ):  # fmt: skip
            self.do(line)
        self.assertEqual(
            self.called,
            ["help a b", "help ", "next", "list", "look dark", "bell False", "bell True",
             "connect", "log out", "log out", "leave", "leave"],
        )  # fmt: skip

    def test_the_bell_is_on_or_off(self) -> None:
        self.do("/bell off")
        self.assertIn("silent", self.said[-1])
        for line in ("/bell", "/bell loud"):
            self.assertIn("/bell off", self.refused(line))

    def test_unknown_ones(self) -> None:
        self.assertIn("no /dan\\x1bce", self.refused("/dan\x1bce"))
        self.do("/go 1")
        for line in ("/retry", "/discard"):
            self.assertIn("nothing has failed", self.refused(line))
