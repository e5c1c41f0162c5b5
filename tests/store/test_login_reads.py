"""What logins and pages of missed messages ask the database: not more for many than for one."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from chatserver.store.backlogs import Span
from chatserver.store.devices import Entry
from chatserver.store.groups import Group
from tests.store.cases import NOW, StoreCase, all_of, append
from tests.store.statements import Recording

PEOPLE = 30


class ReadCase(StoreCase):
    """A store that notes what it executes."""

    def setUp(self) -> None:
        super().setUp()
        database = self.store._database
        self.engine = database._engine = Recording(database._engine)

    def begin(self) -> None:
        self.engine.transactions.clear()

    def executed(self) -> list[list[str]]:
        """The statements of each transaction since :meth:`begin`."""
        return [[each.sql for each in one] for one in self.engine.transactions]


class LoginTests(ReadCase):
    """People in three groups, with friends and a message that each has missed."""

    async def come_together(self) -> tuple[list[int], list[Entry], list[Group]]:
        accounts = await self.accounts(PEOPLE)
        groups = [await self.store.groups.create(accounts[0], f"g{n}", "") for n in range(3)]
        for account in accounts[1:]:
            await self.store.friends.add(account, accounts[0])
            for group in groups:
                await self.store.groups.join(account, group.id)
        for group in groups:
            await self.send(accounts[0], group.conversation, device=-1)
        return accounts, [await self.enter(account) for account in accounts], groups

    async def test_tokens_that_are_shown_together(self) -> None:
        _, entries, groups = await self.come_together()
        self.begin()
        owners = await all_of(self.store.devices.owner_of(one.token, NOW) for one in entries)
        [statements] = self.executed()
        self.assertEqual(len(statements), 3, statements)
        for owner, entry in zip(owners[1:], entries[1:], strict=True):
            self.assertEqual(owner.device, entry.device)
            self.assertEqual(owner.ties.friends, [owners[0].account.id])
            self.assertEqual(
                {(seat.group, seat.conversation) for seat in owner.ties.seats},
                {(group.id, group.conversation) for group in groups},
            )

    async def test_tokens_that_are_renewed_together(self) -> None:
        _, entries, _ = await self.come_together()
        owners = await all_of(self.store.devices.owner_of(one.token, NOW) for one in entries)
        self.begin()
        await all_of(
            self.store.devices.renew(owner, entry.token, NOW)
            for owner, entry in zip(owners, entries, strict=True)
        )
        [statements] = self.executed()
        self.assertEqual([sql.split()[0] for sql in statements], ["BEGIN", "UPDATE"])

    async def test_people_who_come_in_together(self) -> None:
        accounts, entries, groups = await self.come_together()
        for once, expected in (("the first time", 9), ("with all members known", 7)):
            self.begin()
            welcomes = await all_of(
                self.store.welcomes.of(account, entry.device)
                for account, entry in zip(accounts, entries, strict=True)
            )
            [statements] = self.executed()
            self.assertEqual(len(statements), expected, f"{once}: {statements}")
            for welcome in welcomes:
                self.assertEqual([mine.group for mine in welcome.circle.groups], groups)
                for mine in welcome.circle.groups:
                    self.assertEqual([member.id for member in mine.members], accounts)
                self.assertEqual([one.missed for one in welcome.standing.backlogs], [1, 1, 1])
                self.assertEqual(
                    [(one.membership.group, one.message.seq) for one in welcome.few],
                    [(group.id, 1) for group in groups],
                )

    async def test_few_long_messages_are_left_to_a_page(self) -> None:
        me, other, third = await self.accounts(3)
        device = (await self.enter(me, "phone")).device
        await self.send(other, (other, me), "short")
        self.assertEqual(len((await self.store.welcomes.of(me, device)).few), 1)
        await self.send(third, (third, me), "x" * 200_000)
        welcome = await self.store.welcomes.of(me, device)
        self.assertEqual(len(welcome.standing.backlogs), 2)
        self.assertEqual(welcome.few, [])

    async def test_many_messages_are_left_to_a_page(self) -> None:
        me, other = await self.accounts(2)
        device = (await self.enter(me, "phone")).device
        for _ in range(33):
            await self.send(other, (other, me), "one of many")
        self.assertEqual((await self.store.welcomes.of(me, device)).few, [])

    async def test_a_member_who_has_come_since_is_seen(self) -> None:
        accounts, entries, groups = await self.come_together()
        await self.store.welcomes.of(accounts[1], entries[1].device)
        other, newcomer = self.open(), await self.account()
        await other.groups.join(newcomer, groups[1].id)
        welcome = await self.store.welcomes.of(accounts[1], entries[1].device)
        self.assertEqual(
            [len(mine.members) for mine in welcome.circle.groups], [PEOPLE, PEOPLE + 1, PEOPLE]
        )
        self.assertEqual(welcome.circle.groups[1].members[-1].id, newcomer)


class PageTests(ReadCase):
    """Messages that were missed in many conversations."""

    async def conversations(self, count: int, messages: int) -> tuple[int, list[int]]:
        me, *others = await self.accounts(count + 1)
        for _ in range(messages):
            sent = [append(self.store.log, self.draft(other, (other, me))) for other in others]
            stored = await all_of(sent)
        return me, [one.conversation for one in stored]

    async def test_a_page_takes_two_statements_however_many_conversations(self) -> None:
        me, conversations = await self.conversations(20, 3)
        spans = [Span(conversation, 0, 3) for conversation in conversations]
        self.begin()
        page = await self.store.backlogs.page(me, spans, 100)
        self.assertEqual([len(statements) for statements in self.executed()], [2])
        self.assertEqual(
            [(one.membership.conversation, one.message.seq) for one in page],
            [(conversation, seq) for conversation in conversations for seq in (1, 2, 3)],
        )
        self.begin()
        await self.store.backlogs.page(me, spans, 100)
        self.assertEqual([len(statements) for statements in self.executed()], [1])

    async def test_a_page_ends_at_its_limit(self) -> None:
        me, conversations = await self.conversations(3, 3)
        spans = [Span(conversation, 1, 3) for conversation in conversations]
        page = await self.store.backlogs.page(me, spans, 3)
        first, second, _ = conversations
        self.assertEqual(
            [(one.membership.conversation, one.message.seq) for one in page],
            [(first, 2), (first, 3), (second, 2)],
        )

    async def test_a_page_ends_at_its_bytes_but_has_one_message(self) -> None:
        me, other, third = await self.accounts(3)
        spans = []
        for sender in (other, third):
            for _ in range(2):
                stored = await self.send(sender, (sender, me), "\0é" * 50_000)
            spans.append(Span(stored.conversation, 0, 2))
        page = await self.store.backlogs.page(me, spans, 100)
        self.assertEqual([one.message.seq for one in page], [1])
        later = [spans[0]._replace(floor=1), spans[1]]
        page = await self.store.backlogs.page(me, later, 100)
        self.assertEqual([one.message.seq for one in page], [2])

    async def test_pages_of_several_devices_share_a_transaction(self) -> None:
        me, conversations = await self.conversations(8, 1)
        self.begin()
        pages = await all_of(
            Deferred.fromCoroutine(self.store.backlogs.page(me, [Span(conversation, 0, 1)], 10))
            for conversation in conversations
        )
        self.assertEqual(len(self.executed()), 1)
        self.assertEqual([len(page) for page in pages], [1] * 8)

    async def test_what_the_log_does_not_have_is_left_out(self) -> None:
        me, (conversation, *_) = await self.conversations(2, 1)
        page = await self.store.backlogs.page(me, [Span(conversation, 1, 5)], 10)
        self.assertEqual(page, [])
        self.assertEqual(await self.store.backlogs.page(me, [], 10), [])
