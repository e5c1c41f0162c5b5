"""Clients that send faster than they are served, and clients that do not read."""

from __future__ import annotations

from typing import Any

from tests.server.messages import ack, add_friend, chat, history, login, loginout, ping, register
from tests.support.servers import ServerCase
from tests.support.wire import Json, WireClient

BIG = "x" * 16_000


class InProgressTests(ServerCase):
    settings = {"in_progress": 4}

    async def test_server_stops_reading_until_half_are_done(self) -> None:
        client = await self.connect()
        client.send(*(register(f"user {n}") for n in range(8)), ping())
        await client.next(msgid=14)
        before = len(client.frames)
        self.assertGreaterEqual(before, 4)
        for _ in range(8):
            self.assertEqual((await client.next(msgid=4))["errno"], 0)
        self.assertEqual([frame["msgid"] for frame in client.received[-1:]], [4])

    async def test_all_requests_are_answered_in_order_all_the_same(self) -> None:
        li, client = await self.user()
        client.send(*(chat(li, req=n) for n in range(500)), history(toid=li, req=500))
        await client.next(req=500)
        self.assertEqual([f["req"] for f in client.received[1:-1]], [*range(500)])

    async def test_one_at_a_time(self) -> None:
        await self.restart(in_progress=1)
        li, client = await self.user()
        client.send(*(chat(li, req=n) for n in range(50)), loginout(req=50))
        await client.next(req=50)
        self.assertEqual([f["req"] for f in client.received[1:-1]], [*range(50)])


class RepliesTests(ServerCase):
    settings = {"send_queue": 65536, "rate": 0}

    async def test_client_that_pings_without_reading_is_not_read_from_either(self) -> None:
        client = await self.connect()
        client.stop_reading()
        t = "x" * 60
        pings = [{"msgid": 13, "t": f"{n:05}{t[5:]}"} for n in range(120_000)]
        client.send(*pings)
        await client.quiet(2)
        node: Any = self.server._node
        [session] = node.registry.sessions
        self.assertLess(session.outbox.unsent, 2**20)
        self.assertTrue(session.requests.is_paused)
        client.read_on()
        await client.next(msgid=14, t=pings[-1]["t"])
        self.assertEqual([frame["t"] for frame in client.received], [one["t"] for one in pings])

    async def test_client_that_asks_without_reading_is_served_when_it_reads(self) -> None:
        li, client = await self.user()
        client.send(*(chat(li, "x" * 5000, req=n) for n in range(200)))
        await client.next(req=199)
        client.frames.clear()
        client.stop_reading()
        client.send(*(history(toid=li, limit=200, req=n) for n in range(30)))
        await client.quiet(0.3)
        client.read_on()
        for number in range(30):
            self.assertEqual(len((await client.next(req=number))["messages"]), 200)
        self.assertEqual(await client.settled(), [])


class SlowReaderTests(ServerCase):
    settings = {"send_queue": 2**20, "rate": 0}

    async def flood(self, sender: WireClient, toid: int, first: int, last: int) -> int:
        """Send big numbered messages, few at a time; returns their conversation."""
        reply: Json = {}
        for start in range(first, last + 1, 20):
            numbers = range(start, min(start + 20, last + 1))
            sender.send(*(chat(toid, f"{n} {BIG}", req=n) for n in numbers))
            reply = await sender.next(req=numbers[-1])
            self.assertEqual(reply["errno"], 0)
        return int(reply["conv"])

    def numbers(self, client: WireClient) -> list[int]:
        """The numbers of the messages that have come."""
        return [int(f["msg"].split()[0]) for f in client.received if f["msgid"] == 5]

    async def test_client_that_stops_reading_is_sent_away_and_loses_nothing(self) -> None:
        li, client = await self.user(ack=True)
        _, sender = await self.user()
        client.stop_reading()
        conv = await self.flood(sender, li, 1, 500)
        client.read_on()
        goodbye = await client.next(msgid=17)
        self.assertEqual(goodbye["reason"], "slow")
        self.assertGreater(goodbye["retry_after"], 0)
        await client.closed
        got = self.numbers(client)
        self.assertEqual(got, [*range(1, len(got) + 1)])
        self.assertLess(len(got), 500)
        client, reply = await self.login_when_free(li, ack=True)
        self.assertEqual(reply["pending"], 500)
        await client.next(conv=conv, seq=500)
        self.assertEqual(self.numbers(client), [*range(1, 501)])

    async def test_without_ack_what_did_not_leave_comes_again(self) -> None:
        li, client = await self.user()
        _, sender = await self.user()
        client.stop_reading()
        conv = await self.flood(sender, li, 1, 500)
        client.read_on()
        await client.closed
        got = self.numbers(client)
        client, _ = await self.login_when_free(li)
        await client.next(conv=conv, seq=500)
        rest = self.numbers(client)
        self.assertEqual(rest, [*range(rest[0], 501)])
        self.assertLessEqual(rest[0], got[-1] + 1)

    async def test_client_that_never_reads_again_is_cut_off(self) -> None:
        li, client = await self.user()
        _, sender = await self.user()
        await sender.ask(add_friend(li))
        client.stop_reading()
        await self.flood(sender, li, 1, 500)
        await sender.next(msgid=16, id=li, state="offline")
        await self.login_when_free(li)

    async def test_others_are_served_meanwhile(self) -> None:
        li, slow = await self.user(device="slow")
        quick, _ = await self.login(li, device="quick")
        _, sender = await self.user()
        slow.stop_reading()
        conv = await self.flood(sender, li, 1, 500)
        await quick.next(conv=conv, seq=500)
        self.assertEqual(self.numbers(quick), [*range(1, 501)])
        slow.read_on()
        self.assertEqual((await slow.next(msgid=17))["reason"], "slow")

    async def test_backlog_longer_than_the_queue_is_sent_as_it_is_read(self) -> None:
        li = self.add_account()
        _, sender = await self.user()
        await self.flood(sender, li, 1, 400)
        client = await self.connect()
        client.stop_reading()
        client.send(login(li, ack=True))
        await client.quiet(0.3)
        conv = await self.flood(sender, li, 401, 800)
        await client.quiet(0.3)
        client.read_on()
        await client.next(conv=conv, seq=800)
        self.assertEqual(self.numbers(client), [*range(1, 801)])
        client.send(ack(conv, 800))
        await client.ask(loginout())
        _, reply = await self.login(li, ack=True)
        self.assertEqual(reply["pending"], 0)
