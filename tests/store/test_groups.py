"""Groups, their members, and what belongs to whom."""

from __future__ import annotations

from chatserver.errors import Exists, NoSuchGroup
from chatserver.store.groups import Group, GroupOfMine, Member
from tests.store.cases import StoreCase, error_of, together


class GroupTests(StoreCase):
    """Creating, joining, finding."""

    async def test_a_new_group_has_its_creator(self) -> None:
        creator = await self.account()
        group = await self.store.groups.create(creator, "张三的 group", "descr\0iption")
        self.assertEqual(group.name, "张三的 group")
        self.assertEqual(await self.store.groups.find(group.id), group)
        circle = await self.circle(creator)
        member = Member(creator, "user 1", "creator")
        self.assertEqual(circle.groups, [GroupOfMine(group, 0, [member])])

    async def test_who_joins_gets_the_members_and_becomes_one(self) -> None:
        creator, other = await self.accounts(2)
        group = await self.store.groups.create(creator, "g", "")
        joined = await self.store.groups.join(other, group.id)
        members = [Member(creator, "user 1", "creator"), Member(other, "user 2", "normal")]
        self.assertEqual(joined, GroupOfMine(group, 0, members))
        self.assertEqual((await self.circle(other)).groups, [joined])

    async def test_what_was_said_before_is_not_theirs(self) -> None:
        creator, other, third = await self.accounts(3)
        group = await self.store.groups.create(creator, "g", "")
        await self.send(creator, group.conversation)
        await self.send(creator, group.conversation)
        self.assertEqual((await self.store.groups.join(other, group.id)).joined, 2)
        await self.send(creator, group.conversation)
        self.assertEqual((await self.store.groups.join(third, group.id)).joined, 3)
        membership = await self.store.conversations.membership(other, group.conversation)
        self.assertEqual(
            (membership.joined, membership.group, membership.pair), (2, group.id, None)
        )

    async def test_the_place_of_a_joining_among_messages_is_exact(self) -> None:
        """Whatever has a seq up to ``joined`` was there before, whatever is above came later."""
        creator, other = await self.accounts(2)
        group = await self.store.groups.create(creator, "g", "")
        joins: list[int] = []

        async def join() -> None:
            joins.append((await self.store.groups.join(other, group.id)).joined)

        async def send() -> None:
            await self.send(creator, group.conversation)

        await together(*(join() if at == 50 else send() for at in range(101)))
        (joined,) = joins
        device = await self.device(other)
        (backlog,) = await self.backlog(other, device)
        self.assertEqual((backlog.floor, backlog.last), (joined, 100))
        self.assertEqual(backlog.missed, 100 - joined)

    async def test_nobody_joins_twice(self) -> None:
        creator, other = await self.accounts(2)
        group = await self.store.groups.create(creator, "g", "")
        await self.store.groups.join(other, group.id)
        for account in (creator, other):
            problem = await error_of(self.store.groups.join(account, group.id))
            self.assertIsInstance(problem, Exists)
        circle = await self.circle(creator)
        self.assertEqual(
            [member.role for member in circle.groups[0].members], ["creator", "normal"]
        )

    async def test_a_name_is_given_once_and_a_refused_group_leaves_nothing(self) -> None:
        one, two = await self.accounts(2)
        await self.store.groups.create(one, "g", "")
        problem = await error_of(self.store.groups.create(two, "g", "other"))
        self.assertIsInstance(problem, Exists)
        self.assertEqual(str(problem), "a group named g exists already; choose another name")
        self.assertEqual(self.rows("SELECT COUNT(*) FROM conversations"), [(1,)])
        self.assertEqual((await self.circle(two)).groups, [])
        await self.store.groups.create(two, "G", "")

    async def test_no_such_group(self) -> None:
        account = await self.account()
        for id in (0, 1, 2**53 - 1):
            self.assertIsInstance(await error_of(self.store.groups.find(id)), NoSuchGroup)
            self.assertIsInstance(await error_of(self.store.groups.join(account, id)), NoSuchGroup)

    async def test_groups_come_by_id_and_members_by_account(self) -> None:
        accounts = await self.accounts(4)
        groups: list[Group] = []
        for at, creator in enumerate(reversed(accounts)):
            group = await self.store.groups.create(creator, f"group {at}", "")
            groups.append(group)
            for account in reversed(accounts):
                if account != creator:
                    await self.store.groups.join(account, group.id)
        for account in accounts:
            mine = (await self.circle(account)).groups
            self.assertEqual([one.group for one in mine], groups)
            for one in mine:
                self.assertEqual([member.id for member in one.members], accounts)

    async def test_a_circle_has_everybody_one_has_to_do_with(self) -> None:
        me, friend, fellow, stranger = await self.accounts(4)
        group = await self.store.groups.create(fellow, "g", "")
        await self.store.groups.join(me, group.id)
        await self.store.friends.add(me, friend)
        await self.send(stranger, (stranger, me))
        self.assertEqual((await self.circle(me)).accounts(), {me, friend, fellow})

    async def test_conversations_of_pairs_are_no_groups(self) -> None:
        one, two = await self.accounts(2)
        await self.send(one, (one, two))
        self.assertEqual((await self.circle(one)).groups, [])
