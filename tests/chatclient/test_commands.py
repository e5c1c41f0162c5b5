"""What the lines that people type mean."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from chatclient.terminal.chat import COMMANDS
from chatclient.terminal.commands import BadCommand, help_lines, parse, parse_id


class CommandTests(TestCase):
    """Commands and their arguments."""

    def parsed(self, line: str) -> list[int | str]:
        command, arguments = parse(line, COMMANDS)
        return [command.name, *arguments]

    def complaint(self, line: str) -> str:
        with self.assertRaises(BadCommand) as caught:
            parse(line, COMMANDS)
        return str(caught.exception)

    def test_the_well_known_ones(self) -> None:
        for line, parsed in (
            ("help", ["help"]),
            ("chat:15:hello", ["chat", 15, "hello"]),
            ("addfriend:15", ["addfriend", 15]),
            ("creategroup:tea:we drink it", ["creategroup", "tea", "we drink it"]),
            ("addgroup:2", ["addgroup", 2]),
            ("groupchat:2:hi", ["groupchat", 2, "hi"]),
            ("loginout", ["loginout"]),
            ("quit", ["quit"]),
        ):
            self.assertEqual(self.parsed(line), parsed)

    def test_colons_and_spaces_in_texts_stay(self) -> None:
        self.assertEqual(self.parsed("chat:15: a:b::c "), ["chat", 15, " a:b::c "])
        self.assertEqual(self.parsed("creategroup:a:b:c"), ["creategroup", "a", "b:c"])

    def test_spaces_elsewhere_do_not_matter(self) -> None:
        self.assertEqual(self.parsed(" chat : 15 :x"), ["chat", 15, "x"])
        self.assertEqual(self.parsed("help:"), ["help"])

    def test_a_group_needs_no_description(self) -> None:
        self.assertEqual(self.parsed("creategroup:tea"), ["creategroup", "tea", ""])

    def test_unknown(self) -> None:
        for line in ("dance", "Chat:15:x", ":", "chat 15 x"):
            self.assertIn("type help", self.complaint(line))

    def test_wrong_arguments(self) -> None:
        for line in ("chat", "chat:15", "addfriend", "addfriend:x", "help:me", "chat::x"):
            name = line.partition(":")[0]
            self.assertIn(f"write it as {name}", self.complaint(line))
        self.assertEqual(
            self.complaint("chat:li si:x"),
            "userid must be a number; write it as chat:userid:text",
        )

    def test_ids(self) -> None:
        self.assertEqual(parse_id(" 9007199254740991 "), 2**53 - 1)
        for text in ("", "-1", "1.0", "１５", "1_0", "9" * 17, "9" * 5000):
            self.assertIsNone(parse_id(text), text[:20])

    def test_help_names_all(self) -> None:
        lines = "\n".join(help_lines(COMMANDS))
        for command in COMMANDS:
            self.assertIn(command.usage, lines)
