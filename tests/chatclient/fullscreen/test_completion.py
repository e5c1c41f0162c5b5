"""Completion."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatclient.fullscreen.completion import Completion, complete

COMMANDS = ("/help", "/chat", "/close")
NAMES = ("zhang san", "Li Si", "李雷")


class CompletionTests(SynchronousTestCase):
    def check(self, before: str, start: int, *choices: str) -> None:
        self.assertEqual(complete(before, COMMANDS, NAMES), Completion(start, list(choices)))

    def test_commands(self) -> None:
        self.check("/c", 0, "/chat ", "/close ")
        self.check("/x", 0)

    def test_names_after_commands(self) -> None:
        self.check("/chat zhang s", 6, "zhang san")
        self.check("/chat li", 6, "Li Si")

    def test_names_in_texts(self) -> None:
        self.check("li", 0, "Li Si: ")
        self.check("ask 李", 4, "李雷 ")
        self.check("ask ", 4)
        self.check("//li", 0)
