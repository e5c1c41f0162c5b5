"""The line that tells how far long work has come."""

from __future__ import annotations

from io import StringIO

from twisted.trial.unittest import SynchronousTestCase

from chatserver.admin.progress import Progress


class Screen(StringIO):
    """What is written to a terminal, or to something that is none."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def lines(self) -> list[str]:
        """What could be read one after the other."""
        return [line for line in self.getvalue().split("\r\x1b[K") if line]


class ProgressTests(SynchronousTestCase):
    """Progress."""

    def setUp(self) -> None:
        self.now = 100.0
        self.screen = Screen(is_terminal=True)

    def progress(self, total: int | None = None) -> Progress:
        return Progress("importing", total, to=self.screen, clock=lambda: self.now)

    def test_it_tells_how_much_of_how_much_how_fast_and_how_long_yet(self) -> None:
        with self.progress(12_000) as progress:
            self.now += 2
            progress.advance(3000)
        self.assertEqual(
            self.screen.lines(), ["importing: 3,000 of 12,000 (25 %), 1,500/s, 6 s left"]
        )

    def test_without_a_total_it_tells_no_share(self) -> None:
        with self.progress() as progress:
            self.now += 1
            progress.advance()
        self.assertEqual(self.screen.lines(), ["importing: 1, 1/s"])

    def test_it_does_not_flicker(self) -> None:
        with self.progress(1000) as progress:
            for _ in range(1000):
                self.now += 0.001
                progress.advance()
        self.assertLess(len(self.screen.lines()), 11)

    def test_the_line_vanishes_at_the_end(self) -> None:
        with self.progress(2) as progress:
            self.now += 1
            progress.advance()
        self.assertTrue(self.screen.getvalue().endswith("\r\x1b[K"))

    def test_where_nobody_looks_it_is_silent(self) -> None:
        self.screen = Screen(is_terminal=False)
        with self.progress(2) as progress:
            self.now += 1
            progress.advance()
        self.assertEqual(self.screen.getvalue(), "")
