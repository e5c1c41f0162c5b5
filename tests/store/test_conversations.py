"""Which conversation two users share, and who takes part in which."""

from __future__ import annotations

from chatserver.errors import NotAMember
from chatserver.store.conversations import Membership, pair_of
from tests.store.cases import StoreCase, error_of


class PairTests(StoreCase):
    """Conversations of two, and of one with oneself."""

    def test_a_pair_is_the_same_from_both_sides(self) -> None:
        self.assertEqual(pair_of(2, 1), (1, 2))
        self.assertEqual(pair_of(1, 2), (1, 2))
        self.assertEqual(pair_of(3, 3), (3, 3))

    async def test_there_is_none_before_the_first_message(self) -> None:
        one, two = await self.accounts(2)
        self.assertIsNone(await self.store.conversations.of_pair(pair_of(one, two)))

    async def test_both_write_into_the_same_one(self) -> None:
        one, two = await self.accounts(2)
        first = await self.send(one, (one, two))
        second = await self.send(two, (two, one))
        self.assertEqual(first.conversation, second.conversation)
        self.assertEqual((first.seq, second.seq), (1, 2))
        found = await self.open().conversations.of_pair(pair_of(one, two))
        self.assertEqual(found, first.conversation)

    async def test_other_pairs_have_others(self) -> None:
        one, two, three = await self.accounts(3)
        places = [(one, two), (one, three), (two, three), (one, one), (two, two)]
        stored = [await self.send(place[0], place) for place in places]
        self.assertEqual(len({each.conversation for each in stored}), len(places))
        self.assertEqual({each.seq for each in stored}, {1})

    async def test_a_conversation_is_at_hand_once_it_was_written_to_or_asked_for(self) -> None:
        one, two = await self.accounts(2)
        pair = pair_of(one, two)
        self.assertIsNone(self.store.conversations.cached_pair(pair))
        stored = await self.send(one, pair)
        self.assertEqual(self.store.conversations.cached_pair(pair), stored.conversation)
        other = self.open()
        await other.conversations.of_pair(pair)
        self.assertEqual(other.conversations.cached_pair(pair), stored.conversation)

    async def test_with_oneself(self) -> None:
        one = await self.account()
        stored = await self.send(one, (one, one))
        membership = await self.store.conversations.membership(one, stored.conversation)
        self.assertEqual(membership, Membership(stored.conversation, 0, None, (one, one)))
        self.assertEqual(membership.addressee(one), one)
        rows = self.rows("SELECT account, joined FROM members")
        self.assertEqual(rows, [(one, 0)])


class MembershipTests(StoreCase):
    """Who may read what."""

    async def test_both_of_a_pair_are_members_from_the_beginning(self) -> None:
        one, two = await self.accounts(2)
        stored = await self.send(two, (two, one))
        for account, addressee in ((one, two), (two, one)):
            membership = await self.store.conversations.membership(account, stored.conversation)
            self.assertEqual(membership, Membership(stored.conversation, 0, None, (one, two)))
            self.assertEqual(membership.addressee(account), addressee)

    async def test_nobody_else_is(self) -> None:
        one, two, three = await self.accounts(3)
        stored = await self.send(one, (one, two))
        await self._assert_no_member(three, stored.conversation)

    async def test_an_unknown_conversation_has_no_members(self) -> None:
        one = await self.account()
        for conversation in (0, 1, 99, 2**53 - 1):
            await self._assert_no_member(one, conversation)

    async def test_who_was_refused_may_come_in_later(self) -> None:
        one, two = await self.accounts(2)
        group = await self.store.groups.create(one, "g", "")
        await self._assert_no_member(two, group.conversation)
        await self.store.groups.join(two, group.id)
        membership = await self.store.conversations.membership(two, group.conversation)
        self.assertEqual(membership, Membership(group.conversation, 0, group.id, None))

    async def _assert_no_member(self, account: int, conversation: int) -> None:
        problem = await error_of(self.store.conversations.membership(account, conversation))
        self.assertIsInstance(problem, NotAMember)
