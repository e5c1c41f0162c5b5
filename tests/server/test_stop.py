"""An orderly stop: what is answered, what is told, and what is written down."""

from __future__ import annotations

from twisted.internet.error import ConnectionRefusedError

from tests.server.messages import ack, by_token, chat, history, login, ping, register
from tests.support.servers import ServerCase, reactor
from tests.support.wire import connect


class StopTests(ServerCase):
    async def stop(self) -> None:
        """Stop the server; a new one for the clean-up."""
        await self.server.stopService()
        self.start()

    async def test_clients_are_sent_away_with_a_time_to_come_back(self) -> None:
        _, logged_in = await self.user()
        logged_out = await self.connect()
        logged_out.send(ping())
        await logged_out.next(msgid=14)
        await self.stop()
        for client in (logged_in, logged_out):
            goodbye = await client.next(msgid=17)
            self.assertEqual(goodbye["reason"], "shutdown")
            self.assertGreater(goodbye["retry_after"], 0)
            self.assertEqual(set(goodbye), {"msgid", "reason", "retry_after"})
            await client.closed

    async def test_clients_are_told_different_times(self) -> None:
        clients = [(await self.user())[1] for _ in range(5)]
        await self.stop()
        times = {(await client.next(msgid=17))["retry_after"] for client in clients}
        self.assertGreater(len(times), 1)

    async def test_connections_without_a_dialect_are_closed_without_a_word(self) -> None:
        silent, halfway = await self.connect(), await self.connect()
        halfway.send_bytes(b'{"msgid"')
        await self.stop()
        for client in (silent, halfway):
            await client.closed
            self.assertEqual(client.reads, [])

    async def test_what_is_in_progress_is_answered_first(self) -> None:
        li, client = await self.user()
        other = await self.connect()
        client.send(*(chat(li, f"{n}", req=n) for n in range(50)))
        other.send(register("wang"))
        await client.next(req=0)
        await self.stop()
        await client.closed
        await other.closed
        for frames in (client.received, other.received):
            self.assertEqual(frames[-1]["msgid"], 17)
        self.assertEqual((other.received[0]["msgid"], other.received[0]["errno"]), (4, 0))
        replies = client.received[1:-1]
        self.assertEqual([reply["req"] for reply in replies], [*range(50)])
        again, _ = await self.login(li)
        stored = (await again.ask(history(toid=li)))["messages"]
        answered = [reply["seq"] for reply in replies if reply["errno"] == 0]
        self.assertEqual([message["seq"] for message in stored], answered)

    async def test_requests_that_come_during_the_stop_are_refused_or_cut_off(self) -> None:
        li, client = await self.user()
        other = await self.connect()
        other.send(register("keeps the server busy"))
        await other.settled()
        stopped = self.server.stopService()
        client.send(chat(li, "late", req=1))
        await stopped
        self.start()
        await client.closed
        for reply in (frame for frame in client.frames if frame["msgid"] == 11):
            self.assert_errno(reply, 110)
            self.assertGreater(reply["retry_after"], 0)
        self.assertEqual(self.sql("SELECT * FROM messages"), [])

    async def test_no_connection_is_taken_any_more(self) -> None:
        port = self.port
        await self.stop()
        with self.assertRaises(ConnectionRefusedError):
            await connect(reactor, port)

    async def test_client_that_does_not_read_holds_it_up_no_longer_than_drain(self) -> None:
        await self.restart(drain=0.6, rate=0, send_queue=64 * 2**20)
        li, client = await self.user()
        _, sender = await self.user()
        client.stop_reading()
        for _ in range(10):
            sender.send(*(chat(li, "x" * 16_000) for _ in range(50)), chat(li, "last", req=1))
            await sender.next(req=1)
        begun = reactor.seconds()
        await self.stop()
        self.assertLess(reactor.seconds() - begun, 2)
        client.read_on()
        await client.closed

    async def test_client_that_goes_with_requests_waiting_does_not_hold_it_up(self) -> None:
        await self.restart(drain=8.0, rate=0)
        li, client = await self.user()
        client.send(*(chat(li, "x" * 5000, req=n) for n in range(200)))
        await client.next(req=199)
        client.stop_reading()
        client.send(*(history(toid=li, limit=200) for _ in range(20)))
        await client.quiet(0.3)
        begun = reactor.seconds()
        stopped = self.server.stopService()
        client.cut()
        await stopped
        self.assertLess(reactor.seconds() - begun, 2)
        self.start()


class CursorTests(ServerCase):
    async def test_what_was_acknowledged_just_before_does_not_come_again(self) -> None:
        li, client = await self.user(device="phone", ack=True)
        _, sender = await self.user()
        conv = (await sender.ask(chat(li, "one")))["conv"]
        await sender.ask(chat(li, "two"))
        await client.next(msg="two")
        client.send(ack(conv, 1))
        await client.settled()
        await self.restart()
        client, reply = await self.login(li, device="phone", ack=True)
        self.assertEqual(reply["pending"], 1)
        self.assertEqual((await client.next(msgid=5))["msg"], "two")

    async def test_what_is_acknowledged_as_the_goodbye_comes_does_not_come_again(self) -> None:
        li, client = await self.user(device="phone", ack=True)
        _, sender = await self.user()
        conv = (await sender.ask(chat(li, "one")))["conv"]
        await client.next(msg="one")
        stopped = self.server.stopService()
        client.send(ack(conv, 1))
        await stopped
        self.start()
        _, reply = await self.login(li, device="phone", ack=True)
        self.assertEqual(reply["pending"], 0)

    async def test_what_was_written_to_a_client_without_ack_does_not_come_again(self) -> None:
        li, client = await self.user(device="phone")
        _, sender = await self.user()
        await sender.ask(chat(li, "one"))
        await self.restart()
        await client.closed
        self.assertEqual([f["msg"] for f in client.received if f["msgid"] == 5], ["one"])
        _, reply = await self.login(li, device="phone")
        self.assertEqual(reply["pending"], 0)

    async def test_what_is_pushed_while_it_stops_comes_once(self) -> None:
        li, client = await self.user(device="phone")
        _, sender = await self.user()
        sender.send(*(chat(li, f"{n}", req=n) for n in range(100)))
        await sender.next(req=0)
        await self.restart()
        await client.closed
        before = [f["seq"] for f in client.received if f["msgid"] == 5]
        again, reply = await self.login(li, device="phone")
        while len(again.frames) < reply["pending"]:
            await again.settled()
        after = [frame["seq"] for frame in again.frames]
        stored = self.sql("SELECT COUNT(*) FROM messages")[0][0]
        self.assertEqual(before + after, [*range(1, stored + 1)])

    async def test_places_and_tokens_are_free_after_a_restart(self) -> None:
        li = self.add_account()
        _, reply = await self.login(li)
        await self.restart()
        client = await self.connect()
        self.assertEqual((await client.ask(by_token(reply["token"])))["errno"], 0)
        other = await self.connect()
        self.assert_errno(await other.ask(login(li)), 2)

    async def test_restarts_under_load_lose_nothing_that_was_answered(self) -> None:
        li, wang = self.add_account(), self.add_account()
        answered: list[tuple[int, str]] = []
        for round in range(3):
            sender, _ = await self.login(wang)
            texts = [f"{round} {n}" for n in range(300)]
            sender.send(*(chat(li, text, req=text) for text in texts))
            await sender.next(req=texts[0])
            await self.restart(rate=0)
            await sender.closed
            replies = [f for f in sender.received if f["msgid"] == 11 and f["errno"] == 0]
            answered += [(reply["seq"], reply["req"]) for reply in replies]
        client, _ = await self.login(li, ack=True)
        await client.next(seq=answered[-1][0])
        pushed = [(f["seq"], f["msg"]) for f in client.received if f["msgid"] == 5]
        self.assertTrue(pushed[: len(answered)] == answered)
