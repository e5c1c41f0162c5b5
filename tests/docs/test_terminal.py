"""docs/terminal.md lists what the full-screen client can do."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from chatclient.fullscreen.commands import COMMANDS
from chatclient.fullscreen.help_screen import KEYS
from chatclient.terminal.app import MENU
from chatclient.terminal.chat import COMMANDS as COLON_COMMANDS

_PAGE = (Path(__file__).parents[2] / "docs" / "terminal.md").read_text(encoding="utf-8")


class TerminalPageTests(SynchronousTestCase):
    def rows(self, heading: str) -> list[tuple[str, ...]]:
        """The rows of the table below a heading."""
        section = _PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        rows = re.findall(r"^\| (.+?) \| (.+) \|$", section, re.MULTILINE)
        return [(left.replace("\\|", "|"), right) for left, right in rows[1:]]

    def test_keys(self) -> None:
        self.assertEqual(self.rows("Keys"), list(KEYS))

    def test_commands(self) -> None:
        self.assertEqual(
            self.rows("Commands"),
            [(f"`/{f'{each.name} {each.usage}'.strip()}`", each.summary) for each in COMMANDS],
        )
        for command in COLON_COMMANDS:
            self.assertRegex(_PAGE, rf"`{command.name}[:`]")

    def test_line_by_line(self) -> None:
        self.assertIn(MENU.strip(), _PAGE)
        for command in COLON_COMMANDS:
            if command.name != "help":
                self.assertIn(f"| `{command.usage}` |", _PAGE)
