"""Which orders a node carries out, and how it answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from chatserver.errors import TryAgain
from chatserver.operations.orders import OrderBook
from chatserver.orders import (
    Answer,
    Kick,
    Kicked,
    ListSessions,
    NotDone,
    Sessions,
    TellState,
    decode_answer,
    encode,
)
from chatserver.spawn import spawn
from chatserver.store.orders import OrderRow


class FakeStore:
    """Orders in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, OrderRow] = {}
        self.written: list[tuple[str, int, bool, Answer]] = []
        self.is_away = self.is_going_away = False
        self.is_claimed_by_another = False

    def place(self, id: str, body: str, *, is_for_one: bool = False) -> None:
        self.rows[id] = OrderRow(id, body, is_for_one)

    async def ids(self) -> set[str]:
        if self.is_away:
            raise TryAgain
        return set(self.rows)

    async def read(self, ids: Collection[str]) -> list[OrderRow]:
        if self.is_going_away:
            raise TryAgain
        return [self.rows[id] for id in sorted(ids)]

    async def claim(self, id: str) -> bool:
        return not self.is_claimed_by_another

    async def answer(self, id: str, part: int, body: str, *, is_last: bool) -> bool:
        if id in self.rows:
            self.written.append((id, part, is_last, decode_answer(body)))
        return id in self.rows

    async def delete(self, ids: Collection[str]) -> None:
        for id in ids:
            del self.rows[id]


KICK = encode(Kick(account=7, seconds=1.0))


class OrderBookTests(TestCase):
    """OrderBook."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = FakeStore()
        store: Any = self.store
        self.carried_out: list[Any] = []
        self.caught_up = 0
        self.wait: Deferred[None] | None = None
        carriers: Any = {Kick: self.kick, ListSessions: self.sessions, TellState: self.fail_at_it}
        self.book = OrderBook(store, carriers, self.catch_up, "here", self.clock)

    async def catch_up(self) -> None:
        self.caught_up += 1

    async def kick(self, order: Kick) -> AsyncGenerator[Answer, None]:
        self.carried_out.append(order)
        yield Kicked(server="here", sessions=1)

    async def sessions(self, order: ListSessions) -> AsyncGenerator[Answer, None]:
        for number in range(4):
            self.carried_out.append(number)
            yield Sessions(server=f"{number}", sessions=[])
            if self.wait is not None:
                await self.wait

    async def fail_at_it(self, order: TellState) -> AsyncGenerator[Answer, None]:
        yield Kicked(server="here", sessions=1)
        raise ValueError("a fault")

    def look(self, after: float = 1.0) -> None:
        """Look after so many seconds."""
        self.clock.advance(after)
        spawn(self.book.look(), "looking")

    def test_what_is_placed_while_it_runs_is_carried_out_once(self) -> None:
        self.look()
        self.store.place("a", KICK)
        self.look()
        self.look()
        self.assertEqual(self.carried_out, [Kick(account=7, seconds=1.0)])
        self.assertEqual(self.store.written, [("a", 0, True, Kicked(server="here", sessions=1))])

    def test_what_was_there_before_is_left_alone(self) -> None:
        self.store.place("a", KICK)
        self.look()
        self.look()
        self.assertEqual(self.carried_out, [])
        self.assertEqual(self.caught_up, 0)

    def test_what_was_placed_while_the_database_was_long_away_is_left_alone(self) -> None:
        self.look()
        self.store.is_away = True
        self.store.place("a", KICK)
        for _ in range(20):
            self.look()
        self.store.is_away = False
        self.look()
        self.assertEqual(self.carried_out, [])
        self.assertEqual(self.caught_up, 1)
        self.store.place("b", KICK)
        self.look()
        self.assertEqual(len(self.carried_out), 1)
        self.assertEqual(self.caught_up, 1)

    def test_what_could_not_be_read_at_once_is_carried_out_later(self) -> None:
        self.look()
        self.store.place("a", KICK)
        self.store.is_going_away = True
        self.look()
        self.store.is_going_away = False
        self.look()
        self.assertEqual(len(self.carried_out), 1)

    def test_what_was_placed_while_it_stood_still_itself_is_left_alone(self) -> None:
        self.look()
        self.store.place("a", KICK)
        self.look(after=60)
        self.assertEqual(self.carried_out, [])

    def test_after_an_order_it_looks_more_often_for_a_while(self) -> None:
        self.look()
        self.store.place("a", KICK)
        self.look(after=0.2)
        self.assertEqual(len(self.carried_out), 0)
        self.look()
        self.store.place("b", KICK)
        self.look(after=0.2)
        self.assertEqual(len(self.carried_out), 2)

    def test_a_stop_ends_what_is_under_way(self) -> None:
        self.look()
        self.wait = Deferred()
        self.store.place("a", encode(ListSessions()))
        self.look()
        self.book.stop()
        self.assertEqual(self.carried_out, [0])
        self.assertEqual(self.store.written, [])

    def test_who_does_not_get_a_claim_does_nothing(self) -> None:
        self.look()
        self.store.is_claimed_by_another = True
        self.store.place("a", KICK, is_for_one=True)
        self.look()
        self.assertEqual(self.carried_out, [])

    def test_only_the_last_part_is_marked_as_such(self) -> None:
        self.look()
        self.store.place("a", encode(ListSessions()))
        self.look()
        parts = [(part, is_last, answer.server) for _, part, is_last, answer in self.store.written]
        self.assertEqual(parts, [(0, False, "0"), (1, False, "1"), (2, False, "2"), (3, True, "3")])

    def test_when_nobody_waits_for_the_answer_it_stops(self) -> None:
        self.look()
        self.wait = Deferred()
        self.store.place("a", encode(ListSessions()))
        self.look()
        del self.store.rows["a"]
        self.wait.callback(None)
        self.assertEqual(self.carried_out, [0, 1])

    def test_an_order_of_a_newer_version_is_answered(self) -> None:
        self.look()
        for body in ('{"order":"dance"}', '{"order":"kick"}', "rubbish"):
            self.store.place(body, body)
        self.look()
        answers = [answer for *_, answer in self.store.written]
        self.assertEqual([type(answer) for answer in answers], [NotDone] * 3)
        assert isinstance(answers[0], NotDone)
        self.assertIn("version", answers[0].why)

    def test_a_fault_is_logged_and_told_as_one(self) -> None:
        self.look()
        self.store.place("a", encode(TellState()))
        self.look()
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        [first, last] = self.store.written
        self.assertEqual(first[1:3], (0, False))
        self.assertEqual(last[1:3], (1, True))
        assert isinstance(last[3], NotDone)
        self.assertIn("log", last[3].why)

    def test_what_somebody_left_is_deleted_in_the_end(self) -> None:
        self.store.place("a", KICK)
        for _ in range(100):
            self.look(after=5)
        self.assertIn("a", self.store.rows)
        for _ in range(10):
            self.look(after=60)
        self.assertEqual(self.store.rows, {})
