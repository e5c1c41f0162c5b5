"""docs/security.md names files, settings and headings that are there."""

from __future__ import annotations

import dataclasses
import re

from twisted.trial.unittest import SynchronousTestCase

from chatserver.settings import Settings
from tests.docs.page import DOCS

_TEXT = (DOCS / "security.md").read_text(encoding="utf-8")
_OF_TWISTD = {"uid", "gid"}
_OF_THE_FUZZER = {"frames", "seed"}


class SecurityTests(SynchronousTestCase):
    def test_tests_that_it_names_are_there(self) -> None:
        named = set(re.findall(r"`(tests/[\w./]+)`", _TEXT))
        self.assertGreater(len(named), 10)
        for path in named:
            self.assertTrue((DOCS.parent / path).exists(), path)

    def test_links_lead_somewhere(self) -> None:
        anchors = {
            re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            for title in re.findall(r"^#+ (.+)$", _TEXT, re.MULTILINE)
        }
        for file, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", _TEXT):
            if file:
                self.assertTrue((DOCS / file).exists(), file)
            else:
                self.assertIn(anchor, anchors)

    def test_flags_are_settings(self) -> None:
        settings = {field.name.replace("_", "-") for field in dataclasses.fields(Settings)}
        flags = set(re.findall(r"--([a-z][a-z-]*)", _TEXT))
        self.assertEqual(flags - settings - _OF_TWISTD - _OF_THE_FUZZER, set())

    def test_every_test_of_attacks_is_named(self) -> None:
        for path in (DOCS.parent / "tests" / "attacks").glob("test_*.py"):
            self.assertIn(f"tests/attacks/{path.name}", _TEXT)
