"""/healthz, and where the web endpoint listens."""

from __future__ import annotations

import sqlite3
from typing import Any

from twisted.internet.error import ConnectError

from chatserver.app import CannotListen, ChatServer
from chatserver.settings import Settings
from tests.support.http import get
from tests.support.servers import ServerCase, reactor


class HealthCase(ServerCase):
    settings: dict[str, Any] = {"web": ("0",)}

    @property
    def web_port(self) -> int:
        return int(self.server.web_addresses[0].port)


class HealthTests(HealthCase):
    async def test_well(self) -> None:
        page = await get(reactor, self.web_port, "/healthz")
        self.assertEqual((page.status, page.text), (200, "well\n"))

    async def test_503_and_the_reason_while_the_database_is_locked(self) -> None:
        with sqlite3.connect(self.database, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            for _ in range(2):  # the first one finds out, the second is told at once
                page = await get(reactor, self.web_port, "/healthz")
                self.assertEqual(page.status, 503)
                self.assertEqual(page.text, "the database can't be used\n")
            metrics = await get(reactor, self.web_port, "/metrics")
            self.assertIn("\nchatserver_database_usable 0.0\n", metrics.text)
            other.execute("ROLLBACK")

    async def test_503_while_the_server_stops(self) -> None:
        node: Any = self.server._node
        node.dispatcher.stop()
        page = await get(reactor, self.web_port, "/healthz")
        self.assertEqual((page.status, page.text), (503, "the server is stopping\n"))

    async def test_nothing_else_is_served(self) -> None:
        for path in ("/metrics/x", "/healthz/x", "/ws/x", "/x", "/page/", "/../settings.py"):
            self.assertEqual((await get(reactor, self.web_port, path)).status, 404, path)


class EndpointTests(HealthCase):
    async def test_a_number_alone_listens_on_this_machine_only(self) -> None:
        [address] = self.server.web_addresses
        self.assertEqual(address.host, "127.0.0.1")
        with self.assertRaises(ConnectError):
            await get(reactor, self.web_port, "/healthz", host="127.0.0.3")

    async def test_an_endpoint_listens_where_it_says(self) -> None:
        await self.restart(web=("tcp:0:interface=127.0.0.3", "0"))
        first, second = self.server.web_addresses
        self.assertEqual((first.host, second.host), ("127.0.0.3", "127.0.0.1"))
        page = await get(reactor, first.port, "/healthz", host="127.0.0.3")
        self.assertEqual(page.status, 200)

    async def test_without_the_setting_nothing_listens(self) -> None:
        await self.restart(web=())
        self.assertEqual(self.server.web_addresses, [])

    async def test_after_a_stop_nothing_listens(self) -> None:
        port = self.web_port
        await self.server.stopService()
        with self.assertRaises(ConnectError):
            await get(reactor, port, "/healthz")

    def test_a_port_in_use_is_named_with_its_flag(self) -> None:
        taken = str(self.web_port)
        settings = Settings(
            port=("0",), web=(taken,), database=f"sqlite:///{self.database}", hash_threads=1
        )
        server = ChatServer(settings, reactor)
        self.addCleanup(server.stopService)
        problem = self.assertRaises(CannotListen, server.privilegedStartService)
        self.assertIn(f"port {taken}", str(problem))
        self.assertIn("--web", str(problem))
