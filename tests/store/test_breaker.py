"""A database that hangs: one waits to find that out, and all others are told at once."""

from __future__ import annotations

import sqlite3
import time

from twisted.internet import reactor
from twisted.internet.task import deferLater

from chatserver.errors import TryAgain
from chatserver.store.database import _LONG, Database
from chatserver.store.engine import Cursor
from chatserver.store.errors import RowRefused
from chatserver.store.sqlite import SQLite
from tests.store.cases import StoreCase, error_of, together

OUT_OF_REACH = sqlite3.OperationalError("out of reach")


class Hanging(SQLite):
    """A database whose writers wait for a while, and then fail, as long as ``problem`` is set."""

    problem: Exception | None = None
    wait = _LONG + 0.1  # seconds
    begun = 0  # transactions that write

    def begin(self, cursor: Cursor) -> None:
        self.begun += 1
        problem = self.problem
        if problem is not None:
            time.sleep(self.wait)
            raise problem
        super().begin(cursor)


def nothing(cursor: Cursor) -> str:
    cursor.execute("SELECT 1")
    return "done"


class BreakerTests(StoreCase):
    timeout = 20

    def setUp(self) -> None:
        super().setUp()
        self.engine = Hanging(self.url)
        self.database = Database(self.engine, reactor)
        self.addCleanup(self.database.close)

    async def refusals(self, count: int) -> None:
        """So many writes, all of them refused."""
        for problem in await together(
            *(error_of(self.database.write(nothing)) for _ in range(count))
        ):
            assert isinstance(problem, TryAgain)
            self.assertEqual(problem.retry_after, 1.0)
            self.assertNotIn("out of reach", str(problem))

    async def works_again(self) -> None:
        """Wait until a write is not refused."""
        while True:
            try:
                await self.database.write(nothing)
            except TryAgain:
                await deferLater(reactor, 0.02)
            else:
                return

    async def test_who_is_queued_behind_the_one_that_waits_does_not_wait_too(self) -> None:
        self.engine.problem = OUT_OF_REACH
        await self.refusals(50)
        self.assertLessEqual(self.engine.begun, 2, "the one, and perhaps the first question")

    async def test_who_comes_while_it_hangs_is_told_at_once(self) -> None:
        self.engine.problem = OUT_OF_REACH
        await self.refusals(1)
        await self.refusals(50)
        self.assertLessEqual(self.engine.begun, 2)

    async def test_it_is_asked_until_it_answers_and_then_all_goes_on(self) -> None:
        told = self.listen()
        self.engine.problem = OUT_OF_REACH
        await self.refusals(1)
        while self.engine.begun < 4:
            await deferLater(reactor, 0.02)
        self.engine.problem = None
        await self.works_again()
        results = await together(*(self.database.write(nothing) for _ in range(50)))
        self.assertEqual(set(results), {"done"})
        self.assertEqual(len(told), 2, told)
        self.assertIn("out of reach", told[0])
        self.assertEqual(told[1], "the database works again")

    async def test_it_works_again_though_nobody_wants_anything(self) -> None:
        self.engine.problem = OUT_OF_REACH
        await self.refusals(1)
        self.engine.problem = None
        told = self.listen()
        while not told:
            await deferLater(reactor, 0.02)
        self.assertEqual(await self.database.write(nothing), "done")

    async def test_who_reads_goes_on_where_only_writers_hang(self) -> None:
        self.engine.problem = OUT_OF_REACH
        await self.refusals(1)
        self.assertEqual(await self.database.read(nothing), "done")

    async def test_who_reads_is_told_at_once_where_all_hang(self) -> None:
        self.engine.hangs_as_one = True
        self.engine.problem = OUT_OF_REACH
        await self.refusals(1)
        self.assertIsInstance(await error_of(self.database.read(nothing)), TryAgain)

    async def test_what_fails_fast_keeps_nobody_off(self) -> None:
        self.engine.wait = 0
        self.engine.problem = OUT_OF_REACH
        await self.refusals(5)
        self.assertEqual(self.engine.begun, 5)
        self.engine.problem = None
        self.assertEqual(await self.database.write(nothing), "done")

    async def test_a_refused_row_or_a_fault_keeps_nobody_off_however_long_it_took(self) -> None:
        for problem, becomes in (
            (sqlite3.IntegrityError("twice"), RowRefused),
            (ValueError("wrong"), ValueError),
        ):
            self.engine.problem = problem
            self.assertIsInstance(await error_of(self.database.write(nothing)), becomes)
            self.engine.problem = None
            self.assertEqual(await self.database.write(nothing), "done")

    async def test_it_may_be_closed_while_it_is_asked(self) -> None:
        self.engine.problem = OUT_OF_REACH
        await self.refusals(1)

    async def test_it_may_be_closed_between_two_questions(self) -> None:
        self.engine.problem = OUT_OF_REACH
        await self.refusals(1)
        self.engine.wait = 0
        begun = self.engine.begun
        while self.engine.begun < begun + 2:
            await deferLater(reactor, 0.02)
        await deferLater(reactor, 0.1)
