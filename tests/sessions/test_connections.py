"""Who gives way when there are too many connections."""

from __future__ import annotations

import resource

from twisted.trial.unittest import SynchronousTestCase

from chatserver.sessions.connections import Connections, Room, room, room_for_visitors


class FakeClient:
    """Remembers what it was asked to do."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self.opened = 0.0
        self.calls: list[str] = []
        connections.add(self)

    def abort(self) -> None:
        self.calls.append("abort")

    def time_out(self) -> None:
        self.calls.append("time out")

    def give_way(self) -> None:
        self.calls.append("give way")

    def turn_away(self) -> None:
        self.calls.append("turn away")

    def go(self, reason: str | None = None) -> None:
        self._connections.remove(self, reason)


class ConnectionsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.connections = Connections(Room(3, 6))

    def come(self, count: int = 1) -> list[FakeClient]:
        return [FakeClient(self.connections) for _ in range(count)]

    def test_up_to_the_limit_nobody_is_bothered(self) -> None:
        clients = self.come(3)
        self.assertEqual([client.calls for client in clients], [[], [], []])

    def test_the_one_that_waits_longest_gives_way(self) -> None:
        first, second, third, fourth, fifth = self.come(5)
        self.assertEqual(first.calls, ["give way"])
        self.assertEqual(second.calls, ["give way"])
        self.assertEqual(third.calls + fourth.calls + fifth.calls, [])

    def test_who_is_logged_in_stays(self) -> None:
        first, second, third = self.come(3)
        self.connections.logged_in(first)
        self.come()
        self.assertEqual(first.calls, [])
        self.assertEqual(second.calls, ["give way"])
        self.assertEqual(third.calls, [])

    def test_who_has_logged_out_waits_from_then_on(self) -> None:
        first, second, third = self.come(3)
        self.connections.logged_in(first)
        self.connections.logged_out(first)
        self.come(2)
        self.assertEqual(second.calls + third.calls, ["give way", "give way"])
        self.assertEqual(first.calls, [])
        self.come()
        self.assertEqual(first.calls, ["give way"])

    def test_where_all_are_logged_in_the_newest_is_turned_away(self) -> None:
        for client in self.come(3):
            self.connections.logged_in(client)
        [newest] = self.come()
        self.assertEqual(newest.calls, ["turn away"])
        newest.go("protocol")
        self.assertEqual(self.connections.closed, {"overload": 1})

    def test_a_place_that_has_become_free_is_given_again(self) -> None:
        first, second, third = self.come(3)
        self.come()
        first.go()
        second.go()
        [last] = self.come()
        self.assertEqual(third.calls + last.calls, [])

    def test_where_many_have_to_go_they_go_without_a_word(self) -> None:
        clients = self.come(7)
        calls = [call for client in clients for call in client.calls]
        self.assertEqual(calls, ["give way"] * 3 + ["abort"])

    def test_there_is_an_end_to_those_that_are_being_closed(self) -> None:
        for expected in [True] * 9 + [False]:
            self.assertEqual(self.connections.admits(), expected)
            if expected:
                self.come()
        self.assertEqual(self.connections.closed, {"overload": 1})
        self.assertEqual(self.connections.opened, 10)

    def test_one_that_is_gone_does_not_come_back_by_its_logout(self) -> None:
        [client] = self.come()
        self.connections.logged_in(client)
        client.go()
        self.connections.logged_out(client)
        self.come(4)
        self.assertEqual(client.calls, [])

    def test_reasons_are_counted(self) -> None:
        for reason in (None, "slow", "slow"):
            self.come()[0].go(reason)
        self.assertEqual(self.connections.closed, {"client": 1, "slow": 2})


class RoomTests(SynchronousTestCase):
    """Never more than there may be open files."""

    def setUp(self) -> None:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        self.hard = before[1]

    def room_with(self, files: int, wanted: int = 50_000) -> Room:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, self.hard))
        return room(wanted)

    def test_some_files_are_left_for_the_rest(self) -> None:
        for files in (256, 1024, 4096):
            found = self.room_with(files)
            self.assertLessEqual(sum(found) + 64, files)
            self.assertGreater(found.connections, files / 2 - 1)

    def test_so_are_some_for_visitors_of_the_web(self) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, self.hard))
        self.assertEqual(room_for_visitors(), 512)
        without, with_web = room(50_000), room(50_000, has_web=True)
        self.assertEqual(without.connections - with_web.connections, 512)

    def test_the_setting_counts_where_there_are_enough(self) -> None:
        self.assertEqual(self.room_with(4096, wanted=2000).connections, 2000)

    def test_with_hardly_any_there_is_still_one(self) -> None:
        self.assertEqual(self.room_with(64).connections, 1)
