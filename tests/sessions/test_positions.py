"""Clients that acknowledge: what they say, and what it means."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from chatserver.sessions.positions import AckedPositions
from tests.wire.samples import property_of_many

DEVICE = 7


class AckedPositionsTests(SynchronousTestCase):
    """What was pushed has arrived when the client says so."""

    def setUp(self) -> None:
        self.reached: list[tuple[int, int]] = []
        self.positions = AckedPositions(DEVICE, self._note)

    def _note(self, device: int, conversation: int, seq: int) -> None:
        self.assertEqual(device, DEVICE)
        self.reached.append((conversation, seq))

    def _push(self, conversation: int, *seqs: int) -> None:
        for seq in seqs:
            self.positions.pushed(conversation, seq)

    def test_a_push_alone_reaches_nobody(self) -> None:
        self._push(4, 1, 2, 3)
        self.assertEqual(self.reached, [])

    def test_an_acknowledgement_counts_up_to_its_seq(self) -> None:
        self._push(4, 1, 2, 3)
        self.positions.acknowledged(4, 2)
        self.positions.acknowledged(4, 3)
        self.assertEqual(self.reached, [(4, 2), (4, 3)])

    def test_it_can_not_reach_beyond_the_last_push(self) -> None:
        self._push(4, 1, 2, 3)
        self.positions.acknowledged(4, 2**53 - 1)
        self.assertEqual(self.reached, [(4, 3)])
        self._push(4, 4)
        self.assertEqual(self.reached, [(4, 3)], "the one to come was not acknowledged")
        self.positions.acknowledged(4, 4)
        self.assertEqual(self.reached, [(4, 3), (4, 4)])

    def test_a_lower_or_equal_one_is_ignored(self) -> None:
        self._push(4, 1, 2, 3)
        self.positions.acknowledged(4, 2)
        for seq in (2, 1, 0):
            self.positions.acknowledged(4, seq)
        self.assertEqual(self.reached, [(4, 2)])

    def test_of_a_conversation_without_pushes_it_is_ignored(self) -> None:
        self._push(4, 1)
        self.positions.acknowledged(5, 1)
        self.assertEqual(self.reached, [])

    def test_nought_is_ignored(self) -> None:
        self._push(4, 1)
        self.positions.acknowledged(4, 0)
        self.assertEqual(self.reached, [])

    def test_conversations_are_apart(self) -> None:
        self._push(4, 1, 2)
        self._push(5, 7)
        self.positions.acknowledged(5, 7)
        self.positions.acknowledged(4, 1)
        self.assertEqual(self.reached, [(5, 7), (4, 1)])

    def test_ones_own_message_counts_at_once_where_nothing_is_outstanding(self) -> None:
        self.positions.passed(4, 1)
        self._push(4, 2)
        self.positions.acknowledged(4, 2)
        self.positions.passed(4, 3)
        self.assertEqual(self.reached, [(4, 1), (4, 2), (4, 3)])

    def test_behind_an_outstanding_push_it_counts_with_that(self) -> None:
        self._push(4, 1)
        self.positions.passed(4, 2)
        self.positions.passed(4, 3)
        self.assertEqual(self.reached, [])
        self.positions.acknowledged(4, 1)
        self.assertEqual(self.reached, [(4, 3)])

    def test_before_an_outstanding_push_it_counts_with_that(self) -> None:
        self._push(4, 1)
        self.positions.passed(4, 2)
        self._push(4, 3)
        self.positions.acknowledged(4, 1)
        self.assertEqual(self.reached, [(4, 1)])
        self.positions.acknowledged(4, 3)
        self.assertEqual(self.reached, [(4, 1), (4, 3)])

    def test_an_acknowledgement_of_ones_own_message_counts_for_what_was_pushed(self) -> None:
        self._push(4, 1)
        self.positions.passed(4, 2)
        self.positions.acknowledged(4, 2)
        self.assertEqual(self.reached, [(4, 2)])

    @property_of_many
    @given(st.lists(st.sampled_from(["push", "own"]) | st.integers(0, 12), max_size=40))
    def test_it_never_says_more_than_is_true_and_in_the_end_all_of_it(
        self, steps: list[str | int]
    ) -> None:
        reached = 0
        pushed: set[int] = set()
        acknowledged = last = 0

        def told(device: int, conversation: int, seq: int) -> None:
            nonlocal reached
            reached = max(reached, seq)
            not_arrived = {one for one in pushed if one > acknowledged}
            self.assertFalse([one for one in not_arrived if one <= seq])

        positions = AckedPositions(DEVICE, told)
        for step in steps:
            if isinstance(step, int):
                acknowledged = max(acknowledged, min(step, max(pushed, default=0)))
                positions.acknowledged(4, step)
                continue
            last += 1
            if step == "push":
                pushed.add(last)
                positions.pushed(4, last)
            else:
                positions.passed(4, last)
        acknowledged = last
        positions.acknowledged(4, last)
        self.assertEqual(reached, last)
