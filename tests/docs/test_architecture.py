"""docs/architecture.md: its list of the house is complete, and names nothing that is gone."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from tests.docs.blocks import ROOT

_PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
_HOUSE = _PAGE.partition("## The house")[2].partition("A file imports only")[0]


class HouseTests(SynchronousTestCase):
    def test_every_part_is_named(self) -> None:
        parts = [
            path.stem if path.is_file() else path.name
            for folder in ("chatserver", "chatserver/services", "chatclient")
            for path in (ROOT / folder).iterdir()
            if not path.name.startswith(("_", "."))
        ]
        missing = [name for name in sorted(parts) if not re.search(rf"\b{name}\b", _HOUSE)]
        self.assertEqual(missing, [])

    def test_every_file_and_folder_that_it_names_is_there(self) -> None:
        named = set(re.findall(r"[\w/]+(?:\.(?:py|c|json)\b|/(?=[\s)]))", _HOUSE))
        self.assertGreater(len(named), 40)
        for name in named - {"conversations.json"}:
            self.assertTrue(any(ROOT.glob(name)) or any(ROOT.glob(f"*/**/{name}")), name)
