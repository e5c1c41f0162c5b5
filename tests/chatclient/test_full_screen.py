"""The full-screen client as people use it: in real terminals, with a real server."""

from __future__ import annotations

import re
from collections.abc import Mapping

from twisted.trial.unittest import SynchronousTestCase

from chatclient.fullscreen.wrap import width
from cluster.nodes import Node
from cluster.process import free_port
from tests.chatclient.tmux import Terminal, Terminals
from tests.support.folders import temporary_folder

_COLOURS = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m")


class FullScreenCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        self.terminals = Terminals(self)
        self.node = Node(self.folder / "server", free_port())
        self.addCleanup(self.node.kill)
        self.node.start()

    def open(self, profile: str, environment: Mapping[str, str] | None = None) -> Terminal:
        """Start the program in a terminal of its own."""
        server = f"127.0.0.1:{self.node.port}"
        settings = {"CHATCLIENT_HOME": str(self.folder / "home"), **(environment or {})}
        return self.terminals.open(server, "--profile", profile, environment=settings)

    def register(self, name: str, profile: str) -> Terminal:
        """The first start of somebody."""
        terminal = self.open(profile)
        terminal.shows("Welcome")
        terminal.type(name, "Enter")
        terminal.type("not a secret", "Tab", "Tab", "Enter")
        terminal.shows("connected to", f"{name} [")
        return terminal

    def column(self, line: str, text: str) -> int:
        """The column of the terminal in which a text begins."""
        return width(line.partition(text)[0])


class ChatTests(FullScreenCase):
    def test_two_people(self) -> None:
        ann = self.register("Ann", "ann")
        lei = self.register("李雷", "lei")
        files = [file for file in (self.folder / "home").rglob("*") if file.is_file()]
        self.assertFalse(any(b"not a secret" in file.read_bytes() for file in files))

        ann.type("/chat 2", "Enter")
        ann.type("hello? 你好 🎉!", "Enter")
        ann.shows("you ✓ hello")
        lei.shows("Ann │ hello", "1 ")
        lei.type("好的 👍🏽 fine", "Enter")
        ann.shows("李雷 │ 好的 👍🏽 fine")
        mine, theirs = ann.line("you ✓ hello"), ann.line("李雷 │ 好的")
        self.assertEqual(self.column(mine, "hello"), self.column(theirs, "好的"))
        self.assertEqual(self.column(mine, "✓"), self.column(theirs, "│ 好的"))

        # Somebody else writes while Ann is busy: she finds it by its number, and by Alt+A.
        bob = self.register("Bob", "bob")
        bob.type("chat:1:where are you?", "Enter")
        ann.shows("unread: 1", "2   Bob")
        ann.type("", "M-a")
        ann.shows("── unread", "Bob │ where are you?")
        ann.hides("unread: 1")

        ann.resize(50, 10)
        ann.hides("2   Bob")
        ann.shows("Bob │ where are you?", "connected to")
        ann.resize(120, 30)
        ann.shows("1   李雷", "2   Bob")

        ann.type("unfinished", "C-c", "C-c")
        ann.shows("ended 0")
        bob.type("are you there?", "Enter")
        bob.shows("✓ are you there?")
        ann = self.open("ann")
        ann.type("", "M-2")
        ann.shows("── unread", "Bob │ are you there?", "\n unfinished")

    def test_a_server_that_is_killed(self) -> None:
        ann = self.register("Ann", "ann")
        bob = self.register("Bob", "bob")
        ann.type("/chat 2", "Enter")
        for number in range(1, 4):
            ann.type(f"text {number}", "Enter")
        ann.shows("✓ text 3")
        bob.shows("text 3")
        self.node.kill()
        ann.shows("offline:")
        bob.shows("offline:")
        ann.type("text 4", "Enter")
        ann.shows("… text 4", "waiting to be sent: 1")
        ann.type("", "C-c", "C-c")
        ann.shows("ended 0")
        ann = self.open("ann")
        ann.shows("… text 4")
        ann.type("text 5", "Enter")
        bob.type("answer", "Enter")
        self.node.start()
        ann.shows("connected to", "✓ text 4", "✓ text 5", "Bob │ answer")
        bob.shows("connected to", "text 5", "✓ answer")
        for terminal in (ann, bob):
            shown = "\n".join(terminal.lines())
            self.assertEqual(re.findall(r"text \d", shown), [f"text {n}" for n in range(1, 6)])
            self.assertEqual(shown.count("answer"), 1)

    def test_no_colours_and_another_language(self) -> None:
        ann = self.register("Ann", "ann")
        ann.type("/chat 1", "Enter")
        ann.type("note", "Enter")
        ann.shows("✓ note")
        self.assertRegex("\n".join(ann.lines(escapes=True)), _COLOURS)
        ann.type("/quit", "Enter")
        ann.shows("ended 0")
        for environment in ({"NO_COLOR": "1"}, {"TERM": "vt100"}):
            ann = self.open("ann", {"LC_ALL": "zh_CN.UTF-8", **environment})
            ann.shows("已连接", "我 ✓ note")
            self.assertNotRegex("\n".join(ann.lines(escapes=True)), _COLOURS)
            ann.type("", "C-c", "C-c")
            ann.shows("ended 0")

    def test_one_program_at_a_time(self) -> None:
        self.register("Ann", "ann")
        second = self.open("ann")
        second.shows("chatclient runs already with this profile", "ended 1")
