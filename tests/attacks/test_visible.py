"""Which characters a terminal shows as they are, and how lines are cut."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from chatclient.terminal.fold import fold
from chatclient.terminal.visible import visible
from tests.wire.samples import property_of_many, texts

# As emoji, Persian, Hindi, Hebrew, Thai, Vietnamese and Chinese are written.
ORDINARY = (
    "👩‍👩‍👧", "1️⃣", "©️", "❤️‍🔥", "🏳️‍🌈", "🇨🇳", "👍🏽", "نامه‌ای", "क्‍ष", "שָׁלוֹם", "กิ๊", "ế", "ệ",
    "葛\ufe00", "\u3000", "a\u00a0b", "～", "…",
)  # fmt: skip
# What looks like "ann", or like nothing at all.
LOOKALIKES = (
    "ann\u200b", "\u200bann", "a\u200dnn", "ann\u200c", "ann\ufe0f", "an\u00adn", "ann\u2060",
    "ann\ufeff", "ann\u061c", "ann\u034f", "ann\U000e0061", "ann\U000e0100", "ann\ufff9",
    "ann\u180e", "ann\u206a", "\u3164", "\u2800", "\uffa0", "\u115f", "好\u200d", "\u200d",
    "\ufe0f", "好\ufe0f\ufe0f", "\u0301", "\u20dd",
)  # fmt: skip
# Of the category of format characters, but with a shape: signs around Arabic and other numbers.
SEEN = {
    0x600,
    0x601,
    0x602,
    0x603,
    0x604,
    0x605,
    0x6DD,
    0x70F,
    0x890,
    0x891,
    0x8E2,
    0x110BD,
    0x110CD,
}


class CharacterTests(SynchronousTestCase):
    def test_languages_and_emoji_are_left_alone(self) -> None:
        for text in ORDINARY:
            self.assertEqual(visible(text), text)

    def test_what_nobody_would_see_is_shown(self) -> None:
        for text in LOOKALIKES:
            self.assertIn("\\", visible(text), ascii(text))

    def test_nothing_invisible_stays_among_latin_letters(self) -> None:
        for code in set(range(0x110000)) - SEEN - {ord("\t")}:
            if unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
                self.assertIn("\\", visible(f"a{chr(code)}n").replace("⏎", "\\"), hex(code))

    def test_marks_are_not_heaped_up(self) -> None:
        self.assertEqual(visible("a" + "\u0301" * 6), "a" + "\u0301" * 6)
        self.assertEqual(visible("a" + "\u0301" * 8), "a" + "\u0301" * 6 + "\\u0301\\u0301")

    def test_a_name_can_hold_no_more_marks_than_it_has_characters_for(self) -> None:
        self.assertEqual(visible("\u0301\u0301a"), "\\u0301\\u0301a")

    @given(texts)
    @property_of_many
    def test_one_line_without_controls(self, text: str) -> None:
        shown = visible(text)
        self.assertEqual(len(shown.splitlines()), int(bool(shown)))
        self.assertTrue({char for char in shown if unicodedata.category(char) == "Cc"} <= {"\t"})


class FoldTests(SynchronousTestCase):
    def test_what_fits_stays(self) -> None:
        for line in ("", "x" * 20, "好" * 10):
            self.assertEqual(fold(line, 20), line)

    def test_the_rest_is_marked(self) -> None:
        self.assertEqual(fold("x" * 21, 20), "x" * 20 + "\n  | x")
        self.assertEqual(fold("x" * 40, 20), "x" * 20 + "\n  | " + "x" * 16 + "\n  | xxxx")

    def test_wide_characters_tabs_and_marks(self) -> None:
        self.assertEqual(fold("x" * 19 + "好", 20), "x" * 19 + "\n  | 好")
        self.assertEqual(fold("a\tb", 20), "a       b")
        self.assertEqual(fold("x" * 20 + "\u0301", 20), "x" * 20 + "\u0301")

    @given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])))
    @property_of_many
    def test_nothing_is_lost(self, text: str) -> None:
        first, *rest = fold(text, 20).split("\n")
        for row in rest:
            self.assertTrue(row.startswith("  | "), row)
        self.assertEqual(first + "".join(row[4:] for row in rest), text)
