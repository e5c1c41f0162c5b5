"""What the bus asks of Redis, so that it can be sharded: a channel at a time, and no data."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from chatserver.bus.events import PresenceChanged, SignalSent
from tests.bus.test_redis import RedisCase
from tests.support.waiting import reactor, until

#: What has a sharded twin, and what is about one's own connection only.
ALLOWED = {"SUBSCRIBE", "UNSUBSCRIBE", "PUBLISH", "PING"}


class ChannelTests(RedisCase):
    """MONITOR sees every command that Redis gets."""

    def setUp(self) -> None:
        self.start_redis()
        self.monitor = socket.create_connection(("127.0.0.1", self.redis.port), 10)
        self.addCleanup(self.monitor.close)
        self.monitor.sendall(b"MONITOR\r\n")

    async def test_every_command_names_its_channels_and_nothing_is_stored(self) -> None:
        here, there = await self.node("a"), await self.node("b")
        for bus in (here, there):
            bus.expect([here.name, there.name])
            await bus.subscribe(["account:1", "group:2", "presence:3"])
        here.publish(["account:1"], PresenceChanged(account=1, state="online"))
        here.publish(["group:2", "account:1"], SignalSent(sender=1, data=b"{}", toid=1))
        here.tell_loss()
        await until(lambda: len(there.events) == 3)
        there.unsubscribe(["group:2"])
        self.redis.command("CLIENT", "KILL", "TYPE", "pubsub")
        await until(lambda: there.losses > 1 and there.is_whole)
        await deferLater(reactor, 0.6)
        commands = await deferToThread(self._seen)
        self.assertEqual({name for name, _ in commands} - ALLOWED, set())
        for name, channels in commands:
            if name != "PING":
                self.assertTrue(channels, name)
            for channel in channels[:1] if name == "PUBLISH" else channels:
                self.assertRegex(channel, r"^chatserver:chat:[a-z]+(:\w+)?$")
        self.assertEqual(self.redis.command("DBSIZE"), "0")

    def _seen(self) -> list[tuple[str, list[str]]]:
        """The nodes' commands and what they name, as MONITOR shows them."""
        self.monitor.settimeout(0.5)
        seen = b""
        while True:
            try:
                seen += self.monitor.recv(65536)
            except TimeoutError:
                break
            if seen.count(b"\n") > 60:
                break
        lines: list[Any] = [line.split('"')[1::2] for line in seen.decode().splitlines()[1:]]
        own = {"client", "dbsize", "config", "command"}  # the test's
        return [(words[0].upper(), words[1:]) for words in lines if words[0].lower() not in own]
