"""The page in etc speaks of files that are there."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

_ETC = Path(__file__).parents[2] / "etc"
_FOLDERS = {path.name for path in _ETC.iterdir() if path.is_dir()}


class ReadmeTests(SynchronousTestCase):
    def test_every_file_is_there_and_every_file_is_told_of(self) -> None:
        text = (_ETC / "README.md").read_text(encoding="utf-8")
        folders = "|".join(map(re.escape, _FOLDERS))
        told = set(re.findall(rf"(?<![\w/.])((?:{folders})/[\w.@-]+)", text))
        there = {str(p.relative_to(_ETC)) for p in _ETC.rglob("*") if p.is_file()}
        self.assertEqual(told, {name for name in there if "/" in name})
        for name in there - told - {"README.md"}:
            self.assertIn(name, text)
