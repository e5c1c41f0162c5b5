"""How far devices have come: noted at once, written behind."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.internet.defer import Deferred

from chatserver.errors import TryAgain
from chatserver.store.cursors import Cursors
from chatserver.store.database import Database
from chatserver.store.engine import Cursor
from chatserver.store.engines import engine_of
from tests.store.cases import StoreCase, all_of, error_of
from tests.store.statements import Recording


class CursorTests(StoreCase):
    """note, flush, is_settled."""

    def setUp(self) -> None:
        super().setUp()
        self.cursors = self.store.cursors

    def _written(self) -> dict[tuple[int, int], int]:
        rows = self.rows("SELECT device, conversation, seq FROM cursors")
        return {(device, conversation): seq for device, conversation, seq in rows}

    async def test_what_is_noted_is_written_at_the_flush(self) -> None:
        self.cursors.note(1, 10, 5)
        self.cursors.note(1, 11, 6)
        self.cursors.note(2, 10, 7)
        self.assertEqual(self._written(), {})
        await self.cursors.flush()
        self.assertEqual(self._written(), {(1, 10): 5, (1, 11): 6, (2, 10): 7})

    async def test_the_highest_wins_in_memory(self) -> None:
        for seq in (3, 9, 4, 9, 1):
            self.cursors.note(1, 10, seq)
        await self.cursors.flush()
        self.assertEqual(self._written(), {(1, 10): 9})

    async def test_the_highest_wins_in_the_database(self) -> None:
        for seq, expected in ((5, 5), (3, 5), (8, 8)):
            self.cursors.note(1, 10, seq)
            await self.cursors.flush()
            self.assertEqual(self._written(), {(1, 10): expected})

    async def test_two_stores_do_not_move_each_other_back(self) -> None:
        other = self.open().cursors
        other.note(1, 10, 9)
        self.cursors.note(1, 10, 4)
        await other.flush()
        await self.cursors.flush()
        self.assertEqual(self._written(), {(1, 10): 9})

    async def test_settled_means_written(self) -> None:
        self.assertTrue(self.cursors.is_settled())
        self.cursors.note(1, 10, 5)
        self.assertFalse(self.cursors.is_settled())
        self.assertFalse(self.cursors.is_settled(1))
        self.assertTrue(self.cursors.is_settled(2))
        flushing = Deferred.fromCoroutine(self.cursors.flush())
        self.assertFalse(self.cursors.is_settled(), "it is on its way")
        self.assertFalse(self.cursors.is_settled(1))
        await flushing
        self.assertTrue(self.cursors.is_settled())
        self.assertTrue(self.cursors.is_settled(1))

    async def test_what_is_noted_during_a_flush_waits_for_the_next(self) -> None:
        self.cursors.note(1, 10, 5)
        flushing = Deferred.fromCoroutine(self.cursors.flush())
        self.cursors.note(1, 10, 6)
        await flushing
        self.assertFalse(self.cursors.is_settled(1))
        self.assertEqual(self._written(), {(1, 10): 5})
        await self.cursors.flush()
        self.assertEqual(self._written(), {(1, 10): 6})

    async def test_a_flush_waits_for_those_before_it(self) -> None:
        self.cursors.note(1, 10, 5)
        Deferred.fromCoroutine(self.cursors.flush())
        await self.cursors.flush()
        self.assertEqual(self._written(), {(1, 10): 5})
        self.assertTrue(self.cursors.is_settled())

    async def test_flushes_that_wait_are_one(self) -> None:
        recording = self.store._database._engine = Recording(self.store._database._engine)
        flushes = []
        for device in range(10):
            self.cursors.note(device, 10, 5)
            flushes.append(Deferred.fromCoroutine(self.cursors.flush()))
        await all_of(flushes)
        self.assertEqual(len(recording.transactions), 2)
        self.assertEqual(len(self._written()), 10)
        self.assertTrue(self.cursors.is_settled())

    async def test_nothing_to_write_is_no_transaction(self) -> None:
        recording = self.store._database._engine = Recording(self.store._database._engine)
        await self.cursors.flush()
        self.assertEqual(recording.transactions, [])

    async def test_many_are_written_at_once(self) -> None:
        for device in range(1000):
            self.cursors.note(device, 10, device + 1)
        await self.cursors.flush()
        self.assertEqual(len(self._written()), 1000)

    async def test_own_is_kept(self) -> None:
        self.execute("INSERT INTO cursors VALUES (1, 10, 2, 4)")
        self.cursors.note(1, 10, 3)
        await self.cursors.flush()
        self.assertEqual(self.rows("SELECT * FROM cursors"), [(1, 10, 3, 4)])


class LockedTests(StoreCase):
    """When the database can't be written."""

    def setUp(self) -> None:
        super().setUp()
        self.database = Database(engine_of(self.url), reactor)
        self.addCleanup(self.database.close)
        self.cursors = Cursors(self.database)
        self.other = self.connection()

    async def _lock(self) -> None:
        def shorten(cursor: Cursor) -> None:
            cursor.execute("PRAGMA busy_timeout = 50")

        await self.database.write(shorten)
        self.other.execute("BEGIN EXCLUSIVE")

    def _unlock(self) -> None:
        self.other.execute("COMMIT")

    def _written(self) -> list[tuple[int, int, int]]:
        return self.rows("SELECT device, conversation, seq FROM cursors ORDER BY 1, 2")

    async def test_what_was_noted_stays_noted(self) -> None:
        await self._lock()
        self.cursors.note(1, 10, 5)
        self.assertIsInstance(await error_of(self.cursors.flush()), TryAgain)
        self.assertFalse(self.cursors.is_settled(1))
        self._unlock()
        await self.cursors.flush()
        self.assertTrue(self.cursors.is_settled())
        self.assertEqual(self._written(), [(1, 10, 5)])

    async def test_what_was_noted_meanwhile_is_not_moved_back(self) -> None:
        await self._lock()
        self.cursors.note(1, 10, 5)
        self.cursors.note(1, 11, 5)
        flushing = Deferred.fromCoroutine(self.cursors.flush())
        self.cursors.note(1, 10, 8)
        await error_of(flushing)
        self._unlock()
        await self.cursors.flush()
        self.assertEqual(self._written(), [(1, 10, 8), (1, 11, 5)])

    async def test_a_flush_writes_what_an_earlier_one_could_not(self) -> None:
        """When it returns, all that was noted before it is written."""
        await self._lock()
        self.cursors.note(1, 10, 5)
        failing = Deferred.fromCoroutine(self.cursors.flush())
        failing.addErrback(lambda _: self._unlock())
        waiting = Deferred.fromCoroutine(self.cursors.flush())
        await all_of([failing, waiting])
        self.assertEqual(self._written(), [(1, 10, 5)])
        self.assertTrue(self.cursors.is_settled())
