"""What the store's work costs, as far as that can be counted: statements and transactions."""

from __future__ import annotations

from typing import Any

from chatserver.store.store import Store
from tests.store.cases import StoreCase, append_all
from tests.store.statements import Recording
from tests.store.test_mariadb import OnMariaDB

DRAFTS = 100


class CountCase(StoreCase):
    """A store on which ten users have written to each other already."""

    def open(self, **settings: Any) -> Store:
        store = super().open(**settings)
        database = store._database
        self.engine = database._engine = Recording(database._engine)
        return store

    async def begin(self) -> None:
        self.users = await self.accounts(10)
        pairs = zip(self.users, self.users[1:], strict=False)
        first = [self.draft(pair[0], pair) for pair in pairs]
        self.known = [each.conversation for each in await append_all(self.store.log, first)]

    async def statements(self, places: list[int] | list[tuple[int, int]]) -> list[int]:
        """How many each transaction took that a batch to these places needed."""
        self.engine.transactions.clear()
        await append_all(
            self.store.log,
            [
                self.draft(self.users[0], places[at % len(places)], f"text {at}")
                for at in range(DRAFTS)
            ],
        )
        return [len(transaction) for transaction in self.engine.transactions]


class SQLiteTests(CountCase):
    async def test_a_batch_in_known_conversations(self) -> None:
        """BEGIN, and rows by powers of two: 64, 32 and 4."""
        await self.begin()
        self.assertEqual(await self.statements(self.known), [4])

    async def test_a_batch_of_which_no_seq_is_in_memory(self) -> None:
        """They are read together."""
        await self.begin()
        self.store.log._last_seqs.clear()
        self.assertEqual(await self.statements(self.known), [5])

    async def test_a_batch_with_a_repeat(self) -> None:
        """What is refused, and then BEGIN, keys by 200, pairs not at all, seqs, and rows."""
        await self.begin()
        await self.send(self.users[0], self.known[0], "text 0", cid="c")
        drafts = [self.draft(self.users[0], self.known[0]) for _ in range(DRAFTS)]
        repeat = self.draft(self.users[0], self.known[0], "text 0", cid="c")
        self.engine.transactions.clear()
        await append_all(self.store.log, [*drafts, repeat])
        self.assertEqual([len(each) for each in self.engine.transactions], [5, 6])

    async def test_a_page_of_short_messages(self) -> None:
        await self.begin()
        await self.statements(self.known[:1])
        self.engine.transactions.clear()
        page = await self.store.log.page_after(self.known[0], 0, 200)
        self.assertEqual(len(page), DRAFTS + 1)
        self.assertEqual([len(each) for each in self.engine.transactions], [1])


class MariaDBTests(OnMariaDB, CountCase):
    async def test_a_batch_in_known_conversations(self) -> None:
        """Two that lock and read, one that writes, and COMMIT."""
        await self.begin()
        self.assertEqual(await self.questions(self.known), 4)

    async def test_a_batch_between_pairs_that_are_new(self) -> None:
        """Before that they are looked for, made, looked for again, and get their members."""
        await self.begin()
        pairs = list(zip(self.users, self.users[2:], strict=False))
        self.assertEqual(await self.questions(pairs), 8)

    async def questions(self, places: list[int] | list[tuple[int, int]]) -> int:
        """How much a batch to these places lets the server do."""
        before = self._asked()
        cost_of_asking = self._asked() - before
        await self.statements(places)
        return self._asked() - before - 2 * cost_of_asking

    def _asked(self) -> int:
        ((_, count),) = self.rows("SHOW GLOBAL STATUS LIKE 'Questions'")
        return int(count)


# What is shared is no test by itself.
del CountCase, OnMariaDB
