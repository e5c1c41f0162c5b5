"""When memory is given back."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatserver.memory import Memory, tidy


class MemoryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.here = self.gone = self.tidied = 0
        self.memory = Memory(lambda: self.here, lambda: self.gone, self._tidy)

    def _tidy(self) -> None:
        self.tidied += 1

    def look(self, *, here: int, gone: int) -> int:
        """What is done when so many are here, and so many have gone."""
        before = self.tidied
        self.here, self.gone = here, gone
        self.memory.look()
        return self.tidied - before

    def test_it_is_when_a_crowd_has_gone(self) -> None:
        self.assertEqual(self.look(here=0, gone=499), 0)
        self.assertEqual(self.look(here=0, gone=500), 1)

    def test_it_is_once_for_each_crowd(self) -> None:
        self.assertEqual([self.look(here=0, gone=n) for n in (700, 700, 1199, 1200)], [1, 0, 0, 1])

    def test_the_more_are_still_here_the_more_must_have_gone(self) -> None:
        self.assertEqual(self.look(here=2000, gone=1999), 0)
        self.assertEqual(self.look(here=1999, gone=1999), 1)

    def test_tidying_can_be_done_at_any_time(self) -> None:
        tidy()
