"""/metrics: what is shown is what is."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import deferLater

from chatserver.web.metrics import ROWS
from tests.server.messages import add_group, chat, create_group, group_chat, login, signal
from tests.support.http import Scrape, get, scrape
from tests.support.servers import reactor
from tests.support.wire import WireClient
from tests.web.cases import WebCase


class MetricsCase(WebCase):
    async def scrape(self) -> Scrape:
        return await scrape(reactor, self.web_port)

    async def until(self, name: str, value: float) -> Scrape:
        """Wait until a metric has a value."""
        for _ in range(500):
            seen = await self.scrape()
            if seen[name] == value:
                return seen
            await deferLater(reactor, 0.01)
        raise AssertionError(f"{name} is {seen[name]}, not {value}")


class MetricsTests(MetricsCase):
    async def test_all_are_shown_in_the_format_of_prometheus(self) -> None:
        page = await get(reactor, self.web_port, "/metrics")
        self.assertTrue(page.kind.startswith("text/plain; version="), page.kind)
        for row in ROWS:
            self.assertIn(f"# TYPE {row.full_name} {row.kind}\n", page.text)
            self.assertIn(f"# HELP {row.full_name} {row.help}\n", page.text)

    async def test_connections_by_state(self) -> None:
        await self.connect()
        out = await self.connect()
        await out.settled()
        for device in ("phone", "pad"):
            await self.user(device=device)
        seen = await self.scrape()
        self.assertEqual(seen["chatserver_connections undecided"], 1)
        self.assertEqual(seen["chatserver_connections out"], 1)
        self.assertEqual(seen["chatserver_connections in"], 2)
        self.assertEqual(seen["chatserver_connections_opened_total"], 4)
        self.assertEqual(seen["chatserver_accounts_online"], 2)

    async def test_logins_by_result(self) -> None:
        zhang = self.add_account()
        client, reply = await self.login(zhang, device="phone")
        await client.ask({"msgid": 1, "id": zhang, "password": "x"})
        other = await self.connect()
        await other.ask({**login(zhang), "password": "wrong"})
        await other.ask({"msgid": 1, "token": "wrong"})
        await other.ask({"msgid": 1, "token": reply["token"]})
        seen = await self.scrape()
        self.assertEqual(seen["chatserver_logins_total 0 password"], 1)
        self.assertEqual(seen["chatserver_logins_total 1 password"], 1)
        self.assertEqual(seen["chatserver_logins_total 1 token"], 1)
        self.assertEqual(seen["chatserver_logins_total 0 token"], 1)
        self.assertEqual(seen["chatserver_requests_refused_total 1"], 2)
        self.assertEqual(seen["chatserver_requests_refused_total 104"], 1)

    async def test_messages_and_commits(self) -> None:
        zhang, client = await self.user()
        cid = {**chat(zhang), "cid": "same"}
        await client.ask(cid)
        await client.ask(cid)
        seen = await self.scrape()
        self.assertEqual(seen["chatserver_messages_stored_total chat"], 1)
        self.assertEqual(seen["chatserver_commit_seconds_count"], 2)
        self.assertEqual(seen["chatserver_commit_seconds_bucket +Inf"], 2)
        self.assertEqual(seen["chatserver_commit_messages_bucket 1.0"], 2)
        self.assertEqual(seen["chatserver_commit_messages_sum"], 2)
        self.assertEqual(seen["chatserver_messages_pending"], 0)
        longest = seen["chatserver_commit_longest_seconds"]
        self.assertGreater(longest, 0)
        self.assertGreaterEqual(seen["chatserver_commit_seconds_sum"], longest)

    async def test_messages_by_kind(self) -> None:
        _, client = await self.user()
        li, other = await self.user()
        await self.login(li, device="phone")
        group = (await client.ask(create_group("tea")))["groupid"]
        await other.ask(add_group(group))
        for _ in range(3):
            await client.ask(chat(li))
        await client.ask(group_chat(group))
        client.send(signal(1, toid=li), signal(2, groupid=group))
        await other.next(msgid=18, data=2)
        seen = await self.scrape()
        self.assertEqual(seen["chatserver_messages_stored_total chat"], 3)
        self.assertEqual(seen["chatserver_messages_stored_total group"], 1)
        self.assertEqual(seen["chatserver_messages_pushed_total chat"], 6)
        self.assertEqual(seen["chatserver_messages_pushed_total group"], 2)
        self.assertEqual(seen["chatserver_signals_total"], 2)

    async def test_websockets_and_those_refused(self) -> None:
        await self.open()
        await self.connect()
        await get(reactor, self.web_port, "/ws")
        seen = await self.until("chatserver_connections_opened_total", 2)
        self.assertEqual(seen["chatserver_connections_websocket"], 1)
        self.assertEqual(seen["chatserver_websockets_refused_total 426"], 1)

    async def test_a_client_that_does_not_read_shows_in_the_unsent_bytes(self) -> None:
        zhang, client = await self.user()
        client.stop_reading()
        sender, _ = await self.login(self.add_account())
        for _ in range(400):  # more than the system's buffers hold
            sender.send(chat(zhang, "x" * 16_000))
        await sender.settled()
        for _ in range(400):
            await sender.next(msgid=11)
        seen = await self.scrape()
        self.assertGreater(seen["chatserver_unsent_bytes"], 100_000)
        self.assertEqual(seen["chatserver_unsent_longest_bytes"], seen["chatserver_unsent_bytes"])
        client.read_on()
        await self.until("chatserver_unsent_bytes", 0)

    async def test_the_database_and_the_bus_are_well(self) -> None:
        seen = await self.scrape()
        self.assertEqual(seen["chatserver_database_usable"], 1)
        self.assertEqual(seen["chatserver_bus_whole"], 1)
        self.assertEqual(seen["chatserver_password_hashes_waiting"], 0)

    async def test_a_turn_that_takes_long_shows(self) -> None:
        def work() -> None:
            begun = reactor.seconds()
            while reactor.seconds() < begun + 0.5:
                pass

        await deferLater(reactor, 0, work)
        await deferLater(reactor, 0.2)
        seen = await self.scrape()
        self.assertGreater(seen["chatserver_reactor_late_seconds"], 0.3)

    async def test_an_error_that_nothing_foresaw_is_counted(self) -> None:
        _, client = await self.user()
        self.sql("DROP TABLE friends")
        reply = await client.ask({"msgid": 6, "friendid": 1})
        self.assertNotEqual(reply["errno"], 0)
        before = (await self.scrape())["chatserver_failures_total"]
        self._break_a_handler()
        await client.ask({"msgid": 6, "friendid": 1})
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual((await self.scrape())["chatserver_failures_total"], before + 1)

    def _break_a_handler(self) -> None:
        node: Any = self.server._node
        for way in node.dispatcher._ways.values():
            way.handle = lambda turn, request: 1 // 0


class PausedTests(MetricsCase):
    settings = {"web": ("0",), "in_progress": 10}

    async def test_requests_in_progress_and_who_is_not_read_from(self) -> None:
        zhang, client = await self.user()
        node: Any = self.server._node
        held: list[Any] = []
        node.store.log.drafts._commit = self._hold(held)
        for _ in range(30):
            client.send(chat(zhang))
        seen = await self.until("chatserver_connections_paused", 1)
        self.assertGreaterEqual(seen["chatserver_requests_in_progress"], 10)

    def _hold(self, held: list[Any]) -> Any:
        async def commit(drafts: list[Any]) -> list[Any]:
            held.extend(drafts)
            await deferLater(reactor, 0.5)
            return [RuntimeError("not stored")] * len(drafts)

        return commit

    def tearDown(self) -> None:
        self.flushLoggedErrors(RuntimeError)


class ClosedTests(MetricsCase):
    """Each closed connection is counted under its reason."""

    settings = {"web": ("0",), "login_timeout": 0.3, "ping_interval": 0.3}

    async def closed(self, client: WireClient, reason: str) -> None:
        await client.closed
        await self.until(f"chatserver_connections_closed_total {reason}", 1)

    async def test_client(self) -> None:
        client = await self.connect()
        await client.hang_up()
        await self.closed(client, "client")

    async def test_login_timeout_of_one_that_said_nothing(self) -> None:
        await self.closed(await self.connect(), "login timeout")

    async def test_login_timeout_of_one_that_did_not_log_in(self) -> None:
        client = await self.connect()
        await client.settled()
        await self.closed(client, "login timeout")

    async def test_idle(self) -> None:
        _, client = await self.user(ack=True)
        await self.closed(client, "idle")

    async def test_replaced(self) -> None:
        zhang, client = await self.user(device="phone")
        await self.login(zhang, device="phone")
        await self.closed(client, "replaced")

    async def test_protocol(self) -> None:
        client = await self.connect()
        client.send_bytes(b"x" * 100_000 + b"\n")
        await self.closed(client, "protocol")

    async def test_protocol_of_a_session(self) -> None:
        client = await self.connect()
        await client.settled()
        client.send_bytes(b"x" * 100_000 + b"\n")
        await self.closed(client, "protocol")


class SlowTests(MetricsCase):
    settings = {"web": ("0",), "send_queue": 65_536}

    async def test_slow(self) -> None:
        zhang, client = await self.user()
        client.stop_reading()
        sender, _ = await self.login(self.add_account())
        for _ in range(600):
            sender.send(chat(zhang, "x" * 16_000))
        await self.until("chatserver_connections_closed_total slow", 1)
