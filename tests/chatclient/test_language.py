"""The interface's language: what is chosen, and that its catalog is complete."""

from __future__ import annotations

import string
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from chatclient.catalog import parse_catalog
from chatclient.language import CHINESE, gettext, language_of, use_language
from tests.chatclient import messages

PO = r"""
msgid ""
msgstr ""
"Language: zh_CN\n"

#: chatclient/a.py:1
#, python-brace-format
msgid "hello"
msgstr "你好"

msgid ""
"two\n"
"\"lines\"\\"
msgstr ""
"两\n"
"行"

# nothing yet
msgid "not translated"
msgstr ""
"""


class CatalogTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.text = messages.CATALOG.read_text(encoding="utf-8")
        self.translations = parse_catalog(self.text)

    def test_every_text_of_the_sources_is_translated(self) -> None:
        self.assertEqual(messages.missing(), "", f"add to {messages.CATALOG}, translated")
        self.assertEqual([text for text, other in self.translations.items() if not other], [])

    def test_nothing_is_stale_or_twice(self) -> None:
        self.assertEqual(set(self.translations) - set(messages.messages()), set())
        self.assertEqual(self.text.count("\nmsgid "), len(self.translations))

    def test_nothing_is_left_unread(self) -> None:
        lines = self.text.splitlines()
        odd = [line for line in lines if line and not line.startswith(("#", '"', "msg"))]
        self.assertEqual(odd, [])
        self.assertNotIn("fuzzy", self.text)

    def test_translations_have_the_same_fields(self) -> None:
        for text, translated in self.translations.items():
            self.assertEqual(fields(translated), fields(text), text)

    def test_translations_keep_the_lines_ends(self) -> None:
        for text, translated in self.translations.items():
            self.assertEqual(translated.endswith("\n"), text.endswith("\n"), text)
            self.assertEqual(translated.endswith(" "), text.endswith(" "), text)


class ReadingTests(SynchronousTestCase):
    def test_the_form_of_catalogs(self) -> None:
        self.assertEqual(
            parse_catalog(PO),
            {"hello": "你好", 'two\n"lines"\\': "两\n行", "not translated": ""},
        )

    def test_marked_texts_are_found(self) -> None:
        source = '_("a") + marked("b") + _(name) + _("c" "d").format(x=_("e"))'
        self.assertEqual({text for text, _ in messages.texts_in(source)}, {"a", "b", "cd", "e"})
        for wrong in ('_(f"{a}")', '_("a".format())', "marked(name)"):
            with self.assertRaises(ValueError):
                list(messages.texts_in(wrong))


class ChoiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.addCleanup(use_language, None)

    def test_what_the_locale_asks_for(self) -> None:
        for environment, language in (
            ({}, None),
            ({"LANG": "zh_CN.UTF-8"}, CHINESE),
            ({"LANG": "zh_TW"}, CHINESE),
            ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, CHINESE),
            ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, None),
            ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, CHINESE),
            ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, None),
            ({"LANG": "de_DE.UTF-8"}, None),
            ({"LANG": "de_DE.UTF-8", "LANGUAGE": "zh_CN:en"}, CHINESE),
            ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "en:zh"}, None),
            ({"LANG": "C", "LANGUAGE": "zh_CN"}, None),
        ):
            self.assertEqual(language_of(environment), language, environment)

    def test_chinese_and_back(self) -> None:
        self.assertEqual(gettext("log in first"), "log in first")
        use_language(CHINESE)
        self.assertEqual(gettext("log in first"), "请先登录")
        self.assertEqual(gettext("of no catalog"), "of no catalog")
        use_language(None)
        self.assertEqual(gettext("log in first"), "log in first")


def fields(text: str) -> set[Any]:
    """What ``format`` puts into the text; in a text that is used as it is, nothing."""
    try:
        return {
            (name, conversion) for _, name, _, conversion in string.Formatter().parse(text) if name
        }
    except ValueError:
        return set()
