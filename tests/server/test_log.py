"""What is logged of a connection: a line for each login, and one when it is closed."""

from __future__ import annotations

from tests.server.messages import chat, login, loginout
from tests.support.logs import listen
from tests.support.servers import ServerCase
from tests.support.waiting import until


class ConnectionTests(ServerCase):
    settings = {"login_timeout": 0.3, "ping_interval": 0.2}

    def setUp(self) -> None:
        super().setUp()
        self.log = listen(self, "chatserver.node")

    async def line(self) -> str:
        """The only one."""
        await until(lambda: self.log, "the end of a connection is logged")
        [line] = self.log
        return line

    async def test_who_it_was_and_for_how_long(self) -> None:
        li, client = await self.user()
        await client.ask(chat(li))
        await client.hang_up()
        line = await self.line()
        self.assertRegex(
            line, rf"^connection from 127\.0\.0\.1 closed after \d+\.\d s \(client\), account {li}$"
        )

    async def test_who_has_logged_out_is_told_nevertheless(self) -> None:
        li, client = await self.user()
        await client.ask(loginout())
        client.cut()
        self.assertTrue((await self.line()).endswith(f", account {li}"))

    async def test_why_the_server_closed_it(self) -> None:
        li = self.add_account()
        older, _ = await self.login(li, device="phone")
        await self.login(li, device="phone")
        await older.closed
        self.assertIn("(replaced)", await self.line())

    async def test_who_did_not_log_in(self) -> None:
        client = await self.connect()
        client.send(login(1, password="wrong"))
        await client.closed
        self.assertTrue((await self.line()).endswith("(login timeout), nobody logged in"))

    async def test_who_says_nothing_is_counted_only(self) -> None:
        closed = self.server._node.connections.closed  # type: ignore[union-attr]
        (await self.connect()).cut()
        await (await self.connect()).hang_up()
        await (await self.connect()).closed
        await until(lambda: closed.total() == 3, "all are gone")
        self.assertEqual(self.log, [])


class OverloadTests(ServerCase):
    settings = {"max_connections": 1}

    async def test_who_gives_way_to_others(self) -> None:
        log = listen(self, "chatserver.node")
        first = await self.connect()
        first.send({"msgid": 13})
        await first.next(msgid=14)
        await self.connect()
        await first.closed
        await until(lambda: log, "the end of a connection is logged")
        self.assertIn("(overload)", log[0])
