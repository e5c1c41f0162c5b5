"""What is shown, and that it can't drive a terminal."""

from __future__ import annotations

import unicodedata
from typing import get_args, get_type_hints

from twisted.trial.unittest import TestCase

from chatclient import Account
from chatclient.terminal import render
from chatclient.terminal.visible import visible
from chatserver.errors import ChatError
from chatserver.wire.frames import (
    Friend,
    Goodbye,
    Group,
    GroupChatPush,
    GroupUser,
    OneChatPush,
    PresencePush,
    Push,
)
from chatserver.wire.times import local_text
from tests.chatclient.fake_server import TIME

AT = local_text(TIME)
EVIL = "\x1b]0;x\x07\n\u202e"
SHOWN = "\\x1b]0;x\\x07⏎\\u202e"


class VisibleTests(TestCase):
    """Characters that may not reach a terminal."""

    def test_ordinary_texts_stay(self) -> None:
        for text in ("hello", "你好 🍵", "👩‍👩‍👧", "a\tb", "שלום", "e\u0301", "\\x1b"):
            self.assertEqual(visible(text), text)

    def test_harmful_ones_are_escaped(self) -> None:
        self.assertEqual(visible(EVIL), SHOWN)
        self.assertEqual(visible("\x9b2J\x7f\x00"), "\\x9b2J\\x7f\\x00")
        self.assertEqual(visible("a\r\nb\nc\rd"), "a⏎b⏎c\\x0dd")
        self.assertEqual(visible("\u2028\u2066\ud800"), "\\u2028\\u2066\\ud800")

    def test_no_control_gets_through(self) -> None:
        everything = "".join(map(chr, range(0x110000)))
        left = {char for char in visible(everything) if unicodedata.category(char) == "Cc"}
        self.assertEqual(left, {"\t"})
        self.assertFalse(set(visible(everything)) & set(map(chr, range(0x202A, 0x202F))))


class RenderTests(TestCase):
    """The lines."""

    def one(self, sender: int = 15, msg: str = "hello") -> Push:
        return OneChatPush(id=sender, name="zhang san", toid=13, msg=msg, time=TIME, conv=7, seq=1)

    def group(self, sender: int = 15, name: str = "li si") -> Push:
        return GroupChatPush(id=sender, name=name, groupid=2, msg="hi", time=TIME, conv=8, seq=1)

    def test_messages(self) -> None:
        self.assertEqual(render.message(self.one(), 13), f"{AT} [15] zhang san: hello")
        self.assertEqual(render.message(self.group(), 13), f"{AT} group 2 [15] li si: hi")

    def test_ones_own_from_another_device(self) -> None:
        self.assertEqual(render.message(self.one(20), 20), f"{AT} you → 13: hello")
        self.assertEqual(render.message(self.group(20), 20), f"{AT} you → group 2: hi")

    def test_everything_of_others_is_harmless(self) -> None:
        friend = Friend(id=1, name=EVIL, state="online")
        user = GroupUser(id=1, name=EVIL, state="online", role="normal")
        group = Group(id=2, groupname=EVIL, groupdesc=EVIL, users=[user])
        account = Account(
            id=1, name=EVIL, friends=[friend], groups=[group], token="", expires="", pending=0
        )
        lines = [
            render.message(self.one(msg=EVIL), 13),
            render.message(self.group(name=EVIL), 13),
            render.friend(friend),
            render.presence(PresencePush(id=1, state="online"), EVIL),
            render.error(ChatError(EVIL)),
            *render.welcome(account),
        ]
        for line in lines:
            self.assertTrue(line.isprintable(), line)
        self.assertEqual(sum(line.count(SHOWN) for line in lines), 10)

    def test_a_time_that_is_none(self) -> None:
        push = self.one()
        push.time = "soon\x1b"
        self.assertEqual(render.message(push, 13), "soon\\x1b [15] zhang san: hello")

    def test_presence(self) -> None:
        push = PresencePush(id=15, state="offline")
        self.assertEqual(render.presence(push, "li si"), "[15] li si is offline")
        self.assertEqual(render.presence(push, None), "[15] is offline")

    def test_every_reason_of_a_goodbye_has_words(self) -> None:
        for reason in get_args(get_type_hints(Goodbye)["reason"]):
            self.assertIn(": ", render.goodbye(Goodbye(reason=reason)))
