"""Transactions, as the rest of the store relies on them."""

from __future__ import annotations

from twisted.internet import reactor

from chatserver.errors import TryAgain
from chatserver.store.database import Database
from chatserver.store.engine import Cursor
from chatserver.store.engines import engine_of
from chatserver.store.errors import RowRefused
from tests.store.cases import StoreCase, error_of, together


class DatabaseTests(StoreCase):
    """One writer, several readers."""

    def setUp(self) -> None:
        super().setUp()
        self.database = Database(engine_of(self.url), reactor)
        self.addCleanup(self.database.close)

    async def test_what_fails_leaves_nothing(self) -> None:
        def insert_and_fail(cursor: Cursor, kind: type[Exception]) -> None:
            cursor.execute("INSERT INTO friends VALUES (1, 2)")
            raise kind("on purpose")

        for kind in (ValueError, KeyError):
            problem = await error_of(self.database.write(insert_and_fail, kind))
            self.assertIsInstance(problem, kind)
        self.assertEqual(self.rows("SELECT * FROM friends"), [])

    async def test_a_refused_row_leaves_nothing_of_its_transaction(self) -> None:
        def insert_twice(cursor: Cursor) -> None:
            cursor.execute("INSERT INTO friends VALUES (1, 2)")
            cursor.execute("INSERT INTO friends VALUES (1, 2)")

        self.assertIsInstance(await error_of(self.database.write(insert_twice)), RowRefused)
        self.assertEqual(self.rows("SELECT * FROM friends"), [])

    async def test_writes_run_in_the_order_given(self) -> None:
        order: list[int] = []

        def note(cursor: Cursor, at: int) -> int:
            order.append(at)
            return at

        results = await together(*(self.database.write(note, at) for at in range(100)))
        self.assertEqual((results, order), (list(range(100)), list(range(100))))

    async def test_a_mistake_in_the_program_is_not_called_an_outage(self) -> None:
        def wrong(cursor: Cursor) -> None:
            cursor.execute("SELECT ?", ())

        problem = await error_of(self.database.read(wrong))
        self.assertNotIsInstance(problem, TryAgain)

    async def test_a_database_that_vanished_is_an_outage(self) -> None:
        missing = Database(engine_of(f"sqlite:///{self.path.parent}/no folder/chat.db"), reactor)
        self.addCleanup(missing.close)

        def read(cursor: Cursor) -> None:
            cursor.execute("SELECT 1")

        for call in (missing.read(read), missing.write(read)):
            self.assertIsInstance(await error_of(call), TryAgain)

    async def test_what_is_committed_survives_a_power_cut(self) -> None:
        """As far as this can be told: each connection waits until the disk has it."""

        def synchronous(cursor: Cursor) -> int:
            cursor.execute("PRAGMA synchronous")
            return int(cursor.fetchone()[0])

        self.assertEqual(await self.database.write(synchronous), 2)
        self.assertEqual(self.rows("PRAGMA journal_mode"), [("wal",)])
