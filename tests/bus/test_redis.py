"""The bus on a real Redis: what arrives, and what is told when something may not have."""

from __future__ import annotations

import signal
from typing import Any

from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from chatserver.bus.events import AnyEvent, PresenceChanged, SignalSent
from chatserver.bus.redis import RedisBus
from chatserver.bus.redis_address import address_of
from cluster.redis import Certificate
from tests.support.certificates import make_certificates
from tests.support.folders import temporary_folder
from tests.support.logs import listen
from tests.support.redis import running_redis
from tests.support.waiting import reactor, until

ONLINE = PresenceChanged(account=1, state="online")
OFFLINE = PresenceChanged(account=1, state="offline")


class Heard(RedisBus):
    """A bus that notes what it brings."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name.rjust(16, "-")
        super().__init__(address_of(url, reactor), self.name, reactor)
        self.events: list[AnyEvent] = []
        self.losses = 0
        self.listen(self.events.append)
        self.on_loss(self._lost)

    def _lost(self) -> None:
        self.losses += 1


class RedisCase(TestCase):
    """A Redis, and nodes on it."""

    timeout = 60

    def start_redis(self, **options: Any) -> None:
        self.redis = running_redis(self, **options)
        self.url = f"redis://127.0.0.1:{self.redis.port}"

    async def node(self, name: str, chat: str = "chat", url: str = "") -> Heard:
        """A node that is connected."""
        bus = Heard(url or self.url, name)
        self.addCleanup(bus.stop)
        bus.start(chat)
        await until(lambda: bus.is_whole, f"node {name} is connected")
        return bus

    def logged(self) -> list[str]:
        """What the bus logs from now on."""
        return listen(self, ".bus.")


class DeliveryTests(RedisCase):
    def setUp(self) -> None:
        self.start_redis()

    async def test_who_subscribed_hears_on_whatever_node(self) -> None:
        here, there = await self.node("a"), await self.node("b")
        await here.subscribe(["x"])
        await there.subscribe(["x", "y"])
        here.publish(["x"], ONLINE)
        self.assertEqual(here.events, [ONLINE], "without a detour")
        await until(lambda: there.events == [ONLINE])
        here.publish(["y"], OFFLINE)
        await until(lambda: there.events == [ONLINE, OFFLINE])
        self.assertEqual(here.events, [ONLINE], "its own events come back to nobody")

    async def test_the_time_that_an_event_takes_is_known(self) -> None:
        here = await self.node("a")
        await until(lambda: here.lag > 0)
        usual = here.longest_lag
        self.assertLess(usual, 1)
        self.redis.process.send_signal(signal.SIGSTOP)
        await until(lambda: here.lag > usual + 0.4)
        self.redis.process.send_signal(signal.SIGCONT)
        self.assertGreater(here.longest_lag, usual + 0.4)
        await until(lambda: here.lag < 0.4)
        self.assertGreater(here.longest_lag, usual + 0.4, "it is not forgotten at once")

    async def test_a_topic_is_subscribed_to_when_subscribe_returns(self) -> None:
        here, there = await self.node("a"), await self.node("b")
        for number in range(50):
            await there.subscribe([f"t{number}"])
            here.publish([f"t{number}"], PresenceChanged(account=number, state="online"))
        await until(lambda: len(there.events) == 50)

    async def test_events_of_a_node_come_in_order(self) -> None:
        here, there = await self.node("a"), await self.node("b")
        await there.subscribe(["x"])
        sent = [SignalSent(sender=number, data=b"{}", toid=1) for number in range(3000)]
        for at, event in enumerate(sent):
            here.publish(["x"], event)
            if at % 100 == 0:
                await deferLater(reactor, 0)
        await until(lambda: len(there.events) == len(sent))
        self.assertEqual(there.events, sent)

    async def test_thousands_of_topics_at_once_and_again(self) -> None:
        here, there = await self.node("a"), await self.node("b")
        topics = [f"t{number}" for number in range(5000)]
        for _ in range(3):
            await there.subscribe(topics)
            there.unsubscribe(topics[:2500])
        await there.subscribe(["last"])
        for topic in (topics[0], topics[-1], "last"):
            here.publish([topic], ONLINE)
        await until(lambda: len(there.events) == 2)
        channels = self.redis.command("PUBSUB", "NUMSUB", "chatserver:chat:t0").splitlines()
        self.assertEqual(channels[-1], "0")

    async def test_who_unsubscribed_hears_no_longer(self) -> None:
        here, there = await self.node("a"), await self.node("b")
        await there.subscribe(["x", "y"])
        there.unsubscribe(["x", "never subscribed"])
        await there.subscribe(["z"])
        for topic in ("x", "y"):
            here.publish([topic], ONLINE)
        await until(lambda: there.events)
        self.assertEqual(there.events, [ONLINE])

    async def test_another_chat_on_the_same_redis_is_not_heard(self) -> None:
        here, there = await self.node("a"), await self.node("b", chat="another")
        for bus in (here, there):
            await bus.subscribe(["x"])
        there.publish(["x"], ONLINE)
        here.publish(["x"], OFFLINE)
        await deferLater(reactor, 0.3)
        self.assertEqual((here.events, there.events), ([OFFLINE], [ONLINE]))

    async def test_a_database_number_does_no_harm(self) -> None:
        here = await self.node("a", url=self.url + "/3")
        there = await self.node("b")
        await there.subscribe(["x"])
        here.publish(["x"], ONLINE)
        await until(lambda: there.events)

    async def test_what_a_newer_node_says_is_skipped_and_logged_once(self) -> None:
        here, there = await self.node("a"), await self.node("b")
        await there.subscribe(["x"])
        await deferLater(reactor, 0.1)
        there.losses = 0
        texts = self.logged()
        for _ in range(3):
            self.redis.command("PUBLISH", "chatserver:chat:x", "another node id.\x91\xa3new")
        here.publish(["x"], ONLINE)
        await until(lambda: there.events == [ONLINE])
        self.assertEqual(len(texts), 1, texts)
        self.assertIn("version", texts[0])
        self.assertEqual(there.losses, 3, "it may have been a message")

    async def test_a_stop_sends_what_was_published(self) -> None:
        here, there = await self.node("a"), await self.node("b")
        await there.subscribe(["x"])
        here.publish(["x"], ONLINE)
        await here.stop()
        await until(lambda: there.events == [ONLINE])
        await here.stop()


class LossTests(RedisCase):
    """Everything that can happen to the connections."""

    def setUp(self) -> None:
        self.start_redis()

    async def two(self) -> tuple[Heard, Heard]:
        """Two nodes that expect each other, and hear of one topic."""
        here, there = await self.node("a"), await self.node("b")
        for bus in (here, there):
            bus.expect([here.name, there.name])
            await bus.subscribe(["x"])
        await until(lambda: here.is_whole and there.is_whole)
        await deferLater(reactor, 0.1)
        here.losses = there.losses = 0
        return here, there

    async def assert_heard(self, here: Heard, there: Heard) -> None:
        """What one publishes arrives at the other."""
        there.events.clear()
        here.publish(["x"], ONLINE)
        await until(lambda: there.events == [ONLINE], "what was published arrived")

    async def test_a_restart_of_redis(self) -> None:
        here, there = await self.two()
        texts = self.logged()
        self.redis.kill()
        await until(lambda: not here.is_whole)
        await there.subscribe(["meanwhile"])
        for _ in range(100):
            here.publish(["x"], ONLINE)
        self.assertEqual(len(here.events), 100, "this node does not need Redis")
        await deferLater(reactor, 1.0)
        self.redis.start()
        await until(lambda: here.is_whole and there.is_whole)
        self.assertGreaterEqual(there.losses, 1)
        await self.assert_heard(here, there)
        here.publish(["meanwhile"], OFFLINE)
        await until(lambda: OFFLINE in there.events)
        down = [text for text in texts if "can't use Redis" in text]
        self.assertEqual(len(down), 2, "once for each node")
        self.assertEqual(len([text for text in texts if "works again" in text]), 2)

    async def test_a_subscriber_that_redis_cuts_off(self) -> None:
        here, there = await self.two()
        self.redis.command("CLIENT", "KILL", "TYPE", "pubsub")
        await until(lambda: there.losses and here.losses)
        await until(lambda: here.is_whole and there.is_whole)
        await self.assert_heard(here, there)

    async def test_what_is_published_when_the_subscriber_is_lost_arrives(self) -> None:
        here, there = await self.two()
        here._subscriber.abort()  # which is noticed in the reactor's next turn
        here.publish(["x"], ONLINE)
        await until(lambda: ONLINE in there.events, "what was published arrived")

    async def test_a_publisher_that_redis_cuts_off_tells_the_others(self) -> None:
        here, there = await self.two()
        self.redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await until(lambda: there.losses and here.losses and here.is_whole)
        await self.assert_heard(here, there)

    async def test_a_subscriber_that_is_too_slow_for_redis(self) -> None:
        here, there = await self.two()
        self.redis.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 200kb 0 0")
        texts = ["x" * 4000] * 4000
        for text in texts:
            here.publish(["x"], SignalSent(sender=1, data=text.encode(), toid=1))
        await until(lambda: there.losses)
        await until(lambda: there.is_whole and here.is_whole)
        await self.assert_heard(here, there)

    async def test_a_redis_that_hangs(self) -> None:
        here, there = await self.two()
        self.redis.process.send_signal(signal.SIGSTOP)
        try:
            await until(lambda: not here.is_whole and not there.is_whole)
            await deferLater(reactor, 3.0)
            await here.subscribe(["while it hangs"])
        finally:
            self.redis.process.send_signal(signal.SIGCONT)
        await until(lambda: here.is_whole and there.is_whole)
        self.assertGreaterEqual(there.losses, 1)
        await self.assert_heard(here, there)

    async def test_a_node_that_is_not_heard_is_missed(self) -> None:
        here, there = await self.two()
        await there.stop()
        self.assertTrue(here.hears(there.name))
        await until(lambda: not here.is_whole)
        self.assertFalse(here.hears(there.name))
        here.expect([here.name])
        self.assertTrue(here.is_whole)

    async def test_a_new_node_has_a_moment_to_be_heard(self) -> None:
        here = await self.node("a")
        here.expect([here.name, "b".rjust(16, "-")])
        self.assertTrue(here.is_whole)
        await until(lambda: not here.is_whole)
        await self.node("b")
        await until(lambda: here.is_whole)

    async def test_told_losses_reach_all(self) -> None:
        here, there = await self.two()
        here.tell_loss()
        self.assertEqual(here.losses, 1)
        await until(lambda: there.losses == 1)

    async def test_redis_that_is_not_there_at_the_start(self) -> None:
        self.redis.kill()
        bus = Heard(self.url, "a")
        self.addCleanup(bus.stop)
        texts = self.logged()
        bus.start("chat")
        await bus.subscribe(["x"])
        await until(lambda: texts)
        self.assertFalse(bus.is_whole)
        self.assertIn("refused", texts[0])
        self.redis.start()
        await until(lambda: bus.is_whole)
        await self.assert_heard(await self.node("b"), bus)


class PasswordTests(RedisCase):
    async def test_a_password(self) -> None:
        self.start_redis(password="p:w/d")
        url = f"redis://:p%3Aw%2Fd@127.0.0.1:{self.redis.port}"
        here, there = await self.node("a", url=url), await self.node("b", url=url)
        await there.subscribe(["x"])
        here.publish(["x"], ONLINE)
        await until(lambda: there.events)

    async def test_a_user_with_few_rights(self) -> None:
        user = "user chat on >secret resetchannels &chatserver:* -@all +publish +subscribe"
        self.start_redis(config=[user + " +unsubscribe +ping"])
        url = f"redis://chat:secret@127.0.0.1:{self.redis.port}"
        here, there = await self.node("a", url=url), await self.node("b", url=url)
        await there.subscribe(["x"])
        there.unsubscribe(["x"])
        await there.subscribe(["y"])
        here.publish(["y"], ONLINE)
        await until(lambda: there.events)

    async def test_a_wrong_password_is_told_once_and_can_be_set_right(self) -> None:
        self.start_redis(password="secret")
        bus = Heard(f"redis://:wrong@127.0.0.1:{self.redis.port}", "a")
        self.addCleanup(bus.stop)
        texts = self.logged()
        bus.start("chat")
        await until(lambda: texts, "told")
        await deferLater(reactor, 1.5)
        self.assertEqual(len(texts), 1, "once for both connections")
        self.assertIn("WRONGPASS", texts[0])
        self.assertNotIn("wrong@", "".join(texts))
        self.redis.command("CONFIG", "SET", "requirepass", "wrong")
        await until(lambda: bus.is_whole)

    async def test_a_user_who_may_not_publish_is_told_why(self) -> None:
        user = "user chat on >secret resetchannels &chatserver:* -@all +subscribe +ping"
        self.start_redis(config=[user])
        bus = Heard(f"redis://chat:secret@127.0.0.1:{self.redis.port}", "a")
        self.addCleanup(bus.stop)
        texts = self.logged()
        bus.start("chat")
        await until(lambda: bus.is_whole)
        for number in range(100):
            bus.publish([f"t{number}"], ONLINE)
        await until(lambda: any("publish" in text for text in texts))
        await until(lambda: not bus.is_whole)
        self.assertLess(len(texts), 10, "once for a connection, not for each refusal")

    async def test_a_user_who_may_not_subscribe_is_told_why(self) -> None:
        user = "user chat on >secret resetchannels &another:* -@all +publish +subscribe +ping"
        self.start_redis(config=[user])
        bus = Heard(f"redis://chat:secret@127.0.0.1:{self.redis.port}", "a")
        self.addCleanup(bus.stop)
        texts = self.logged()
        bus.start("chat")
        await until(lambda: any("channel" in text for text in texts))
        self.assertFalse(bus.is_whole)
        await deferLater(reactor, 1.0)
        self.assertLessEqual(len(texts), 2)


class TlsTests(RedisCase):
    """rediss:// with real certificates."""

    def setUp(self) -> None:
        folder = temporary_folder(self)
        self.made = make_certificates(folder)
        cert, key = self.made.certificate, self.made.key
        self.start_redis(tls=Certificate(ca=self.made.authority_file, cert=cert, key=key))
        self.mine = f"cert={cert}&key={key}"

    def url_of(self, host: str, options: str) -> str:
        return f"rediss://{host}:{self.redis.port}?{options}"

    async def refused(self, url: str) -> str:
        """Why a connection does not come up."""
        bus = Heard(url, "a")
        self.addCleanup(bus.stop)
        texts = self.logged()
        bus.start("chat")
        await until(lambda: texts)
        self.assertFalse(bus.is_whole)
        return texts[0]

    async def test_events_travel(self) -> None:
        url = self.url_of("localhost", f"ca={self.made.authority_file}&{self.mine}")
        here, there = await self.node("a", url=url), await self.node("b", url=url)
        await there.subscribe(["x"])
        here.publish(["x"], ONLINE)
        await until(lambda: there.events == [ONLINE])

    async def test_an_authority_that_is_not_trusted_is_refused(self) -> None:
        self.assertIn("certificate", await self.refused(self.url_of("localhost", self.mine)))

    async def test_another_host_s_certificate_is_refused(self) -> None:
        url = self.url_of("127.0.0.1", f"ca={self.made.authority_file}&{self.mine}")
        self.assertIn("can't use Redis", await self.refused(url))

    async def test_who_shows_no_certificate_is_refused_by_redis(self) -> None:
        url = self.url_of("localhost", f"ca={self.made.authority_file}")
        self.assertIn("can't use Redis", await self.refused(url))
