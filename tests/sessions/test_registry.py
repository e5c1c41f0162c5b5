"""The sessions of a node, by account, by group and by friend."""

from __future__ import annotations

from typing import cast

from twisted.trial.unittest import SynchronousTestCase

from chatserver.sessions.registry import GroupPlace, LocalAccount, Registry, Vacated
from chatserver.sessions.session import Session


def account(id: int) -> LocalAccount:
    return LocalAccount(id, f"user {id}")


def session() -> Session:
    return cast(Session, object())


class RegistryTests(SynchronousTestCase):
    """Who is here, and what has to be listened to for them."""

    def setUp(self) -> None:
        self.registry = Registry()

    def _add(self, id: int) -> tuple[LocalAccount, Session]:
        local, one = account(id), session()
        self.registry.add(local, one)
        return local, one

    def test_an_account_is_here_while_it_has_a_session(self) -> None:
        local, first = self._add(1)
        second = session()
        self.registry.add(local, second)
        self.assertIs(self.registry.account(1), local)
        self.assertEqual(local.sessions, (first, second))
        self.assertEqual(self.registry.remove(local, first), Vacated([], [], []))
        self.assertIs(self.registry.account(1), local)
        self.assertEqual(local.sessions, (second,))
        self.assertEqual(self.registry.remove(local, second), Vacated([1], [], []))
        self.assertIsNone(self.registry.account(1))

    def test_an_account_is_one_object(self) -> None:
        self._add(1)
        self.assertRaises(AssertionError, self.registry.add, account(1), session())

    def test_members_of_a_group_with_where_they_joined(self) -> None:
        one, _ = self._add(1)
        two, _ = self._add(2)
        self.registry.add_group(one, 9, GroupPlace(90, 0))
        self.registry.add_group(two, 9, GroupPlace(90, 5))
        self.assertEqual(dict(self.registry.members(90)), {one: 0, two: 5})
        self.assertEqual(dict(self.registry.members(91)), {})
        self.assertEqual(two.groups, {9: GroupPlace(90, 5)})

    def test_a_member_counts_once_however_often_it_is_added(self) -> None:
        one, _ = self._add(1)
        for _ in range(2):
            self.registry.add_group(one, 9, GroupPlace(90, 3))
        self.assertEqual(list(self.registry.members(90)), [(one, 3)])

    def test_watchers_of_a_friend(self) -> None:
        one, _ = self._add(1)
        two, _ = self._add(2)
        for local in (one, two, one):
            self.registry.add_friend(local, 3)
        self.assertEqual(set(self.registry.watchers(3)), {one, two})
        self.assertEqual(set(self.registry.watchers(1)), set())

    def test_who_leaves_takes_with_it_what_only_it_wanted(self) -> None:
        one, first = self._add(1)
        two, second = self._add(2)
        self.registry.add_group(one, 9, GroupPlace(90, 0))
        self.registry.add_group(two, 9, GroupPlace(90, 0))
        self.registry.add_group(one, 8, GroupPlace(80, 0))
        self.registry.add_friend(one, 3)
        self.registry.add_friend(two, 3)
        self.registry.add_friend(one, 2)
        self.assertEqual(self.registry.remove(one, first), Vacated([1], [80], [2]))
        self.assertEqual(dict(self.registry.members(90)), {two: 0})
        self.assertEqual(set(self.registry.watchers(3)), {two})
        self.assertEqual(self.registry.remove(two, second), Vacated([2], [90], [3]))
        self.assertEqual(list(self.registry.members(90)), [])
        self.assertEqual(list(self.registry.watchers(3)), [])

    def test_who_comes_back_begins_anew(self) -> None:
        one, first = self._add(1)
        self.registry.add_group(one, 9, GroupPlace(90, 0))
        self.registry.remove(one, first)
        again, _ = self._add(1)
        self.assertEqual(list(self.registry.members(90)), [])
        self.assertEqual(again.groups, {})
