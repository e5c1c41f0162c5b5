"""Appending to conversations: seq, cids, and reading back."""

from __future__ import annotations

from msgspec.structs import replace

from chatserver.errors import Conflict, TryAgain
from chatserver.store.messages import Draft, Message, Stored
from tests.store.cases import StoreCase, all_of, append, append_all, error_of

ALL_KINDS = [
    "hi", "张三 李四", "\N{GRINNING FACE}" * 100, "\0", "a\0b\0", "\uffff\ufffe\U0010ffff", " ",
    "\n", '"\\', "\\'", "?%s%(a)s%d%", "\x1a\r", "\ufeff", "\x7f\x80\x9f",
    "é e\u0301", "x" * 16384, "'; DROP TABLE messages; --",
]  # fmt: skip


class AppendTests(StoreCase):
    """Each message gets the next seq of its conversation."""

    async def test_seq_counts_from_one_in_each_conversation(self) -> None:
        one, two, three = await self.accounts(3)
        group = (await self.store.groups.create(one, "g", "")).conversation
        for seq in (1, 2, 3):
            for place in ((one, two), (one, three), group):
                self.assertEqual((await self.send(one, place)).seq, seq)

    async def test_many_at_once_leave_no_holes_and_keep_their_order(self) -> None:
        accounts = await self.accounts(4)
        group = (await self.store.groups.create(accounts[0], "g", "")).conversation
        places: list[int | tuple[int, int]] = [
            group,
            (accounts[0], accounts[1]),
            (accounts[1], accounts[2]),
            (accounts[3], accounts[3]),
        ]
        sends = [
            append(self.store.log, self.draft(accounts[at % 4], places[at % 4], f"text {at}"))
            for at in range(3000)
        ]
        stored: list[Stored] = await all_of(sends)
        self.assert_log_is_whole()
        for at in range(4):
            mine = stored[at::4]
            self.assertEqual([each.seq for each in mine], list(range(1, 751)))
            expected = [f"text {number}" for number in range(at, 3000, 4)]
            self.assertEqual(await self.texts(mine[0].conversation), expected)

    async def test_answers_come_in_the_order_of_the_sends(self) -> None:
        one, two = await self.accounts(2)
        order: list[int] = []
        sends = []
        for _ in range(1500):
            send = append(self.store.log, self.draft(one, (one, two)))
            sends.append(send.addCallback(lambda stored: order.append(stored.seq)))
        await all_of(sends)
        self.assertEqual(order, list(range(1, 1501)))

    async def test_an_answer_that_fails_takes_no_other_with_it(self) -> None:
        one, two = await self.accounts(2)
        drafts = [self.draft(one, (one, two)) for _ in range(3)]
        unready = Draft(one, 1, "hi", self.store.log.cid(None), pair=(one, two))
        first = append(self.store.log, drafts[0])
        self.store.log.append(unready)
        rest = [append(self.store.log, draft) for draft in drafts[1:]]
        stored = await all_of([first, *rest])
        self.assertEqual([each.seq for each in stored], [1, 3, 4])
        self.assertEqual(len(self.flushLoggedErrors(NotImplementedError)), 1)

    async def test_it_is_committed_when_it_is_answered(self) -> None:
        one, two = await self.accounts(2)
        stored = await self.send(one, (one, two), "hi", device=7, cid="c")
        rows = self.rows("SELECT * FROM messages")
        expected = (stored.conversation, 1, one, 7, stored.sent, "=c", "hi")
        self.assertEqual(rows, [expected])

    async def test_counting_goes_on_after_a_restart(self) -> None:
        one, two = await self.accounts(2)
        for _ in range(3):
            await self.send(one, (one, two))
        self.close(self.store)
        self.store = self.open()
        self.assertEqual((await self.send(two, (one, two))).seq, 4)

    async def test_texts_come_back_as_they_went_in(self) -> None:
        one, two = await self.accounts(2)
        for text in ALL_KINDS:
            stored = await self.send(one, (one, two), text)
        self.assertEqual(await self.texts(stored.conversation), ALL_KINDS)

    async def test_texts_and_cids_of_one_batch_come_back_as_they_went_in(self) -> None:
        one, two = await self.accounts(2)
        cids = [text[:64] for text in ALL_KINDS]
        pairs = zip(ALL_KINDS, cids, strict=True)
        drafts = [self.draft(one, (one, two), text, cid=cid) for text, cid in pairs]
        stored = await append_all(self.store.log, drafts)
        page = await self.store.log.page_after(stored[0].conversation, 0, 100)
        self.assertEqual([message.text for message in page], ALL_KINDS)
        self.assertEqual([message.cid for message in page], cids)

    async def test_too_many_waiting_are_refused_at_once_and_the_others_stored(self) -> None:
        one, two = await self.accounts(2)
        store = self.open(pending=3)
        sends = [append(store.log, self.draft(one, (one, two))) for _ in range(3)]
        for _ in range(2):
            problem = self.assertRaises(TryAgain, append, store.log, self.draft(one, (one, two)))
            assert isinstance(problem, TryAgain)
            self.assertEqual(problem.retry_after, 1.0)
        stored = await all_of(sends)
        self.assertEqual([each.seq for each in stored], [1, 2, 3])
        again = await append(store.log, self.draft(one, (one, two)))
        self.assertEqual(again.seq, 4)


class CidTests(StoreCase):
    """A send that is repeated is stored once."""

    async def test_a_repeat_gets_the_answer_of_the_first(self) -> None:
        one, two = await self.accounts(2)
        first = await self.send(one, (one, two), "hi", cid="c")
        await self.send(one, (one, two), "other")
        again = await self.send(one, (one, two), "hi", cid="c")
        self.assertEqual(again, replace(first, is_repeat=True))
        self.assertEqual(await self.texts(first.conversation), ["hi", "other"])

    async def test_a_repeat_in_the_same_batch(self) -> None:
        one, two = await self.accounts(2)
        drafts = [
            self.draft(one, (one, two), text, cid=cid)
            for text, cid in (("a", "1"), ("b", "2"), ("a", "1"), ("c", None), ("b", "2"))
        ]
        stored: list[Stored] = await append_all(self.store.log, drafts)
        self.assertEqual([each.seq for each in stored], [1, 2, 1, 3, 2])
        self.assertEqual([each.is_repeat for each in stored], [False, False, True, False, True])
        self.assertEqual(await self.texts(stored[0].conversation), ["a", "b", "c"])

    async def test_a_repeat_after_a_restart_and_from_another_device(self) -> None:
        one, two = await self.accounts(2)
        first = await self.send(one, (one, two), "hi", cid="c", device=1)
        self.close(self.store)
        self.store = self.open()
        again = await self.send(one, (one, two), "hi", cid="c", device=2)
        self.assertEqual(again, replace(first, is_repeat=True))

    async def test_a_repeat_that_names_the_conversation_or_the_pair(self) -> None:
        one, two = await self.accounts(2)
        first = await self.send(one, (one, two), "hi", cid="c")
        for place in (first.conversation, (two, one)):
            again = await self.send(one, place, "hi", cid="c")
            self.assertEqual(again, replace(first, is_repeat=True))

    async def test_the_same_cid_with_another_text_is_a_conflict(self) -> None:
        one, two = await self.accounts(2)
        first = await self.send(one, (one, two), "hi", cid="c")
        for text in ("hi ", "Hi", "", "hi\0"):
            problem = await error_of(self.send(one, (one, two), text, cid="c"))
            self.assertIsInstance(problem, Conflict)
        self.assertEqual(await self.texts(first.conversation), ["hi"])

    async def test_the_same_cid_to_another_addressee_is_a_conflict(self) -> None:
        one, two, three = await self.accounts(3)
        group = (await self.store.groups.create(one, "g", "")).conversation
        await self.send(one, (one, two), "hi", cid="c")
        known = await self.send(one, (one, one), "hi")
        for place in ((one, three), group, known.conversation):
            problem = await error_of(self.send(one, place, "hi", cid="c"))
            self.assertIsInstance(problem, Conflict)
        rows = self.rows("SELECT COUNT(*) FROM conversations")
        self.assertEqual(rows, [(3,)], "a conflict begins no conversation")

    async def test_a_conflict_in_the_same_batch_hurts_nobody_else(self) -> None:
        one, two = await self.accounts(2)
        drafts = [
            self.draft(one, (one, two), "a", cid="1"),
            self.draft(one, (one, two), "b", cid="1"),
            self.draft(two, (one, two), "c"),
        ]
        sends = [append(self.store.log, draft) for draft in drafts]
        self.assertEqual((await sends[0]).seq, 1)
        self.assertIsInstance(await error_of(sends[1]), Conflict)
        self.assertEqual((await sends[2]).seq, 2)

    async def test_two_senders_may_use_the_same_cid(self) -> None:
        one, two = await self.accounts(2)
        first = await self.send(one, (one, two), "hi", cid="c")
        second = await self.send(two, (one, two), "hi", cid="c")
        self.assertEqual((first.seq, second.seq), (1, 2))
        self.assertFalse(second.is_repeat)

    async def test_also_beside_a_repeat_in_the_same_batch(self) -> None:
        one, two = await self.accounts(2)
        first = await self.send(one, (one, two), "hi", cid="c")
        drafts = [self.draft(sender, (one, two), "hi", cid="c") for sender in (one, two)]
        stored: list[Stored] = await append_all(self.store.log, drafts)
        self.assertEqual([each.seq for each in stored], [first.seq, 2])
        self.assertEqual([each.is_repeat for each in stored], [True, False])

    async def test_cids_are_compared_by_code_point(self) -> None:
        one, two = await self.accounts(2)
        cids = ["c", "C", "c ", " c", "c\0", "é", "e\u0301", "=c", "#c", "张", "0", "00"]
        for seq, cid in enumerate(cids, 1):
            self.assertEqual((await self.send(one, (one, two), "hi", cid=cid)).seq, seq)

    async def test_a_cid_that_the_server_makes_is_none_that_a_client_can_send(self) -> None:
        one, two = await self.accounts(2)
        stored = await self.send(one, (one, two), "hi")
        ((made,),) = self.rows("SELECT cid FROM messages")
        self.assertTrue(made.startswith("#"))
        for cid in (made, made[1:]):
            self.assertGreater((await self.send(one, (one, two), "hi", cid=cid)).seq, stored.seq)

    def test_cids_that_the_server_makes_are_all_different(self) -> None:
        logs = [self.store.log, self.open().log]
        made = [log.cid(None) for log in logs for _ in range(1000)]
        self.assertEqual(len(set(made)), 2000)


class ReadingTests(StoreCase):
    """Reading back what was stored."""

    async def _ten(self) -> tuple[int, int]:
        """A conversation with the texts 1 to 10, and who wrote them."""
        one = await self.account()
        drafts = [self.draft(one, (one, one), str(seq)) for seq in range(1, 11)]
        stored = await append_all(self.store.log, drafts)
        return stored[0].conversation, one

    async def test_a_message_read_back(self) -> None:
        one, two = await self.accounts(2)
        first = await self.send(one, (one, two), "hi", cid="c\0", device=4)
        second = await self.send(two, (one, two), "ho", device=5)
        page = await self.store.log.page_after(first.conversation, 0, 10)
        expected = [
            Message(1, one, "user 1", 4, first.sent, "c\0", "hi"),
            Message(2, two, "user 2", 5, second.sent, None, "ho"),
        ]
        self.assertEqual(page, expected)

    async def test_pages_above_a_seq(self) -> None:
        conversation, _ = await self._ten()
        for after, limit, expected in (
            (0, 3, [1, 2, 3]),
            (3, 3, [4, 5, 6]),
            (8, 3, [9, 10]),
            (10, 3, []),
            (0, 10, range(1, 11)),
        ):
            page = await self.store.log.page_after(conversation, after, limit)
            self.assertEqual([message.seq for message in page], list(expected))

    async def test_history(self) -> None:
        conversation, _ = await self._ten()
        far = 2**62
        for after, before, limit, newest, expected, more in (
            (0, far, 3, True, [8, 9, 10], True),
            (0, far, 3, False, [1, 2, 3], True),
            (0, far, 10, True, range(1, 11), False),
            (0, far, 10, False, range(1, 11), False),
            (0, 4, 3, True, [1, 2, 3], False),
            (0, 5, 3, True, [2, 3, 4], True),
            (3, 7, 2, True, [5, 6], True),
            (3, 7, 2, False, [4, 5], True),
            (3, 7, 3, True, [4, 5, 6], False),
            (6, 7, 3, True, [], False),
            (9, 3, 3, True, [], False),
            (-1, 1, 3, True, [], False),
            (10, far, 1, False, [], False),
            (9, far, 1, False, [10], False),
        ):
            page = await self.store.log.history(conversation, after, before, limit, newest=newest)
            case = f"({after}, {before}) {limit} newest={newest}"
            self.assertEqual([message.seq for message in page.messages], list(expected), case)
            self.assertIs(page.more, more, case)

    async def _long_ones(self, text: str, count: int) -> int:
        one = await self.account()
        drafts = [self.draft(one, (one, one), text) for _ in range(count)]
        stored = await append_all(self.store.log, drafts)
        return int(stored[0].conversation)

    async def test_a_page_for_catching_up_has_some_256_kib_at_most(self) -> None:
        conversation = await self._long_ones("\0ä" * 20_000, 10)  # 60,000 bytes each
        page = await self.store.log.page_after(conversation, 0, 200)
        self.assertEqual([message.seq for message in page], [1, 2, 3, 4])
        page = await self.store.log.page_after(conversation, 8, 200)
        self.assertEqual([message.seq for message in page], [9, 10])

    async def test_history_has_some_1_mib_at_most_and_says_that_there_is_more(self) -> None:
        conversation = await self._long_ones("\0ä" * 20_000, 30)
        for newest, expected in ((True, range(14, 31)), (False, range(1, 18))):
            page = await self.store.log.history(conversation, 0, 31, 200, newest=newest)
            self.assertEqual([message.seq for message in page.messages], list(expected))
            self.assertTrue(page.more)
        page = await self.store.log.history(conversation, 13, 31, 200, newest=True)
        self.assertFalse(page.more)

    async def test_one_message_is_read_however_long_it_is(self) -> None:
        conversation = await self._long_ones("x" * 300_000, 2)
        page = await self.store.log.page_after(conversation, 0, 200)
        self.assertEqual([message.seq for message in page], [1])

    async def test_other_conversations_are_not_read(self) -> None:
        conversation, one = await self._ten()
        other = await self.account()
        await self.send(one, (one, other), "other")
        self.assertEqual(await self.texts(conversation), [str(seq) for seq in range(1, 11)])
        self.assertEqual(await self.texts(99), [])
