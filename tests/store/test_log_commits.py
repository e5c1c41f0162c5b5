"""Group commit: many messages in one transaction, none without one."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor

from chatserver.store.conversations import Conversations
from chatserver.store.database import Database
from chatserver.store.engine import Engine
from chatserver.store.engines import engine_of
from chatserver.store.log import MessageLog
from chatserver.store.messages import Stored
from tests.store.cases import StoreCase, all_of, append, append_all


class CountingDatabase(Database):
    """Counts transactions that write."""

    def __init__(self, engine: Engine, reactor: Any) -> None:
        super().__init__(engine, reactor)
        self.writes = 0

    async def write(self, interaction: Any, *args: Any, **kwargs: Any) -> Any:
        self.writes += 1
        return await super().write(interaction, *args, **kwargs)


class CountedCase(StoreCase):
    """A log whose transactions are counted."""

    def setUp(self) -> None:
        super().setUp()
        self.counting = CountingDatabase(engine_of(self.url), reactor)
        self.addCleanup(self.counting.close)
        self.log = MessageLog(self.counting, Conversations(self.counting), reactor, 50_000, 10**9)


class GroupCommitTests(CountedCase):
    """One transaction takes all that is pending."""

    async def test_what_comes_in_one_turn_shares_a_commit(self) -> None:
        one, two = await self.accounts(2)
        await all_of(append(self.log, self.draft(one, (one, two))) for _ in range(1000))
        self.assertEqual(self.counting.writes, 1)

    async def test_what_comes_during_a_commit_shares_the_next(self) -> None:
        one, two = await self.accounts(2)
        waiting = [append(self.log, self.draft(one, (one, two)))]
        waiting[0].addCallback(self._append_more, one, two, waiting)
        stored = await waiting[0]
        rest = await all_of(waiting[1:])
        self.assertEqual((stored.seq, [each.seq for each in rest]), (1, list(range(2, 502))))
        self.assertEqual(self.counting.writes, 2)

    def _append_more(self, stored: Stored, one: int, two: int, waiting: list[Any]) -> Stored:
        waiting += [append(self.log, self.draft(one, (one, two))) for _ in range(500)]
        return stored

    async def test_a_transaction_takes_four_thousand_at_most(self) -> None:
        one, two = await self.accounts(2)
        stored = await all_of(append(self.log, self.draft(one, (one, two))) for _ in range(9000))
        self.assertEqual(self.counting.writes, 3)
        self.assertEqual([each.seq for each in stored], list(range(1, 9001)))

    async def test_the_next_batch_is_on_its_way_when_one_is_answered(self) -> None:
        one, two = await self.accounts(2)
        sends = [append(self.log, self.draft(one, (one, two))) for _ in range(4001)]
        begun: list[int] = []
        sends[0].addCallback(lambda _: begun.append(self.counting.writes))
        await all_of(sends)
        self.assertEqual(begun, [2])

    async def test_a_lone_message_does_not_wait_for_others(self) -> None:
        one, two = await self.accounts(2)
        for seq in range(1, 4):
            stored = await append(self.log, self.draft(one, (one, two)))
            self.assertEqual(stored.seq, seq)
        self.assertEqual(self.counting.writes, 3)

    async def test_a_repeat_costs_its_batch_one_more_transaction(self) -> None:
        """Not one for each message."""
        one, two = await self.accounts(2)
        await append(self.log, self.draft(one, (one, two), "hi", cid="c"))
        before = self.counting.writes
        drafts = [self.draft(one, (one, two)) for _ in range(500)]
        drafts.append(self.draft(one, (one, two), "hi", cid="c"))
        stored = await append_all(self.log, drafts)
        self.assertEqual(self.counting.writes - before, 2)
        self.assertEqual([each.seq for each in stored], [*range(2, 502), 1])


class OtherWriterTests(CountedCase):
    """Where no row is locked, the unique key tells that another process has written."""

    async def test_another_writer_costs_a_batch_one_more_transaction(self) -> None:
        one, two = await self.accounts(2)
        await append(self.log, self.draft(one, (one, two)))
        await self.send(two, (one, two))  # through the other store
        before = self.counting.writes
        stored = await all_of(append(self.log, self.draft(one, (one, two))) for _ in range(100))
        self.assertEqual([each.seq for each in stored], list(range(3, 103)))
        self.assertEqual(self.counting.writes - before, 2)
        await append(self.log, self.draft(one, (one, two)))
        self.assertEqual(self.counting.writes - before, 3, "it has learnt the new seq")
