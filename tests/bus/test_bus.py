"""The bus of a single node."""

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
