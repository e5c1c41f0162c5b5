"""What the README says is so."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

from chatclient.terminal.app import MENU
from chatclient.terminal.chat import COMMANDS
from chatserver.settings import Settings
from tests.support.servers import ServerCase

_ROOT = Path(__file__).parent.parent
_README = (_ROOT / "README.md").read_text(encoding="utf-8")


class ReadmeTests(ServerCase):
    def test_lists_every_option_with_its_default(self) -> None:
        shown = dict(re.findall(r"^\| `--([a-z-]+)` \| (\S+) \|", _README, re.MULTILINE))
        self.assertEqual(shown.pop("config"), "–")
        without = ("redis", "proxies", "web", "web_origins", "metrics_for")
        shown_so = {"port": "6000", **dict.fromkeys(without, "–")}
        defaults = dataclasses.asdict(Settings()) | shown_so
        expected = {name.replace("_", "-"): str(value) for name, value in defaults.items()}
        self.assertEqual(shown.keys(), expected.keys())
        for name, default in expected.items():
            same = shown[name] == default or float(shown[name]) == float(default)
            self.assertTrue(same, f"--{name}: {shown[name]} is not {default}")

    def test_links_lead_somewhere(self) -> None:
        links = re.findall(r"\]\((?!https?:)([^)#]+)", _README)
        self.assertGreater(len(links), 2)
        for link in links:
            self.assertTrue((_ROOT / link).exists(), link)

    def test_shows_the_clients_menu_and_commands(self) -> None:
        shown = "\n".join(line.strip() for line in _README.splitlines())
        self.assertIn(MENU.strip(), shown)
        for command in COMMANDS:
            if command.name != "help":
                self.assertIn(f"| `{command.usage}` |", _README)

    async def test_session_by_hand_goes_as_shown(self) -> None:
        """Each line is a request, or the reply to the one before; … stands for anything."""
        lines = re.findall(r'^(\{"msgid":.*)$', _README, re.MULTILINE)
        self.assertGreater(len(lines), 5)
        for name in ("zhang san", "Li"):
            await self.register(name)
        client = await self.connect()
        for request, reply in zip(lines[::2], lines[1::2], strict=True):
            client.send_bytes(request.encode() + b"\n")
            shown = json.loads(reply)
            real = await client.next(msgid=shown["msgid"])
            self.assertEqual(list(real), list(shown))
            for name in shown.keys() - {"token", "expires", "time", "conv"}:
                self.assertEqual(real[name], shown[name], name)
