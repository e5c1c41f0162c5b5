"""The bus and the places of a single node."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from chatserver.bus.bus import LocalBus
from chatserver.bus.events import (
    AnyEvent,
    PresenceChanged,
    of_account,
    of_group,
    of_presence,
)
from chatserver.bus.places import LocalPlaces
from chatserver.errors import InUse

ONLINE = PresenceChanged(account=1, state="online")
OFFLINE = PresenceChanged(account=1, state="offline")


class LocalBusTests(TestCase):
    """At once, in order, exactly once."""

    def setUp(self) -> None:
        self.bus = LocalBus()
        self.heard: list[AnyEvent] = []
        self.bus.listen(self.heard.append)

    async def test_who_subscribed_hears(self) -> None:
        await self.bus.subscribe(["a", "b"])
        self.bus.publish(["a"], ONLINE)
        self.bus.publish(["b"], OFFLINE)
        self.bus.publish(["c"], ONLINE)
        self.assertEqual(self.heard, [ONLINE, OFFLINE])

    async def test_an_event_for_two_topics_comes_once(self) -> None:
        await self.bus.subscribe(["a", "b"])
        self.bus.publish(["b", "c", "a"], ONLINE)
        self.assertEqual(self.heard, [ONLINE])

    async def test_who_unsubscribed_hears_no_longer(self) -> None:
        await self.bus.subscribe(["a", "b"])
        self.bus.unsubscribe(["a", "never subscribed"])
        self.bus.publish(["a"], ONLINE)
        self.assertEqual(self.heard, [])
        self.bus.publish(["b"], ONLINE)
        self.assertEqual(self.heard, [ONLINE])

    def test_without_a_listener_nothing_happens(self) -> None:
        LocalBus().publish(["a"], ONLINE)

    def test_topics_are_all_different(self) -> None:
        topics = [of(id) for of in (of_account, of_group, of_presence) for id in (1, 11)]
        self.assertEqual(len(set(topics)), len(topics))


class LocalPlacesTests(TestCase):
    """One holder for each device."""

    def setUp(self) -> None:
        self.places = LocalPlaces()

    async def _claim(self, device: str, holder: str, *, exclusive: bool = False) -> bool:
        return await self.places.claim(1, device, holder, exclusive=exclusive)

    async def test_the_first_device_brings_the_account_online(self) -> None:
        self.assertTrue(await self._claim("phone", "a"))
        self.assertFalse(await self._claim("laptop", "b"))
        self.assertEqual(await self.places.online([1, 2]), {1})

    async def test_the_last_device_takes_it_offline(self) -> None:
        await self._claim("phone", "a")
        await self._claim("laptop", "b")
        self.assertFalse(await self.places.release(1, "phone", "a"))
        self.assertTrue(await self.places.release(1, "laptop", "b"))
        self.assertEqual(await self.places.online([1]), set())
        self.assertTrue(await self._claim("phone", "c"))

    async def test_an_exclusive_claim_is_refused_while_the_place_is_taken(self) -> None:
        await self._claim("", "a", exclusive=True)
        with self.assertRaises(InUse):
            await self._claim("", "b", exclusive=True)
        self.assertFalse(await self._claim("phone", "c", exclusive=True))
        await self.places.release(1, "", "a")
        self.assertFalse(await self._claim("", "b", exclusive=True))

    async def test_a_refused_claim_changes_nothing(self) -> None:
        await self._claim("", "a", exclusive=True)
        with self.assertRaises(InUse):
            await self._claim("", "b", exclusive=True)
        self.assertFalse(await self.places.release(1, "", "b"))
        self.assertTrue(await self.places.release(1, "", "a"))

    async def test_any_other_claim_takes_the_place_over(self) -> None:
        await self._claim("phone", "a")
        self.assertFalse(await self._claim("phone", "b"))
        self.assertFalse(await self.places.release(1, "phone", "a"), "it lost the place")
        self.assertEqual(await self.places.online([1]), {1})
        self.assertTrue(await self.places.release(1, "phone", "b"))

    async def test_releasing_what_one_does_not_hold_changes_nothing(self) -> None:
        self.assertFalse(await self.places.release(1, "phone", "a"))
        await self._claim("phone", "a")
        self.assertFalse(await self.places.release(1, "laptop", "a"))
        self.assertFalse(await self.places.release(2, "phone", "a"))
        self.assertTrue(await self.places.release(1, "phone", "a"))
        self.assertFalse(await self.places.release(1, "phone", "a"))
