"""A timeline has no holes, whatever comes in whichever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from chatclient.conversations.timeline import Message, Timeline


def message(seq: int, cid: str | None = None) -> Message:
    return Message(seq, 15, "li si", f"text {seq}", "", cid)


def messages(*seqs: int) -> list[Message]:
    return [message(seq) for seq in seqs]


def seqs(timeline: Timeline) -> list[int]:
    return [each.seq for each in timeline.messages]


class TimelineTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.timeline = Timeline()

    def add(self, *numbers: int) -> None:
        for seq in numbers:
            self.timeline.add(message(seq))

    def test_begins_anywhere(self) -> None:
        self.assertEqual((self.timeline.first, self.timeline.last), (0, 0))
        self.add(5, 6)
        self.assertEqual((self.timeline.first, self.timeline.last), (5, 6))
        self.assertFalse(self.timeline.is_complete)

    def test_the_first_message_is_the_first(self) -> None:
        self.add(1)
        self.assertTrue(self.timeline.is_complete)

    def test_repeats_change_nothing(self) -> None:
        self.add(5, 6, 5, 4, 6)
        self.assertEqual(seqs(self.timeline), [5, 6])

    def test_what_is_early_waits(self) -> None:
        self.add(5, 8, 7)
        self.assertEqual(seqs(self.timeline), [5])
        self.assertTrue(self.timeline.has_hole)
        self.add(6)
        self.assertEqual(seqs(self.timeline), [5, 6, 7, 8])
        self.assertFalse(self.timeline.has_hole)

    def test_what_does_not_exist_is_not_waited_for(self) -> None:
        self.add(5, 8, 7)
        self.timeline.give_up_waiting()
        self.assertEqual(seqs(self.timeline), [5, 7, 8])

    def test_the_newest_fill_a_hole(self) -> None:
        self.add(5, 8)
        self.timeline.add_newest(messages(4, 5, 6, 7, 8, 9), is_all=False)
        self.assertEqual(seqs(self.timeline), [4, 5, 6, 7, 8, 9])
        self.assertFalse(self.timeline.has_hole)

    def test_the_newest_replace_what_they_don_t_touch(self) -> None:
        self.add(5, 60)
        self.timeline.add_newest(messages(58, 59, 60), is_all=False)
        self.assertEqual(seqs(self.timeline), [58, 59, 60])
        self.assertFalse(self.timeline.has_hole)

    def test_the_newest_were_overtaken(self) -> None:
        self.add(9, 10)
        self.timeline.add_newest(messages(5, 6), is_all=True)
        self.assertEqual(seqs(self.timeline), [9, 10])
        self.timeline.add_newest(messages(7, 8), is_all=True)
        self.assertEqual(seqs(self.timeline), [7, 8, 9, 10])
        self.assertTrue(self.timeline.is_complete)

    def test_an_empty_page_means_that_there_is_nothing(self) -> None:
        self.timeline.add_newest([], is_all=True)
        self.assertTrue(self.timeline.is_complete)

    def test_older_ones_come_before(self) -> None:
        self.add(5)
        self.timeline.add_older(messages(3, 4, 5), is_all=True)
        self.assertEqual(seqs(self.timeline), [3, 4, 5])
        self.assertTrue(self.timeline.is_complete)

    def test_only_the_newest_are_kept(self) -> None:
        self.timeline.add_newest(messages(1, 2, 3, 4), is_all=True)
        self.timeline.shorten(2)
        self.assertEqual(seqs(self.timeline), [3, 4])
        self.assertFalse(self.timeline.is_complete)

    def test_knows_what_was_sent_from_here(self) -> None:
        self.timeline.add(message(1, "a"))
        self.assertTrue(self.timeline.has("a"))
        self.assertFalse(self.timeline.has("b"))

    @given(
        st.lists(st.one_of(st.integers(1, 12), st.tuples(st.integers(1, 12), st.integers(1, 12))))
    )
    def test_never_a_hole(self, steps: list[int | tuple[int, int]]) -> None:
        timeline = Timeline()
        for step in steps:
            if isinstance(step, int):
                timeline.add(message(step))
            else:
                page = messages(*range(min(step), max(step) + 1))
                timeline.add_newest(page, is_all=page[0].seq == 1)
            self.assertEqual(
                seqs(timeline),
                list(range(timeline.first, timeline.last + 1))[: len(seqs(timeline))],
            )
