"""The screen, with Textual's pilot instead of a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual import events
from textual.app import App
from textual.pilot import Pilot
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

import chatclient.fullscreen
from chatclient import LoginRefused, Offline, Replaced
from chatclient.conversations.conversations import Conversations
from chatclient.conversations.kept import KeptFile
from chatclient.conversations.peers import user
from chatclient.errors import NotConnected
from chatclient.fullscreen.chat_screen import ChatScreen
from chatclient.fullscreen.input_box import InputBox
from chatclient.fullscreen.looks import LOOKS
from chatserver.errors import NoSuchUser, Refused
from chatserver.wire.frames import Friend
from tests.chatclient.conversations.fake_client import ME, FakeClient, push
from tests.support.folders import temporary_folder

STYLES = Path(chatclient.fullscreen.__file__).with_name("app.tcss")
Script = Callable[["Desk"], Awaitable[None]]


class Desk(App[None], inherit_bindings=False):
    """A program with nothing but the screen, on a fake client."""

    CSS_PATH = STYLES
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.pilot: Pilot[None] = Pilot(self)
        self.has_left = False
        self.is_asked = False
        self.rings = 0
        self.conversations = Conversations(Clock(), KeptFile(folder / "conversations.json"))
        self.client = FakeClient(self.conversations)
        self.conversations.begin(self.client)
        for look in LOOKS.values():
            self.register_theme(look.theme)
        self.chat = ChatScreen(
            self.conversations,
            "chat.example:6000",
            on_login=self._log_in,
            on_logout=self._log_out,
            on_leave=self._leave,
        )

    def on_mount(self) -> None:
        self.push_screen(self.chat)

    def bell(self) -> None:
        self.rings += 1

    def lines(self) -> list[str]:
        """What is on the screen."""
        width, height = self.size
        strips = self.screen._compositor.render_strips()
        return [strip.text[:width] for strip in strips[:height]]

    async def press(self, *keys: str) -> None:
        """Press keys so fast that the program can't do anything meanwhile."""
        for key in keys:
            char = {"space": " ", "slash": "/", "colon": ":"}.get(key, key.removeprefix("alt+"))
            self.post_message(events.Key(key, char if len(char) == 1 else None))
        await self.pilot.pause()

    async def type(self, text: str, *keys: str) -> None:
        """Type a text, and then press keys."""
        names = {" ": "space", "/": "slash", ":": "colon"}
        await self.press(*(names.get(char, char) for char in text), *keys)

    async def shows(self, text: str) -> None:
        """Wait until a line has this text."""
        for _ in range(200):
            if any(text in line for line in self.lines()):
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"{text!r} is not there:\n" + "\n".join(self.lines()))

    async def hides(self, text: str) -> None:
        """Wait until no line has this text."""
        for _ in range(200):
            if not any(text in line for line in self.lines()):
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"{text!r} is there:\n" + "\n".join(self.lines()))

    @property
    def input(self) -> str:
        return self.chat.query_one(InputBox).text

    async def _log_in(self) -> None:
        self.is_asked = True

    async def _log_out(self) -> None:
        self.has_left = True

    def _leave(self) -> None:
        self.has_left = True


class ChatScreenCase(SynchronousTestCase):
    def run_script(self, script: Script, size: tuple[int, int] = (80, 20), **given: Any) -> None:
        """Run it on a screen of this size, after a login that was told ``given``."""

        async def run() -> None:
            desk = Desk(temporary_folder(self))
            desk.client.server.log = [push(seq, f"number {seq}") for seq in range(1, 101)]
            async with desk.run_test(size=size) as desk.pilot:
                desk.client.log_in(**given)
                await desk.shows("connected to")
                await script(desk)

        asyncio.run(run())


LI = [Friend(id=15, name="li si", state="online")]
THREE = [
    *LI,
    Friend(id=16, name="wang wu", state="offline"),
    Friend(id=17, name="李雷", state="offline"),
]


class TypingTests(ChatScreenCase):
    def test_a_text_is_sent_and_stored(self) -> None:
        async def script(desk: Desk) -> None:
            await desk.shows("number 100")
            await desk.type("hello", "enter")
            await desk.shows("you … hello")
            self.assertEqual(desk.input, "")
            desk.client.store(0, 101)
            await desk.shows("you ✓ hello")

        self.run_script(script, friends=LI)

    def test_a_refused_text(self) -> None:
        async def script(desk: Desk) -> None:
            await desk.type("hello", "enter")
            desk.client.refuse(0, NoSuchUser())
            await desk.shows("you ✗ hello")
            await desk.type("/retry", "enter")
            await desk.shows("you … hello")
            desk.client.refuse(1, NoSuchUser())
            await desk.type("/discard", "enter")
            await desk.hides("hello")

        self.run_script(script, friends=LI)

    def test_a_burst_of_keys_keeps_its_order(self) -> None:
        async def script(desk: Desk) -> None:
            await desk.shows("number 100")
            await desk.type("ab", "backspace", "c", "enter", "alt+2", "d", "enter", "ctrl+p", "e")
            await desk.shows("e")
            sent = [(each.toid, each.text) for each in desk.client.sent]
            self.assertEqual(sent, [(15, "ac"), (16, "d")])
            self.assertEqual(desk.input, "e")

        self.run_script(script, friends=THREE)

    def test_several_lines_are_one_text(self) -> None:
        async def script(desk: Desk) -> None:
            await desk.type("one", "alt+enter", *"two", "ctrl+j", *"three", "enter")
            await desk.shows("│ three")
            self.assertEqual(desk.client.sent[0].text, "one\ntwo\nthree")

        self.run_script(script, friends=LI)

    def test_history_and_completion(self) -> None:
        async def script(desk: Desk) -> None:
            await desk.type("first", "enter")
            await desk.type("second", "enter", "t", "up", "up")
            self.assertEqual(desk.input, "first")
            await desk.press("down", "down")
            self.assertEqual(desk.input, "t")
            await desk.press("alt+enter", "ctrl+u", "ctrl+u", "l", "i", "tab")
            self.assertEqual(desk.input, "li si: ")

        self.run_script(script, friends=LI)

    def test_escape_stands_for_alt_and_deleted_words_come_back(self) -> None:
        async def script(desk: Desk) -> None:
            await desk.type("one two", "escape", "b", "ctrl+k", "ctrl+a", "ctrl+y")
            self.assertEqual(desk.input, "twoone ")
            await desk.press("escape", "2")
            await desk.shows("wang wu  offline")
            self.assertEqual(desk.input, "")
            await desk.press("alt+1")
            self.assertEqual(desk.input, "twoone ")

        self.run_script(script, friends=THREE)

    def test_slashes_and_colons(self) -> None:
        async def script(desk: Desk) -> None:
            await desk.type("//me waves", "enter", "space", *"quit", "enter")
            await desk.type("chat:17:hello: you", "enter")
            await desk.shows("李雷")
            sent = [(each.toid, each.text) for each in desk.client.sent]
            self.assertEqual(sent, [(15, "/me waves"), (15, "quit"), (17, "hello: you")])
            await desk.type("/dance", "enter")
            await desk.shows("there is no /dance")
            self.assertEqual(desk.input, "/dance")
            await desk.press("ctrl+u")
            await desk.type("chat:you:x", "enter")
            await desk.shows("must be a number")

        self.run_script(script, friends=THREE)

    def test_pasted_lines_stay_together_and_can_do_no_harm(self) -> None:
        async def script(desk: Desk) -> None:
            desk.post_message(events.Paste("one\r\ntwo\rthr\x1b[31mee\x07\x9b\tend"))
            await desk.press("enter")
            await desk.shows("│ thr[31mee")
            self.assertEqual(desk.client.sent[0].text, "one\ntwo\nthr[31mee\tend")

        self.run_script(script, friends=LI)

    def test_names_that_drive_terminals_are_not_completed(self) -> None:
        async def script(desk: Desk) -> None:
            await desk.press("l", "i", "tab")
            self.assertEqual(desk.input, "li")

        self.run_script(script, friends=[Friend(id=15, name="li\x1b[2J", state="online")])

    def test_leaving(self) -> None:
        async def script(desk: Desk) -> None:
            await desk.press("ctrl+c")
            await desk.shows("press Ctrl+C again")
            await desk.press("a")
            await desk.hides("press Ctrl+C again")
            self.assertFalse(desk.has_left)
            await desk.press("ctrl+c", "ctrl+c")
            self.assertTrue(desk.has_left)
            self.assertEqual(desk.conversations.with_peer(user(15)).draft, "a")

        self.run_script(script, friends=LI)


class ViewTests(ChatScreenCase):
    def test_unread_messages(self) -> None:
        async def script(desk: Desk) -> None:
            await desk.shows("number 100")
            desk.conversations.event(push(1, "new", sender=17))
            await desk.shows("unread: 1")
            await desk.shows("3 ○ name 17            1 │")
            await desk.press("alt+a")
            await desk.shows("── unread ──")
            await desk.hides("unread: 1")

        self.run_script(script, friends=THREE)

    def test_the_bell_rings_unless_it_was_silenced(self) -> None:
        async def script(desk: Desk) -> None:
            desk.conversations.event(push(1, "new", sender=17))
            await desk.shows("unread: 1")
            self.assertEqual(desk.rings, 1)
            await desk.type("/bell off", "enter")
            await desk.shows("the bell is silent")
            desk.conversations.event(push(2, "new", sender=17))
            await desk.shows("unread: 2")
            self.assertEqual(desk.rings, 1)

        self.run_script(script, friends=THREE)

    def test_more_unread_than_fit_begin_at_the_first(self) -> None:
        async def script(desk: Desk) -> None:
            li = desk.conversations.with_peer(user(15))
            await desk.shows("number 100")
            await desk.press("alt+2")
            for seq in range(101, 151):
                desk.conversations.event(push(seq, f"number {seq}"))
            await desk.press("alt+1")
            await desk.shows("number 101")
            await desk.shows("── unread ──")
            unread = li.unread(ME)
            self.assertTrue(30 < unread < 50, unread)
            await desk.press("pagedown")
            await desk.hides(f"unread: {unread}")
            self.assertTrue(0 < li.unread(ME) < unread, li.unread(ME))
            await desk.press("ctrl+end")
            await desk.shows("number 150")
            self.assertEqual(li.unread(ME), 0)

        self.run_script(script, friends=THREE)

    def test_scrolling_up_loads_older_ones_and_holds_the_place(self) -> None:
        async def script(desk: Desk) -> None:
            await desk.shows("number 100")
            for _ in range(30):
                await desk.press("pageup")
            await desk.shows("the beginning")
            await desk.shows("number 1 ")
            before = desk.lines()
            desk.conversations.event(push(101, "new below"))
            await desk.shows("more below")
            self.assertEqual(desk.lines()[2:-2], before[2:-2])
            await desk.press("ctrl+end")
            await desk.shows("new below")

        self.run_script(script, friends=LI)

    def test_narrow_and_small(self) -> None:
        async def script(desk: Desk) -> None:
            await desk.shows("li si │ number 94")
            self.assertFalse(any("1 ●" in line for line in desk.lines()))
            await desk.pilot.resize_terminal(90, 30)
            await desk.shows("1 ● li si")
            await desk.press("f2")
            await desk.hides("1 ● li si")

        self.run_script(script, size=(40, 10), friends=LI)

    def test_the_connection_line(self) -> None:
        async def script(desk: Desk) -> None:
            desk.client.tell(Offline(NotConnected(), 5.0))
            await desk.shows("next try in 5 s")
            await desk.press("f5")
            self.assertEqual(desk.client.hurries, 1)
            desk.client.tell(Replaced())
            await desk.shows("logged in elsewhere")
            desk.client.is_started = False
            await desk.press("f5")
            self.assertTrue(desk.client.is_started)
            desk.client.tell(LoginRefused(Refused("unknown or expired token")))
            await desk.shows("login refused: unknown or expired token")
            await desk.press("f5")
            self.assertTrue(desk.is_asked)

        self.run_script(script, friends=LI)

    def test_help_finds(self) -> None:
        async def script(desk: Desk) -> None:
            await desk.type("/help group", "enter")
            await desk.shows("/join ID")
            await desk.shows("creategroup:name:desc")
            await desk.hides("/quit")
            await desk.press("escape")
            await desk.shows("number 100")

        self.run_script(script, size=(90, 30), friends=LI)

    def test_nobody_is_there_at_first(self) -> None:
        async def script(desk: Desk) -> None:
            await desk.shows("nobody yet")
            await desk.type("hello", "enter")
            await desk.shows("open a conversation first")
            await desk.press("ctrl+u")
            await desk.type("/chat 15", "enter")
            await desk.shows("number 100")

        self.run_script(script)
