"""docs/security.md names files that are there."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from tests.docs.page import DOCS

_TEXT = (DOCS / "security.md").read_text(encoding="utf-8")


class SecurityTests(SynchronousTestCase):
    def test_tests_that_it_names_are_there(self) -> None:
        named = set(re.findall(r"`(tests/[\w./]+)`", _TEXT))
        self.assertGreater(len(named), 10)
        for path in named:
            self.assertTrue((DOCS.parent / path).exists(), path)

    def test_every_test_of_attacks_is_named(self) -> None:
        for path in (DOCS.parent / "tests" / "attacks").glob("test_*.py"):
            self.assertIn(f"tests/attacks/{path.name}", _TEXT)
