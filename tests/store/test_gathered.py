"""Questions that are answered together."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from chatserver.errors import TryAgain
from chatserver.store.gathered import GatheredReads


class GatheredReadsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.reads: list[tuple[list[int], Deferred[list[str]]]] = []
        self.questions: GatheredReads[int, str] = GatheredReads(self.clock, self.read, 3)

    async def read(self, keys: list[int]) -> Sequence[str]:
        answered: Deferred[list[str]] = Deferred()
        self.reads.append((keys, answered))
        return await answered

    def ask(self, *keys: int) -> list[Deferred[str]]:
        """Ask in one turn of the reactor."""
        answers = [self.questions.ask(key) for key in keys]
        self.clock.advance(0)
        return answers

    def answer(self, at: int) -> None:
        keys, answered = self.reads[at]
        answered.callback([f"answer {key}" for key in keys])

    def keys(self) -> list[list[int]]:
        return [keys for keys, _ in self.reads]

    def test_what_is_asked_in_one_turn_is_read_together(self) -> None:
        answers = self.ask(1, 2)
        self.assertEqual(self.keys(), [[1, 2]])
        self.answer(0)
        self.assertEqual([self.successResultOf(each) for each in answers], ["answer 1", "answer 2"])

    def test_a_read_begins_after_its_questions(self) -> None:
        """One that is under way may have read already what is asked about now."""
        self.ask(1)
        self.ask(2)
        self.assertEqual(self.keys(), [[1], [2]])

    def test_what_is_asked_while_two_read_waits_for_one_of_them(self) -> None:
        self.ask(1)
        self.ask(2)
        third, fourth = self.ask(3, 4)
        self.assertEqual(self.keys(), [[1], [2]])
        self.answer(1)
        self.assertEqual(self.keys(), [[1], [2], [3, 4]])
        self.answer(2)
        self.assertEqual(self.successResultOf(third), "answer 3")
        self.assertEqual(self.successResultOf(fourth), "answer 4")

    def test_a_slow_read_holds_no_others_up(self) -> None:
        slow, *_ = self.ask(1)
        for key in range(2, 9):
            (quick,) = self.ask(key)
            self.answer(-1)
            self.successResultOf(quick)
        self.assertNoResult(slow)

    def test_no_more_than_that_go_into_one_read(self) -> None:
        self.ask(1, 2, 3, 4, 5, 6, 7)
        self.assertEqual(self.keys(), [[1, 2, 3], [4, 5, 6]])
        self.answer(0)
        self.assertEqual(self.keys(), [[1, 2, 3], [4, 5, 6], [7]])

    def test_answers_that_cost_much_are_handed_out_in_several_turns(self) -> None:
        told: list[str] = []

        def take_long(answer: str) -> None:
            told.append(answer)
            self.clock.rightNow += 0.03

        for answered in self.ask(1, 2, 3):
            answered.addCallback(take_long)
        self.answer(0)
        self.assertEqual(told, ["answer 1"])
        self.clock.advance(0)
        self.assertEqual(told, ["answer 1", "answer 2", "answer 3"])

    def test_a_failure_is_everybodys_and_the_next_read_is_tried(self) -> None:
        answers = self.ask(1, 2)
        self.reads[0][1].errback(TryAgain())
        for answered in answers:
            self.failureResultOf(answered, TryAgain)
        (answered,) = self.ask(3)
        self.answer(1)
        self.assertEqual(self.successResultOf(answered), "answer 3")
