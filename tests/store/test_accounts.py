"""Accounts and lists of friends."""

from __future__ import annotations

from chatserver.errors import Exists, NoSuchUser, Refused
from chatserver.store.accounts import Account
from tests.store.cases import NOW, StoreCase, error_of, together

NAMES = [
    "z", "zhang san", "ZHANG SAN", "张三", "\N{GRINNING FACE}" * 50, "o'brien", '"quoted"',
    "é", "e\u0301", "a\\b", "%", "_", "x; DROP TABLE accounts; --", "null", "0", "ﬁ", "İ",
]  # fmt: skip


class AccountTests(StoreCase):
    """Who there is."""

    async def test_a_new_account_is_found_by_id_and_by_name(self) -> None:
        id = await self.store.accounts.create("张三", "the hash", NOW)
        expected = Account(id, "张三", "the hash", False)
        self.assertEqual(await self.store.accounts.find(id=id), expected)
        self.assertEqual(await self.store.accounts.find(name="张三"), expected)

    async def test_ids_begin_with_one_and_are_never_given_twice(self) -> None:
        self.assertEqual(await self.accounts(3), [1, 2, 3])
        self.execute("DELETE FROM accounts WHERE id = 3")
        self.assertEqual(await self.account(), 4)

    async def test_names_are_compared_by_code_point(self) -> None:
        ids = [await self.store.accounts.create(name, "hash", NOW) for name in NAMES]
        for id, name in zip(ids, NAMES, strict=True):
            found = await self.store.accounts.find(name=name)
            self.assertEqual(found, Account(id, name, "hash", False))

    async def test_a_name_is_given_once(self) -> None:
        await self.store.accounts.create("z", "hash", NOW)
        problem = await error_of(self.store.accounts.create("z", "other", NOW))
        self.assertIsInstance(problem, Refused)
        self.assertEqual(str(problem), "the name z is taken; choose another")
        self.assertEqual(self.rows("SELECT name, password_hash FROM accounts"), [("z", "hash")])

    async def test_of_those_who_race_for_a_name_one_gets_it(self) -> None:
        async def create() -> int:
            try:
                return await self.store.accounts.create("z", "hash", NOW)
            except Refused:
                return 0

        ids = await together(*(create() for _ in range(20)))
        self.assertEqual(sorted(ids), [0] * 19 + [1])

    async def test_is_taken(self) -> None:
        self.assertFalse(await self.store.accounts.is_taken("z"))
        await self.store.accounts.create("z", "hash", NOW)
        self.assertTrue(await self.store.accounts.is_taken("z"))
        self.assertFalse(await self.store.accounts.is_taken("Z"))

    async def test_nobody_is_found_by_what_nobody_has(self) -> None:
        await self.account()
        for id in (0, -1, 2, 2**53 - 1):
            self.assertIsNone(await self.store.accounts.find(id=id))
            self.assertIsInstance(await error_of(self.store.accounts.name(id)), NoSuchUser)
        self.assertIsNone(await self.store.accounts.find(name=""))

    async def test_a_name_is_at_hand_once_it_was_asked_for(self) -> None:
        id = await self.store.accounts.create("z", "hash", NOW)
        self.assertIsNone(self.store.accounts.cached_name(id))
        self.assertEqual(await self.store.accounts.name(id), "z")
        self.assertEqual(self.store.accounts.cached_name(id), "z")
        self.assertEqual(await self.store.accounts.name(id), "z")

    async def test_an_account_that_comes_later_is_found_though_it_was_asked_for_before(
        self,
    ) -> None:
        await error_of(self.store.accounts.name(1))
        id = await self.store.accounts.create("z", "hash", NOW)
        self.assertEqual(await self.store.accounts.name(id), "z")

    async def test_a_disabled_account_says_so(self) -> None:
        id = await self.account()
        self.execute("UPDATE accounts SET disabled = 1")
        found = await self.store.accounts.find(id=id)
        assert found is not None
        self.assertIs(found.disabled, True)


class FriendTests(StoreCase):
    """One-way lists."""

    async def test_friends_come_by_id_with_their_names(self) -> None:
        one, two, three = await self.accounts(3)
        await self.store.friends.add(one, three)
        await self.store.friends.add(one, two)
        circle = await self.circle(one)
        self.assertEqual(circle.friends, [(two, "user 2"), (three, "user 3")])

    async def test_the_friend_has_nothing_of_it(self) -> None:
        one, two = await self.accounts(2)
        await self.store.friends.add(one, two)
        self.assertEqual((await self.circle(two)).friends, [])

    async def test_a_friend_is_added_once(self) -> None:
        one, two = await self.accounts(2)
        await self.store.friends.add(one, two)
        problem = await error_of(self.store.friends.add(one, two))
        self.assertIsInstance(problem, Exists)
        self.assertEqual((await self.circle(one)).friends, [(two, "user 2")])
        await self.store.friends.add(two, one)
