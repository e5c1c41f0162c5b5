"""The log when others write too, when rows are refused, and when the database is away."""

from __future__ import annotations

import random

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from chatserver.errors import TryAgain
from chatserver.store.conversations import Conversations
from chatserver.store.database import Database
from chatserver.store.engine import Cursor
from chatserver.store.engines import engine_of
from chatserver.store.log import MessageLog
from chatserver.store.messages import Stored
from chatserver.store.store import Store
from tests.store.cases import Sent, StoreCase, all_of, append, error_of, together, where

_TRIES = 5
REFUSING = (
    "CREATE TRIGGER refusing BEFORE INSERT ON messages WHEN NEW.body = 'bad' "
    "BEGIN SELECT RAISE(ABORT, 'no such text'); END"
)


class TwoWritersTests(StoreCase):
    """Two stores on one file, as two processes have them."""

    async def test_both_append_to_the_same_conversations_without_holes(self) -> None:
        one, two = await self.accounts(2)
        group = (await self.store.groups.create(one, "g", "")).conversation
        other = self.open()
        answers = await all_of(
            self._append(store, one, place, f"{name} {at}")
            for at in range(150)
            for name, store in (("a", self.store), ("b", other))
            for place in (group, (one, two))
        )
        self._assert_all_are_there(answers)

    async def test_with_pauses_that_mix_their_batches(self) -> None:
        one, two = await self.accounts(2)
        stores = [self.store, self.open()]
        chance = random.Random(5)

        async def chat(store: Store, name: str) -> list[tuple[str, Stored]]:
            answers = []
            for at in range(60):
                texts = [f"{name} {at} {part}" for part in range(chance.randint(1, 4))]
                answers += await all_of(
                    self._append(store, one, (one, two), text) for text in texts
                )
            return answers

        results = await together(*(chat(store, str(at)) for at, store in enumerate(stores)))
        self._assert_all_are_there([answer for result in results for answer in result])

    async def test_the_same_cid_to_both_at_once_is_stored_once(self) -> None:
        one, two = await self.accounts(2)
        other = self.open()
        for at in range(200):
            stored = await together(
                *(
                    self._persist(store, self.draft(one, (one, two), "hi", cid=str(at)))
                    for store in (self.store, other)
                )
            )
            self.assertEqual(*map(where, stored))
            self.assertEqual(sorted(each.is_repeat for each in stored), [False, True])
        self.assertEqual(self.rows("SELECT COUNT(*) FROM messages"), [(200,)])

    async def test_a_conversation_that_both_begin_is_one(self) -> None:
        accounts = await self.accounts(10)
        other = self.open()
        pairs = [(one, two) for one in accounts for two in accounts if one <= two]
        answers = await all_of(
            self._append(store, pair[0], pair, "hi")
            for pair in pairs
            for store in (self.store, other)
        )
        self._assert_all_are_there(answers)
        self.assertEqual(self.rows("SELECT COUNT(*) FROM conversations"), [(len(pairs),)])

    def _append(
        self, store: Store, sender: int, place: int | tuple[int, int], text: str
    ) -> Deferred[tuple[str, Stored]]:
        stored = Deferred.fromCoroutine(self._persist(store, self.draft(sender, place, text)))
        return stored.addCallback(lambda answer: (text, answer))

    async def _persist(self, store: Store, draft: Sent) -> Stored:
        """Append again where the other had the lock for too long, as on a disk that stalls."""
        for _ in range(_TRIES):
            try:
                return await append(store.log, draft)
            except TryAgain as refused:
                await deferLater(reactor, refused.retry_after or 0.0)
        raise AssertionError(f"refused {_TRIES} times")

    def _assert_all_are_there(self, answers: list[tuple[str, Stored]]) -> None:
        """What was acknowledged stands in the log, once and where the answer says."""
        self.assert_log_is_whole()
        in_log = self.rows("SELECT body, conversation, seq, sent FROM messages")
        acknowledged = [(text, *where(stored)) for text, stored in answers]
        self.assertEqual(sorted(acknowledged), sorted(in_log))


class RefusedRowTests(StoreCase):
    """One bad message takes no others down."""

    def setUp(self) -> None:
        super().setUp()
        self.execute(REFUSING)

    async def test_the_others_of_the_batch_are_stored(self) -> None:
        one, two = await self.accounts(2)
        texts = ["a", "bad", "b", "c", "bad", "d"]
        sends = [append(self.store.log, self.draft(one, (one, two), text)) for text in texts]
        for text, send in zip(texts, sends, strict=True):
            if text == "bad":
                problem = await error_of(send)
                self.assertIsInstance(problem, TryAgain)
                self.assertNotIn("no such text", str(problem))
            else:
                stored = await send
        self.assertEqual(await self.texts(stored.conversation), ["a", "b", "c", "d"])
        self.assert_log_is_whole()

    async def test_what_comes_after_goes_on_as_before(self) -> None:
        one, two = await self.accounts(2)
        await error_of(self.send(one, (one, two), "bad"))
        stored = [await self.send(one, (one, two)) for _ in range(3)]
        self.assertEqual([each.seq for each in stored], [1, 2, 3])


class UnwritableTests(StoreCase):
    """What no database can keep is refused by the driver."""

    async def test_a_text_that_the_driver_can_not_write_takes_nothing_down(self) -> None:
        one, two = await self.accounts(2)
        texts = ["a", "\ud800", "b"]
        sends = [append(self.store.log, self.draft(one, (one, two), text)) for text in texts]
        self.assertIsInstance(await error_of(sends[1]), TryAgain)
        self.assertEqual([(await sends[0]).seq, (await sends[2]).seq], [1, 2])
        self.assertTrue(self.flushLoggedErrors(UnicodeEncodeError))


class LockedTests(StoreCase):
    """The database is in another's hands."""

    def setUp(self) -> None:
        super().setUp()
        self.database = Database(engine_of(self.url), reactor)
        self.addCleanup(self.database.close)
        self.log = MessageLog(self.database, Conversations(self.database), reactor, 50_000, 10**9)
        self.other = self.connection()

    async def _be_impatient(self) -> None:
        """The writer's one connection waits for locks for a moment only."""

        def shorten(cursor: Cursor) -> None:
            cursor.execute("PRAGMA busy_timeout = 50")

        await self.database.write(shorten)

    async def test_all_that_waits_is_told_to_try_again(self) -> None:
        one, two = await self.accounts(2)
        await self._be_impatient()
        self.other.execute("BEGIN EXCLUSIVE")
        sends = [append(self.log, self.draft(one, (one, two))) for _ in range(1500)]
        for send in sends:
            problem = await error_of(send)
            assert isinstance(problem, TryAgain)
            self.assertEqual(problem.retry_after, 1.0)
            self.assertNotIn("locked", str(problem))
        self.other.execute("ROLLBACK")
        self.assertEqual(self.rows("SELECT COUNT(*) FROM messages"), [(0,)])

    async def test_it_works_again_when_the_lock_is_gone(self) -> None:
        one, two = await self.accounts(2)
        first = await append(self.log, self.draft(one, (one, two)))
        await self._be_impatient()
        self.other.execute("BEGIN EXCLUSIVE")
        self.assertIsInstance(
            await error_of(append(self.log, self.draft(one, (one, two)))), TryAgain
        )
        self.other.execute(
            "INSERT INTO messages VALUES (?, 2, ?, 9, 0, '#x', 'from elsewhere')",
            (first.conversation, two),
        )
        self.other.execute("COMMIT")
        stored = await all_of(append(self.log, self.draft(one, (one, two))) for _ in range(3))
        self.assertEqual([each.seq for each in stored], [3, 4, 5])
        self.assert_log_is_whole()

    async def test_it_waits_for_a_lock_that_is_not_held_long(self) -> None:
        one, two = await self.accounts(2)
        self.other.execute("BEGIN EXCLUSIVE")
        send = append(self.log, self.draft(one, (one, two)))
        reactor.callLater(0.2, self.other.execute, "COMMIT")
        self.assertEqual((await send).seq, 1)

    async def test_reading_goes_on_meanwhile(self) -> None:
        one, two = await self.accounts(2)
        stored = await append(self.log, self.draft(one, (one, two), "hi"))
        self.other.execute("BEGIN EXCLUSIVE")
        self.assertEqual(await self.texts(stored.conversation), ["hi"])

    async def test_the_trouble_is_told_once_and_its_end_too(self) -> None:
        one, two = await self.accounts(2)
        await self._be_impatient()
        told = self.listen()
        self.other.execute("BEGIN EXCLUSIVE")
        for _ in range(3):
            await error_of(append(self.log, self.draft(one, (one, two))))
        self.assertEqual(len(told), 1)
        self.assertIn("database is locked", told[0])
        self.other.execute("COMMIT")
        for _ in range(3):
            await append(self.log, self.draft(one, (one, two)))
        self.assertEqual(told[1:], ["the database works again"])

    async def test_a_full_disk_is_told_as_trouble_and_nothing_is_lost(self) -> None:
        one, two = await self.accounts(2)
        first = await append(self.log, self.draft(one, (one, two), "first"))
        await self.database.write(_limit_size, 1)
        large = [append(self.log, self.draft(one, (one, two), "x" * 16384)) for _ in range(20)]
        for send in large:
            self.assertIsInstance(await error_of(send), TryAgain)
        await self.database.write(_limit_size, 10**6)
        last = await append(self.log, self.draft(one, (one, two), "last"))
        self.assertEqual(last.seq, 2)
        self.assertEqual(await self.texts(first.conversation), ["first", "last"])


def _limit_size(cursor: Cursor, pages: int) -> None:
    """As if the disk were full (SQLite takes the present size for the least)."""
    cursor.execute(f"PRAGMA max_page_count = {pages}")
