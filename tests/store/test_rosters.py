"""Groups with their members, remembered up to a bound."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatserver.store.groups import Group, Member
from chatserver.store.rosters import Roster, Rosters


def roster(conversation: int, members: int) -> Roster:
    group = Group(conversation, conversation, "g", "")
    return Roster(group, [Member(id, f"user {id}", "normal") for id in range(members)])


class RosterTests(SynchronousTestCase):
    def known(self, rosters: Rosters) -> list[int]:
        return [at for at in range(10) if rosters.known(at) is not None]

    def test_the_oldest_go_when_there_are_too_many_members(self) -> None:
        rosters = Rosters(10)
        for conversation in (1, 2, 3):
            rosters.put(roster(conversation, 4))
        self.assertEqual(self.known(rosters), [2, 3])

    def test_a_newer_roster_of_a_group_takes_the_place_of_the_older(self) -> None:
        rosters = Rosters(10)
        for members in (3, 4, 5):
            rosters.put(roster(1, members))
        rosters.put(roster(2, 5))
        self.assertEqual(self.known(rosters), [1, 2])
        found = rosters.known(1)
        assert found is not None
        self.assertEqual(len(found.members), 5)

    def test_one_that_is_too_large_is_not_kept(self) -> None:
        rosters = Rosters(10)
        rosters.put(roster(1, 2))
        rosters.put(roster(2, 11))
        self.assertEqual(self.known(rosters), [])
        rosters.put(roster(3, 10))
        self.assertEqual(self.known(rosters), [3])
