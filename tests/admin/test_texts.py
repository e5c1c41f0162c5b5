"""How things look in a terminal."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatserver.admin.texts import columns, count, moment, printable, size, span, width


class TextTests(SynchronousTestCase):
    def test_what_could_change_the_screen_is_escaped(self) -> None:
        for text, shown in (
            ("li", "li"),
            ("世界 😀", "世界 😀"),
            ("a\x1b[2Jb", r"a\x1b[2Jb"),
            ("a\nb\u2028c\u202ed\x9be", r"a\nb\u2028c\u202ed\x9be"),
            ("é e\u0301", "é e\u0301"),
        ):
            self.assertEqual(printable(text), shown)

    def test_width_is_what_a_terminal_takes(self) -> None:
        for text, columns_taken in (
            ("", 0), ("li", 2), ("世界", 4), ("ｗｉｄｅ", 8), ("😀", 2), ("e\u0301", 1), ("é", 1),
        ):  # fmt: skip
            self.assertEqual(width(text), columns_taken, text)

    def test_columns_are_aligned_whatever_is_in_them(self) -> None:
        rows = [("1", "li", "phone"), ("20", "世界", ""), ("3", "a\tb", "x" * 3)]
        lines = list(columns(("ID", "NAME", "DEVICE"), rows, "ID"))
        self.assertEqual(
            lines,
            ["ID  NAME  DEVICE", " 1  li    phone", "20  世界", r" 3  a\tb  xxx"],
        )

    def test_spans_have_their_two_largest_units(self) -> None:
        for seconds, text in (
            (0, "0 s"), (0.9, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min 59 s"),
            (3600, "1 h"), (3660, "1 h 1 min"), (86_400 * 3 + 7200 + 59, "3 d 2 h"),
            (86_400, "1 d"), (86_400 * 3 + 59, "3 d"),
        ):  # fmt: skip
            self.assertEqual(span(seconds), text)

    def test_sizes(self) -> None:
        for number, text in (
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (123_456, "123 kB"), (5e9, "5.0 GB"),
            (5e16, "50000 TB"),
        ):  # fmt: skip
            self.assertEqual(size(number), text)

    def test_moments_and_counts(self) -> None:
        self.assertRegex(moment(1_795_376_712_007), r"^2026-11-2\d \d\d:\d\d:12$")
        self.assertEqual([count(n, "session") for n in (0, 1, 1200)],
                         ["0 sessions", "1 session", "1,200 sessions"])  # fmt: skip
