"""A device is taken over while its login still waits for the place."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from chatserver.bus.events import DeviceTaken
from chatserver.store.places import Claimed, Place
from tests.server.messages import login
from tests.support.servers import ServerCase


class SlowPlaces:
    """Places, of which the next one is given only when the test says so."""

    def __init__(self, places: Any) -> None:
        self._places = places
        self.asked: Deferred[Place] = Deferred()
        self.go_on: Deferred[None] = Deferred()
        self.released: Deferred[None] = Deferred()

    async def claim(self, place: Place, *, exclusive: bool) -> Claimed:
        claimed: Claimed = await self._places.claim(place, exclusive=exclusive)
        self.asked.callback(place)
        await self.go_on
        return claimed

    async def release(self, place: Place) -> bool:
        self.released.callback(None)
        released: bool = await self._places.release(place)
        return released

    def __getattr__(self, name: str) -> Any:
        return getattr(self._places, name)


class DisplacedTests(ServerCase):
    def setUp(self) -> None:
        super().setUp()
        node: Any = self.server._node
        self.entries = node.entries
        self.places = self.entries._places = SlowPlaces(self.entries._places)

    async def test_the_login_that_lost_its_place_is_sent_away(self) -> None:
        li = self.add_account()
        client = await self.connect()
        client.send(login(li, device="phone"))
        place = await self.places.asked
        self.entries.device_taken(DeviceTaken(account=li, holder=place.holder))
        self.places.go_on.callback(None)
        self.assertEqual((await client.next(msgid=17))["reason"], "replaced")
        await self.places.released
        self.assertEqual(self.entries._displaced, set())

    async def test_nothing_is_remembered_of_one_whose_client_has_gone_meanwhile(self) -> None:
        li = self.add_account()
        client = await self.connect()
        client.send(login(li, device="phone"))
        place = await self.places.asked
        self.entries.device_taken(DeviceTaken(account=li, holder=place.holder))
        node: Any = self.server._node
        client.cut()
        while len(node.connections):
            await client.sent()
        self.places.go_on.callback(None)
        await self.places.released
        self.assertEqual(self.entries._displaced, set())
