"""What the README says is so; its links and commands are looked at with those of all pages."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from tests.docs.blocks import ROOT


class ReadmeTests(SynchronousTestCase):
    def test_its_figures_are_the_measured_ones(self) -> None:
        measured = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
        for name in ("README.md", "README.zh.md"):
            text = (ROOT / name).read_text(encoding="utf-8")
            figures = re.findall(r"(?<![\d.:])\d+[.,]\d+(?![\d.:])", text.replace("3.11", ""))
            self.assertGreater(len(figures), 2, name)
            for figure in figures:
                self.assertRegex(
                    measured, rf"\*\*[^|]*(?<![\d,.]){re.escape(figure)}(?![\d,])", name
                )

    def test_names_every_page(self) -> None:
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        for page in (ROOT / "docs").glob("*.md"):
            self.assertIn(f"- [docs/{page.name}](docs/{page.name})", text.replace(", [", "\n- ["))
