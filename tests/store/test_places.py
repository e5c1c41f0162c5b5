"""Places: one holder for each device, on one node and on several."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import TestCase

from chatserver.errors import InUse, TryAgain
from chatserver.store.places import Claimed, LocalPlaces, Place, Places
from chatserver.store.shared_places import SharedPlaces
from tests.store.cases import StoreCase, error_of, together


class PlacesTests(TestCase):
    """One holder for each device."""

    node = "node a"

    def setUp(self) -> None:
        self.places: Places = LocalPlaces()

    def place(self, device: str, holder: str) -> Place:
        return Place(1, device, self.node, holder)

    async def claim(self, device: str, holder: str, *, exclusive: bool = False) -> Claimed:
        return await self.places.claim(self.place(device, holder), exclusive=exclusive)

    async def release(self, device: str, holder: str) -> bool:
        return await self.places.release(self.place(device, holder))

    async def test_the_first_device_brings_the_account_online(self) -> None:
        self.assertEqual(await self.claim("phone", "a"), Claimed(True, None))
        self.assertEqual(await self.claim("laptop", "b"), Claimed(False, None))
        self.assertEqual(await self.places.online([1, 2]), {1})
        self.assertEqual(await self.places.nodes_of(1), {self.node})
        self.assertEqual(await self.places.nodes_of(2), set())

    async def test_the_last_device_takes_it_offline(self) -> None:
        await self.claim("phone", "a")
        await self.claim("laptop", "b")
        self.assertFalse(await self.release("phone", "a"))
        self.assertTrue(await self.release("laptop", "b"))
        self.assertEqual(await self.places.online([1]), set())
        self.assertTrue((await self.claim("phone", "c")).is_first)

    async def test_an_exclusive_claim_is_refused_while_the_place_is_taken(self) -> None:
        await self.claim("", "a", exclusive=True)
        self.assertIsInstance(await error_of(self.claim("", "b", exclusive=True)), InUse)
        self.assertFalse((await self.claim("phone", "c", exclusive=True)).is_first)
        await self.release("", "a")
        self.assertFalse((await self.claim("", "b", exclusive=True)).is_first)

    async def test_a_refused_claim_changes_nothing(self) -> None:
        await self.claim("", "a", exclusive=True)
        await error_of(self.claim("", "b", exclusive=True))
        self.assertFalse(await self.release("", "b"))
        self.assertTrue(await self.release("", "a"))

    async def test_any_other_claim_takes_the_place_over(self) -> None:
        await self.claim("phone", "a")
        taken = await self.claim("phone", "b")
        self.assertEqual(taken, Claimed(False, self.place("phone", "a")))
        self.assertFalse(await self.release("phone", "a"), "it lost the place")
        self.assertEqual(await self.places.online([1]), {1})
        self.assertTrue(await self.release("phone", "b"))

    async def test_releasing_what_one_does_not_hold_changes_nothing(self) -> None:
        self.assertFalse(await self.release("phone", "a"))
        await self.claim("phone", "a")
        self.assertFalse(await self.release("laptop", "a"))
        self.assertFalse(await self.places.release(Place(2, "phone", self.node, "a")))
        self.assertTrue(await self.release("phone", "a"))
        self.assertFalse(await self.release("phone", "a"))
        self.assertFalse(await self.places.nodes_of(1))


class SharedPlacesTests(PlacesTests, StoreCase):
    """The same in a database, and for several nodes."""

    async def setUp(self) -> None:  # type: ignore[override]
        StoreCase.setUp(self)
        self.places = self.store.shared_places
        self.other = self.open()
        for store in (self.store, self.other):
            await store.nodes.enter()

    def here(self, holder: str, *, account: int = 1, device: str = "") -> Place:
        return Place(account, device, "a", holder)

    def there(self, holder: str, *, account: int = 1, device: str = "") -> Place:
        return Place(account, device, "b", holder)

    async def test_of_many_exclusive_claims_on_two_nodes_one_wins(self) -> None:
        """For each of several accounts, all at once."""
        accounts = range(1, 11)

        async def won(places: SharedPlaces, place: Place) -> str | None:
            try:
                await places.claim(place, exclusive=True)
            except InUse:
                return None
            return place.holder

        tries = [
            won(store.shared_places, Place(account, "", node, f"{node}.{account}.{number}"))
            for account in accounts
            for number in range(4)
            for node, store in (("a", self.store), ("b", self.other))
        ]
        winners = [winner for winner in await together(*tries) if winner]
        self.assertEqual(sorted(int(name.split(".")[1]) for name in winners), list(accounts))
        rows = self.rows("SELECT holder FROM places")
        self.assertEqual(sorted(winners), sorted(holder for (holder,) in rows))

    async def test_an_exclusive_claim_of_what_one_holds_is_no_conflict(self) -> None:
        await self.claim("", "a", exclusive=True)
        self.assertEqual(await self.claim("", "a", exclusive=True), Claimed(False, None))

    async def test_the_other_node_knows(self) -> None:
        await self.store.shared_places.claim(self.here("x", device="phone"), exclusive=False)
        other = self.other.shared_places
        self.assertEqual(await other.online([1, 2]), {1})
        self.assertEqual(await other.nodes_of(1), {"a"})
        taken = await other.claim(self.there("y", device="phone"), exclusive=False)
        self.assertEqual(taken, Claimed(False, self.here("x", device="phone")))
        self.assertEqual(
            await self.store.shared_places.lost([self.here("x", device="phone")]),
            [self.here("x", device="phone")],
        )

    async def test_of_two_last_devices_that_go_at_once_one_is_the_last(self) -> None:
        for _ in range(10):
            here, there = self.here("x", device="phone"), self.there("y", device="pad")
            await self.store.shared_places.claim(here, exclusive=False)
            await self.other.shared_places.claim(there, exclusive=False)
            last = await together(
                self.store.shared_places.release(here), self.other.shared_places.release(there)
            )
            self.assertEqual(sorted(last), [False, True])

    async def test_a_node_that_was_given_up_can_claim_nothing(self) -> None:
        await self._give_up()
        problem = await error_of(self.claim("phone", "x"))
        self.assertIsInstance(problem, TryAgain)
        self.assertEqual(self.rows("SELECT * FROM places"), [])

    async def test_the_places_of_a_node_that_was_given_up_are_emptied_once(self) -> None:
        accounts = range(1, 1201)
        node = self.rows("SELECT id FROM nodes")[0][0]
        for account in accounts:
            self.execute(f"INSERT INTO places VALUES ({account}, 'phone', '{node}', 'x{account}')")
        self.execute("INSERT INTO places VALUES (7, 'pad', 'another', 'y')")
        self.execute(f"UPDATE nodes SET given_up = 1 WHERE id = '{node}'")
        gone: list[int] = []
        for _ in range(10):
            for found in await together(self.store.nodes.empty(node), self.other.nodes.empty(node)):
                gone += found or []
        self.assertEqual(sorted(gone), [account for account in accounts if account != 7])
        self.assertEqual(self.rows("SELECT account, device FROM places"), [(7, "pad")])
        self.assertNotIn((node,), self.rows("SELECT id FROM nodes"))

    async def test_who_beats_is_not_given_up(self) -> None:
        before = {beat.node: beat for beat in await self.other.nodes.beats()}
        self.assertTrue(await self.store.nodes.beat())
        after = {beat.node: beat for beat in await self.other.nodes.beats()}
        [node] = [node for node in before if before[node] != after[node]]
        self.assertFalse(await self.other.nodes.give_up(before[node]))
        self.assertTrue(await self.other.nodes.give_up(after[node]))
        self.assertFalse(await self.store.nodes.beat())

    async def test_a_release_that_failed_is_made_up_for(self) -> None:
        await self.claim("phone", "x")
        database = self.store.shared_places._database  # to break it
        works = database.write
        database.write = _unreachable  # type: ignore[method-assign, assignment]
        self.assertIsInstance(await error_of(self.release("phone", "x")), TryAgain)
        database.write = works  # type: ignore[method-assign]
        self.assertEqual(await self.store.shared_places.catch_up(), [1])
        self.assertEqual(self.rows("SELECT * FROM places"), [])
        self.assertEqual(await self.store.shared_places.catch_up(), [])

    async def test_a_claim_that_succeeds_after_one_that_failed_stays(self) -> None:
        database = self.store.shared_places._database  # to break it
        works = database.write
        database.write = _unreachable  # type: ignore[method-assign, assignment]
        self.assertIsInstance(await error_of(self.claim("phone", "x")), TryAgain)
        database.write = works  # type: ignore[method-assign]
        await self.claim("phone", "x")
        self.assertEqual(await self.store.shared_places.catch_up(), [])
        self.assertEqual(await self.places.online([1]), {1})

    async def test_a_claim_of_which_nobody_knows_what_became_is_given_back(self) -> None:
        database = self.store.shared_places._database  # to break it
        works = database.write

        async def lost_answer(*args: Any) -> None:
            await works(*args)
            raise TryAgain("the connection broke")

        database.write = lost_answer  # type: ignore[method-assign, assignment]
        self.assertIsInstance(await error_of(self.claim("", "x", exclusive=True)), TryAgain)
        database.write = works  # type: ignore[method-assign]
        self.assertIsInstance(await error_of(self.claim("", "y", exclusive=True)), InUse)
        self.assertEqual(await self.store.shared_places.catch_up(), [1])
        await self.claim("", "y", exclusive=True)

    async def _give_up(self) -> None:
        self.execute("UPDATE nodes SET given_up = 1")


async def _unreachable(*args: object) -> None:
    raise TryAgain("no database")
