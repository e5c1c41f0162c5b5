"""Connections of which too little is heard: PING, GOODBYE idle, and logins that don't come."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from tests.server.messages import ack, chat, login, loginout, register
from tests.support.servers import ServerCase, reactor
from tests.support.wire import WireClient


class IdleCase(ServerCase):
    async def closes_after(self, client: WireClient, least: float, most: float) -> None:
        """The server closes the connection between so many seconds from now."""
        begun = reactor.seconds()
        closed: Deferred[None] = Deferred()
        client.closed.chainDeferred(closed)
        closed.addTimeout(most, reactor)
        await closed
        self.assertGreater(reactor.seconds() - begun, least)


class LoginTimeoutTests(IdleCase):
    settings = {"login_timeout": 0.4}

    async def test_connection_that_sends_nothing_is_closed_without_a_word(self) -> None:
        client = await self.connect()
        await self.closes_after(client, 0.3, 2)
        self.assertEqual(client.reads, [])

    async def test_so_is_one_that_never_ends_its_frame(self) -> None:
        client = await self.connect()
        client.send_bytes(b'{"msgid":1,')
        await self.closes_after(client, 0.3, 2)
        self.assertEqual(client.reads, [])

    async def test_connection_that_does_not_log_in_is_sent_away(self) -> None:
        begun = reactor.seconds()
        client = await self.connect()
        self.assert_errno(await client.ask(login(1)), 1)
        await self.closes_after(client, 0, 2)
        self.assertGreater(reactor.seconds() - begun, 0.3)
        self.assertEqual([frame["msgid"] for frame in client.frames], [17])

    async def test_pings_do_not_count_as_a_login(self) -> None:
        client = await self.connect()
        while not client.is_closed:
            client.send({"msgid": 13})
            await client.quiet(0.05)
        self.assertEqual(client.received[-1]["msgid"], 17)

    async def test_time_begins_again_with_each_reply_to_a_register(self) -> None:
        client = await self.connect()
        for name, errno in (("li", 0), ("li", 1), ("", 102)):
            await client.quiet(0.25)
            self.assertEqual((await client.ask(register(name)))["errno"], errno)
        await client.quiet(0.25)
        self.assertEqual((await client.ask(login(1)))["errno"], 0)

    async def test_what_is_in_progress_then_is_answered(self) -> None:
        await self.restart(login_timeout=0.05)
        client = await self.connect()
        client.send(*(register(f"user {n}", req=n) for n in range(5)))
        for number in range(5):
            self.assertEqual((await client.next(req=number))["errno"], 0)

    async def test_logged_in_connection_stays(self) -> None:
        client = await self.connect()
        li = self.add_account()
        await client.ask(login(li))
        await client.quiet(1.0)
        self.assertEqual((await client.ask(chat(li)))["errno"], 0)

    async def test_time_begins_again_at_a_loginout(self) -> None:
        li, client = await self.user()
        await client.quiet(0.6)
        await client.ask(loginout())
        await client.quiet(0.2)
        self.assertEqual((await client.ask(login(li)))["errno"], 0)
        await client.ask(loginout())
        await self.closes_after(client, 0.3, 2)


class PingIntervalTests(IdleCase):
    settings = {"ping_interval": 0.3}

    async def test_server_pings_a_silent_client_and_goes_on(self) -> None:
        _, client = await self.user()
        begun = reactor.seconds()
        for _ in range(3):
            ping = await client.next(msgid=13)
            self.assertNotIn("req", ping)
        self.assertTrue(0.8 < reactor.seconds() - begun < 3, reactor.seconds() - begun)

    async def test_client_without_ack_need_not_answer(self) -> None:
        li, client = await self.user()
        await client.quiet(1.2)
        self.assertEqual({frame["msgid"] for frame in client.frames}, {13})
        self.assertEqual((await client.ask(chat(li)))["errno"], 0)

    async def test_client_with_ack_that_stays_silent_is_sent_away(self) -> None:
        _, client = await self.user(ack=True)
        await self.closes_after(client, 0.5, 3)
        self.assertEqual(client.frames[0]["msgid"], 13)
        self.assertEqual(client.frames[-1], {"msgid": 17, "reason": "idle"})

    async def test_anything_that_an_ack_client_says_keeps_it(self) -> None:
        li, client = await self.user(ack=True)
        _, sender = await self.user()
        conv = (await sender.ask(chat(li)))["conv"]
        for message in ({"msgid": 14}, ack(conv, 1), {"msgid": 13}, {"msgid": 99}, {"msgid": 14}):
            await client.quiet(0.35)
            client.send(message)
        await client.settled()
        self.assertFalse([frame for frame in client.frames if frame["msgid"] == 17])

    async def test_client_that_talks_is_not_pinged(self) -> None:
        _, client = await self.user(ack=True)
        for _ in range(10):
            await client.quiet(0.1)
            client.send({"msgid": 14})
        await client.settled()
        self.assertEqual(client.frames, [])

    async def test_what_is_pushed_to_a_silent_client_does_not_keep_it(self) -> None:
        li, client = await self.user(ack=True)
        _, sender = await self.user()
        while not client.is_closed:
            await sender.ask(chat(li))
            await sender.quiet(0.1)
        self.assertEqual(client.received[-1]["reason"], "idle")
        _, reply = await self.login_when_free(li, ack=True)
        self.assertGreaterEqual(
            reply["pending"], len([f for f in client.received if f["msgid"] == 5])
        )

    async def test_silent_logged_out_connection_is_pinged_too(self) -> None:
        client = await self.connect()
        client.send({"msgid": 14})
        await client.next(msgid=13)
