"""Texts in rows of a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from chatclient.fullscreen.wrap import cut, pad, pad_left, width, wrap

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f1e9\U0001f1ea"


class WrapTests(SynchronousTestCase):
    def test_what_fits_stays(self) -> None:
        self.assertEqual(wrap("hello there", 11), ["hello there"])
        self.assertEqual(wrap("", 5), [""])

    def test_between_words(self) -> None:
        self.assertEqual(wrap("hello there you", 11), ["hello there", "you"])
        self.assertEqual(wrap("hello there you", 10), ["hello", "there you"])

    def test_spaces_at_the_end_of_a_row_are_not_shown(self) -> None:
        self.assertEqual(wrap("hello    you", 6), ["hello", "you"])

    def test_long_words_are_cut(self) -> None:
        self.assertEqual(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"])

    def test_wide_characters_take_two_columns_and_break_anywhere(self) -> None:
        self.assertEqual(wrap("你好世界再见", 5), ["你好", "世界", "再见"])
        self.assertEqual(wrap("ab你好", 4), ["ab你", "好"])

    def test_what_belongs_together_stays_together(self) -> None:
        for cluster in (FAMILY, FLAG, "e\u0301", "\u2764\ufe0f", "\U0001f44d\U0001f3fd"):
            rows = wrap(cluster * 4, max(2, width(cluster)))
            self.assertEqual(rows, [cluster] * (4 // (2 // width(cluster))) if width(cluster) == 2
                             else [cluster * 2] * 2)  # fmt: skip

    def test_tabs_become_spaces(self) -> None:
        self.assertEqual(wrap("a\tb", 10), ["a    b"])

    @given(st.text(st.sampled_from("ab  你好🎉é-")), st.integers(2, 9))
    def test_no_row_is_too_long_and_nothing_gets_lost(self, text: str, columns: int) -> None:
        rows = wrap(text, columns)
        self.assertTrue(all(width(row) <= columns for row in rows), rows)
        self.assertEqual("".join(rows).replace(" ", ""), text.replace(" ", ""))


class CutTests(SynchronousTestCase):
    def test_cut(self) -> None:
        self.assertEqual(cut("hello", 5), "hello")
        self.assertEqual(cut("hello there", 6), "hello…")
        self.assertEqual(cut("你好世界", 6), "你好…")
        self.assertEqual(cut("hello", 0), "")

    def test_pad(self) -> None:
        self.assertEqual(pad("你", 4), "你  ")
        self.assertEqual(pad_left("你", 4), "  你")
        self.assertEqual(width(pad("你好世界", 6)), 6)
