"""docs/settings.md lists every option with its default."""

from __future__ import annotations

import dataclasses
import re

from twisted.trial.unittest import SynchronousTestCase

from chatserver.settings import Settings
from tests.docs.page import DOCS

_PAGE = (DOCS / "settings.md").read_text(encoding="utf-8")


class SettingsPageTests(SynchronousTestCase):
    def test_lists_every_option_with_its_default(self) -> None:
        shown = dict(re.findall(r"^\| `--([a-z-]+)` \| (\S+) \|", _PAGE, re.MULTILINE))
        self.assertEqual(shown.pop("config"), "–")
        without = ("redis", "proxies", "web", "web_origins", "metrics_for")
        shown_so = {"port": "6000", **dict.fromkeys(without, "–")}
        defaults = dataclasses.asdict(Settings()) | shown_so
        expected = {name.replace("_", "-"): str(value) for name, value in defaults.items()}
        self.assertEqual(shown.keys(), expected.keys())
        for name, default in expected.items():
            same = shown[name] == default or float(shown[name]) == float(default)
            self.assertTrue(same, f"--{name}: {shown[name]} is not {default}")
