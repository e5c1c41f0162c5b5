"""The checker by itself, on histories made by hand: one that is well, and what breaks it."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace
from twisted.trial.unittest import TestCase

from chatserver.wire.times import utc_text
from tests.faults import events
from tests.faults.checker import check
from tests.faults.events import Event
from tests.faults.history import History, load
from tests.faults.measures import measure
from tests.support.folders import temporary_folder

SENDER, READER, OTHER = "1/phone", "2/phone", "3/phone"
GROUP = 7


def time_of(seq: int) -> str:
    return utc_text(seq * 1000)


def sent(
    seq: int, *, conv: int = 5, toid: int | None = None, group: int | None = None
) -> list[Event]:
    """A text that the sender sent, and that was acknowledged and stored."""
    text, cid = f"text {conv} {seq}", f"{conv} {seq}"
    at = float(seq)
    return [
        events.Given(at, SENDER, cid, text, toid, group),
        events.Wrote(at, SENDER, 1, 5, cid),
        events.Answered(at + 0.1, SENDER, cid, conv, seq, time_of(seq), visit=1),
        events.Stored(99, conv, seq, 1, "=" + cid, text, seq * 1000),
    ]


def pushed(device: str, visit: int, seq: int, *, at: float, conv: int = 5) -> events.Pushed:
    return events.Pushed(at, device, visit, conv, seq, 1, f"text {conv} {seq}", time_of(seq))


def entered(device: str, visit: int, at: float, *, role: str) -> list[Event]:
    return [
        events.Knocked(at, device, visit, 0),
        events.Entered(at + 0.1, device, visit, 0, [], {GROUP: role}),
    ]


class CheckerTests(TestCase):
    """Three chats from 1 to 2, one to a group of 1 and 2, and a reconnect of 2 in between."""

    def setUp(self) -> None:
        self.history: list[Event] = [
            events.Joined(0, 1, GROUP, "creator"),
            events.Joined(0, 2, GROUP, "normal"),
            events.Befriended(0, 2, 1),
            *entered(SENDER, 1, 0, role="creator"),
            *entered(READER, 2, -1, role="normal"),
            *(event for seq in (1, 2, 3) for event in sent(seq, toid=2)),
            *sent(1, conv=6, group=GROUP),
            pushed(READER, 2, 1, at=1.2),
            pushed(READER, 2, 1, at=1.3, conv=6),
            pushed(READER, 2, 2, at=2.2),
            events.Acked(2.3, READER, 2, 5, 1),
            events.Left(2.4, READER, 2),
            pushed(READER, 3, 2, at=3.2),
            pushed(READER, 3, 3, at=3.3),
            events.Settled(9, True),
            events.Member(99, 5, 1, 0, "normal"),
            events.Member(99, 5, 2, 0, "normal"),
            events.Member(99, 6, 1, 0, "creator", GROUP),
            events.Member(99, 6, 2, 0, "normal", GROUP),
            events.Friend(99, 2, 1),
        ]

    def assert_breaks(self, *rules: str) -> None:
        self.assertEqual({violation.rule for violation in check(self.history)}, set(rules))

    def change(self, index: int, kind: type[Event], **fields: object) -> None:
        """Give the index-th event of a kind other values."""
        places = [at for at, event in enumerate(self.history) if type(event) is kind]
        at = places[index]
        self.history[at] = replace(self.history[at], **fields)

    def drop(self, index: int, kind: type[Event]) -> None:
        del self.history[[type(event) for event in self.history].index(kind) + index]

    def test_a_kept_promise(self) -> None:
        self.assert_breaks()

    def test_what_never_comes_to_rest(self) -> None:
        self.change(0, events.Settled, is_quiet=False)
        self.assert_breaks("settles")

    def test_an_acknowledged_chat_that_is_gone(self) -> None:
        self.history = [
            event
            for event in self.history
            if not (isinstance(event, events.Stored) and (event.conv, event.seq) == (5, 3))
        ]
        self.assert_breaks("acknowledged is stored", "pushed is stored")

    def test_an_acknowledged_chat_in_the_place_of_another(self) -> None:
        self.change(1, events.Answered, seq=3)
        self.assert_breaks("acknowledged is stored", "one name, one text", "keeps order")

    def test_a_hole_in_the_log(self) -> None:
        self.change(2, events.Stored, seq=4)
        self.change(2, events.Answered, seq=4)
        self.change(-1, events.Pushed, seq=4)
        self.assert_breaks("no holes")

    def test_a_text_that_is_stored_twice(self) -> None:
        self.history.append(events.Stored(99, 5, 4, 1, "=x", "text 5 1", 4000))
        self.history.append(pushed(READER, 3, 4, at=3.4))
        self.change(-1, events.Pushed, text="text 5 1", time=time_of(4))
        self.assert_breaks("stored once")

    def test_a_text_that_nobody_sent(self) -> None:
        self.history.append(events.Stored(99, 5, 4, 1, "=x", "hm", 4000))
        self.history.append(pushed(READER, 3, 4, at=3.4))
        self.change(-1, events.Pushed, text="hm")
        self.history.append(pushed(SENDER, 1, 4, at=3.4))
        self.change(-1, events.Pushed, text="hm")
        self.assert_breaks("stored once", "only theirs")

    def test_a_text_under_another_name(self) -> None:
        self.change(0, events.Stored, sender=2)
        self.assert_breaks("stored once", "right conversation")

    def test_a_push_of_another_text(self) -> None:
        self.change(0, events.Pushed, text="text 5 3")
        self.assert_breaks("one name, one text")

    def test_a_push_with_another_time(self) -> None:
        self.change(0, events.Pushed, time=time_of(2))
        self.assert_breaks("one name, one text")

    def test_a_history_with_another_text(self) -> None:
        self.history.append(
            events.Looked(4, READER, 5, [events.Line(1, 1, "text 5 2", time_of(1))])
        )
        self.assert_breaks("one name, one text")

    def test_a_push_of_what_is_not_stored(self) -> None:
        self.history.append(events.Given(4, SENDER, "4", "text 5 4", toid=2))
        self.history.append(pushed(READER, 3, 4, at=4))
        self.assert_breaks("pushed is stored")

    def test_pushes_out_of_order(self) -> None:
        self.change(-1, events.Pushed, seq=2, text="text 5 2", time=time_of(2))
        self.change(-2, events.Pushed, seq=3, text="text 5 3", time=time_of(3))
        self.assert_breaks("in order", "begins where it was")

    def test_a_push_that_comes_twice_on_one_connection(self) -> None:
        self.history.append(pushed(READER, 3, 3, at=3.4))
        self.assert_breaks("in order")

    def test_a_hole_on_one_connection(self) -> None:
        self.change(0, events.Acked, seq=0)
        self.change(-2, events.Pushed, seq=1, text="text 5 1", time=time_of(1))
        self.assert_breaks("in order")

    def test_a_connection_that_begins_behind_what_was_not_acknowledged(self) -> None:
        self.change(0, events.Acked, seq=0)
        self.assert_breaks("begins where it was")

    def test_a_message_that_never_came(self) -> None:
        self.history.append(events.Entered(0.5, "2/pad", 9, 0, [1], {GROUP: "normal"}))
        self.history.append(events.Knocked(-1, "2/pad", 9, 0))
        self.assert_breaks("reached all")

    def test_a_message_that_a_program_never_got(self) -> None:
        self.history.append(events.Started(0, "2/program"))
        self.history.append(events.Handed(5, "2/program", 5, 1, "text 5 1"))
        self.assert_breaks("reached all")

    def test_the_senders_other_device_gets_it_too(self) -> None:
        self.history += [*entered("1/pad", 9, 0.5, role="creator")]
        self.assert_breaks("reached all")

    def test_the_library_hands_over_once_in_order_and_what_is_there(self) -> None:
        self.history.append(events.Started(0, READER))
        for seq in (1, 2, 3):
            self.history.append(events.Handed(5, READER, 5, seq, f"text 5 {seq}"))
        self.assert_breaks()
        self.history.append(events.Handed(5, READER, 5, 2, "text 5 2"))
        self.assert_breaks("handed over once")
        self.history[-1] = events.Handed(5, READER, 5, 4, "text 5 1")
        self.assert_breaks("handed over once")

    def test_sends_that_change_places(self) -> None:
        self.change(0, events.Answered, seq=2, time=time_of(2))
        self.change(1, events.Answered, seq=1, time=time_of(1))
        self.change(0, events.Stored, text="text 5 2")
        self.change(1, events.Stored, text="text 5 1")
        for index in (0, 2, 3):
            push = [event for event in self.history if isinstance(event, events.Pushed)][index]
            self.change(index, events.Pushed, text=f"text 5 {3 - push.seq}")
        self.assert_breaks("keeps order")

    def test_refused_and_repeated_sends_may_change_places(self) -> None:
        self.test_sends_that_change_places()
        self.history.append(events.Refused(1, SENDER, 1, 5, 110, 1, "5 1"))
        self.assert_breaks()
        self.change(0, events.Given, is_orderly=True)
        self.change(1, events.Given, is_orderly=True)
        self.assert_breaks("keeps order")

    def test_a_chat_that_somebody_else_gets(self) -> None:
        self.history.append(pushed(OTHER, 4, 1, at=2))
        self.assert_breaks("only theirs")

    def test_a_group_that_somebody_else_reads(self) -> None:
        line = events.Line(1, 1, "text 6 1", time_of(1))
        self.history.append(events.Looked(4, OTHER, 6, [line]))
        self.assert_breaks("only theirs")

    def test_what_was_stored_before_one_joined(self) -> None:
        self.history.append(events.Wanted(4, 3, GROUP))
        self.history.append(pushed(OTHER, 4, 1, at=5, conv=6))
        self.assert_breaks("only theirs")

    def test_a_chat_in_the_wrong_conversation(self) -> None:
        self.change(-2, events.Member, conv=9)
        self.change(-1, events.Member, conv=9)
        self.assert_breaks("right conversation")

    def test_a_pair_with_a_third(self) -> None:
        self.history.append(events.Member(99, 5, 3, 0, "normal"))
        self.assert_breaks("right conversation")

    def test_a_friend_that_is_forgotten(self) -> None:
        self.change(0, events.Friend, friend=3)
        self.assert_breaks("answered state stays")

    def test_a_role_that_is_lost(self) -> None:
        self.change(-2, events.Member, role="normal")
        self.assert_breaks("answered state stays")

    def test_a_login_that_is_not_told_of_a_friend_and_a_group(self) -> None:
        self.history += [events.Knocked(4, READER, 4, 0)]
        self.history += [events.Entered(4.1, READER, 4, 0, [], {GROUP: "normal"})]
        self.assert_breaks("answered state stays")
        self.history[-1] = events.Entered(4.1, READER, 4, 0, [1], {})
        self.assert_breaks("answered state stays")
        self.history[-1] = events.Entered(4.1, READER, 4, 0, [1], {GROUP: "normal"})
        self.assert_breaks()

    def test_what_no_server_should_send(self) -> None:
        self.history.append(events.Odd(4, READER, "hm"))
        self.assert_breaks("nothing odd")

    def test_a_history_comes_back_from_its_file_as_it_was(self) -> None:
        file = temporary_folder(self) / "history.jsonl"
        history = History(file)
        for event in self.history:
            history.note(event)
        history.close()
        self.assertEqual(list(load(Path(file))), self.history)

    def test_its_figures(self) -> None:
        self.history.append(events.Fault(1.5, "cut"))
        self.history.append(events.Fault(2.5, "cut", is_over=True))
        measures = measure(self.history)
        self.assertEqual((measures.sent, measures.acknowledged, measures.pushed), (4, 4, 5))
        self.assertEqual(measures.repeats, 0, "2 was not acknowledged before it came again")
        self.assertAlmostEqual(measures.answering.median, 0.1)
        self.assertAlmostEqual(measures.delivering.longest, 0.2)
        effect = measures.effects["cut"]
        self.assertEqual(effect.times, 1)
        self.assertAlmostEqual(effect.back, 0.6)
        self.assertAlmostEqual(effect.delivering, 0.1)
        self.change(0, events.Acked, seq=2)
        self.assertEqual(measure(self.history).repeats, 1)
