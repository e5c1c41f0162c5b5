"""The Chinese pages say what the English ones say, as far as that can be counted."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from tests.docs.blocks import blocks, headings, inline_code, links, pages

PAIRS = {"README.md": "README.zh.md", "docs/first-steps.md": "docs/zh/first-steps.md"}


class TranslationTests(SynchronousTestCase):
    maxDiff = None

    def test_every_translation_is_looked_at(self) -> None:
        translations = {page for page in pages() if "zh" in re.split(r"[./]", page)}
        self.assertEqual(translations, set(PAIRS.values()))

    def test_commands_and_examples_are_the_same(self) -> None:
        for english, chinese in PAIRS.items():
            self.assertEqual(
                *[[(b.language, b.text) for b in blocks(p)] for p in (english, chinese)]
            )

    def test_sections_are_the_same(self) -> None:
        for english, chinese in PAIRS.items():
            self.assertEqual(headings(english), headings(chinese))

    def test_what_stands_in_code_is_the_same(self) -> None:
        for english, chinese in PAIRS.items():
            self.assertEqual(sorted(inline_code(english)), sorted(inline_code(chinese)))

    def test_links_lead_to_the_same_pages(self) -> None:
        for english, chinese in PAIRS.items():
            there = {PAIRS.get(link, link) for link in links(english)} - {chinese}
            back = set(links(chinese)) - {english}
            self.assertEqual(there, back)
            self.assertIn(chinese, links(english))
            self.assertIn(english, links(chinese))
