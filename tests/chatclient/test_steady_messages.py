"""What a steady client hands over, and when it acknowledges that."""

from __future__ import annotations

from typing import Any

from chatclient import Event, MemoryStore, StoreUnusable
from tests.chatclient.fake_server import push
from tests.chatclient.steady_case import SteadyCase


class NotingStore(MemoryStore):
    """One that tells when something is noted, and can't where it is full."""

    def __init__(self, order: list[Any]) -> None:
        super().__init__()
        self.order = order
        self.is_full = False

    def note(self, conv: int, seq: int) -> None:
        if self.is_full:
            raise StoreUnusable("no room")
        super().note(conv, seq)
        self.order.append(("noted", seq))


class MessageTests(SteadyCase):
    def setUp(self) -> None:
        super().setUp()
        self.order: list[Any] = []
        self.store = NotingStore(self.order)
        self.make(store=self.store, on_event=self.handle)
        self.log_in()

    def handle(self, event: Event) -> None:
        self.events.append(event)
        self.order.append(("handled", getattr(event, "seq", None)))

    def acks(self) -> list[int]:
        self.clock.advance(0.2)
        return [request["seq"] for request in self.requests() if request["msgid"] == 12]

    def test_handled_then_noted_then_acknowledged(self) -> None:
        self.receive(**push(1, "x"))
        self.assertEqual(self.order, [("handled", 1), ("noted", 1)])
        self.assertEqual(self.requests(), [])
        self.assertEqual(self.acks(), [1])

    def test_repeats_after_a_reconnect_are_acknowledged_only(self) -> None:
        for seq in (1, 2):
            self.receive(**push(seq, "x"))
        self.lose_and_come_back()
        for seq in (1, 2, 3):
            self.receive(**push(seq, "x"))
        self.assertEqual(self.seqs(), [1, 2, 3])
        self.assertEqual(self.acks(), [3])

    def test_repeats_after_a_restart_of_the_program_are_acknowledged_only(self) -> None:
        self.receive(**push(4, "x"))
        self.receive(**push(9, "x", conv=8))
        self.make(store=self.store, on_event=self.handle)
        self.log_in()
        for seq in (3, 4, 5):
            self.receive(**push(seq, "x"))
        self.assertEqual(self.seqs(), [4, 9, 5])
        self.assertEqual(self.acks(), [5])
        self.assertEqual(self.store.positions(), {7: 5, 8: 9})

    def test_what_the_application_refuses_comes_again(self) -> None:
        def refuse(event: Event) -> None:
            raise ZeroDivisionError

        self.make(store=self.store, on_event=refuse)
        self.log_in()
        self.receive(**push(1, "x"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual((self.acks(), self.store.positions()), ([], {}))
        self.make(store=self.store, on_event=self.handle)
        self.log_in()
        self.receive(**push(1, "x"))
        self.assertEqual((self.seqs(), self.acks()), ([1], [1]))

    def test_what_can_t_be_noted_is_not_acknowledged_nor_handed_over_twice(self) -> None:
        self.store.is_full = True
        self.receive(**push(1, "x"))
        self.assertEqual(len(self.flushLoggedErrors(StoreUnusable)), 1)
        self.assertEqual(self.acks(), [])
        self.store.is_full = False
        self.lose_and_come_back()
        self.receive(**push(1, "x"))
        self.assertEqual((self.seqs(), self.acks()), ([1], [1]))
        self.assertEqual(self.store.positions(), {7: 1})

    def test_other_events_are_passed_on_and_goodbyes_are_not(self) -> None:
        self.receive(msgid=16, id=15, state="online")
        self.receive(msgid=18, id=15, toid=13, data={})
        self.receive(msgid=11, re=18, errno=107, errmsg="no")
        self.receive(msgid=17, reason="idle")
        self.assertEqual(
            [type(event).__name__ for event in self.events],
            ["PresencePush", "SignalPush", "Reply"],
        )
