"""How often the bus turns to Redis, which must not grow with the events of a turn."""

from __future__ import annotations

import re
from typing import Any

from chatserver.bus.events import AnyEvent, PresenceChanged
from tests.bus.test_redis import RedisCase
from tests.support.waiting import until

EVENTS: list[AnyEvent] = [PresenceChanged(account=number, state="online") for number in range(100)]


class WriteTests(RedisCase):
    def setUp(self) -> Any:
        self.start_redis()

    async def test_a_turn_is_one_write_with_a_publication_for_each_topic(self) -> None:
        here: Any = await self.node("a")
        there = await self.node("b")
        topics = [f"account:{number}" for number in range(20)]
        await there.subscribe(topics)
        transport = here._publisher.protocol.transport
        write, written = transport.write, []

        def noted(data: bytes) -> None:
            written.append(data)
            write(data)

        transport.write = noted
        for wanted in (topics[:1], topics[:2], topics):
            there.events.clear()
            written.clear()
            for event in EVENTS:
                here.publish(wanted, event)
            await until(lambda: len(there.events) == len(EVENTS) * len(wanted))  # noqa: B023
            told = [found for data in written if (found := _topics(data))]
            self.assertEqual(told, [wanted])


def _topics(written: bytes) -> list[str]:
    """The topics of the publications that are in a write; beats come when they come."""
    channels = re.findall(rb"PUBLISH\r\n\$\d+\r\nchatserver:chat:(\S+)\r\n", written)
    return [topic.decode() for topic in channels if topic != b"nodes"]
