"""The rules of the page's files, as far as they can be seen without a browser."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

_PAGE = Path(__file__).parents[2] / "chatserver" / "web" / "page"
_SCRIPTS = sorted(_PAGE.rglob("*.js"))
# From the ground up: a file imports from its own folder and from those before it.
_LAYERS = ["base", "store", "connection", "i18n", "model", "view", ""]
_IMPORT = re.compile(r'^import .* from "(.*)";$|^} from "(.*)";$', re.MULTILINE)
_TEXT = re.compile(r'^  (?:"([^"]+)"|(\w+)):\s+"(.*)",$', re.MULTILINE)
# What makes markup, code or style of a text.
_DANGEROUS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|setHTML|srcdoc"
    r"|createContextualFragment|\beval\b|new Function|javascript:|setAttribute\(\"style"
)


def texts(language: str) -> dict[str, str]:
    """The table of a language."""
    source = (_PAGE / "i18n" / f"{language}.js").read_text(encoding="utf-8")
    return {quoted or plain: text for quoted, plain, text in _TEXT.findall(source)}


class ScriptTests(SynchronousTestCase):
    """The modules."""

    def test_texts_are_only_ever_texts(self) -> None:
        self.assertGreater(len(_SCRIPTS), 20)
        for script in _SCRIPTS:
            found = _DANGEROUS.search(script.read_text(encoding="utf-8"))
            self.assertIsNone(found, f"{script.name}: {found}")

    def test_files_import_only_what_lies_below(self) -> None:
        for script in _SCRIPTS:
            level = _LAYERS.index(script.relative_to(_PAGE).parent.as_posix().strip("."))
            for names in _IMPORT.findall(script.read_text(encoding="utf-8")):
                target = (script.parent / "".join(names)).resolve()
                self.assertTrue(target.is_file(), f"{script}: {target}")
                folder = target.relative_to(_PAGE).parent.as_posix().strip(".")
                self.assertLessEqual(_LAYERS.index(folder), level, f"{script} imports {target}")

    def test_every_file_is_checked_for_types_and_short(self) -> None:
        for script in _SCRIPTS:
            lines = script.read_text(encoding="utf-8").splitlines()
            self.assertEqual(lines[0], "// @ts-check", script)
            self.assertLess(len(lines), 300, script)

    def test_nothing_stands_in_the_page_that_the_policy_forbids(self) -> None:
        html = (_PAGE / "index.html").read_text(encoding="utf-8")
        self.assertNotRegex(html, r"<style|style=|\son\w+=|<script(?![^>]*src=)|https?://")


class TextTests(SynchronousTestCase):
    """What the page says in each language."""

    def test_both_languages_say_the_same(self) -> None:
        english, chinese = texts("en"), texts("zh")
        self.assertGreater(len(english), 100)
        self.assertEqual(list(english), list(chinese))
        for key, text in english.items():
            if not key.endswith(".one"):
                gaps = re.findall(r"\{\w+\}", text)
                self.assertEqual(sorted(gaps), sorted(re.findall(r"\{\w+\}", chinese[key])), key)

    def test_every_text_that_is_asked_for_is_there(self) -> None:
        known = texts("en").keys()
        for script in _SCRIPTS:
            source = script.read_text(encoding="utf-8")
            for key in re.findall(r"\bt\(\s*\"([^\"]+)\"", source):
                self.assertIn(key, known, script)

    def test_every_text_is_asked_for(self) -> None:
        source = "".join(
            script.read_text(encoding="utf-8")
            for script in _SCRIPTS
            if script.stem not in ("en", "zh")
        )
        made_up = re.compile(r"^(error|offline|friend)\.|\.(one|do)$|^(online|offline)$")
        for key in texts("en"):
            if not made_up.search(key):
                self.assertIn(f'"{key}"', source)
