"""Nothing that a client sends can forge a line of the server's log, or drive who reads it."""

from __future__ import annotations

from io import StringIO
from ipaddress import ip_network

from twisted.logger import globalLogPublisher, textFileLogObserver

from tests.server.messages import WRONG, chat, login
from tests.support.servers import ServerCase

FORGED = "2026-11-24T00:00:00+0000 [-] account 1 logged in from me"
EVIL = f"x\r\n{FORGED}"
TRICKS = ("\x1b[2J", "\x1b]0;x\x07", "\x9b1A", "\x85", "\u2028", "\u202e", "\0", "{peer}", "\x7f")


class _LogCase(ServerCase):
    def setUp(self) -> None:
        super().setUp()
        self.log = StringIO()
        observer = textFileLogObserver(self.log)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def lines(self) -> list[str]:
        return self.log.getvalue().split("\n")[:-1]

    def assert_harmless(self) -> None:
        for line in self.lines():
            self.assertTrue(line.replace("\t", "").isprintable(), repr(line))
            self.assertFalse(line.startswith(FORGED), line)


class LogTests(_LogCase):
    settings = {"login_failures": 0}

    async def test_device_names(self) -> None:
        li = self.add_account("li")
        for device in (EVIL, *TRICKS):
            client, _ = await self.login(li, device=device)
            await client.hang_up()
        logins = [line for line in self.lines() if f"account {li} logged in" in line]
        self.assertEqual(len(logins), 1 + len(TRICKS))
        self.assertIn(r"'x\r\n2026-", logins[0])
        self.assertIn(r"'\x1b[2J'", logins[1])
        self.assert_harmless()

    async def test_a_device_named_like_no_name(self) -> None:
        li = self.add_account("li")
        await self.login(li, device="(unnamed)")
        await self.login(li)
        self.assertEqual(
            [line.rpartition("device ")[2] for line in self.lines() if "logged in" in line],
            ["'(unnamed)'", "(unnamed)"],
        )

    async def test_names_in_refusals_of_classic_clients(self) -> None:
        for trick in ("\u2028", "\u200f", "\u2028" + FORGED[-40:]):
            self.add_account(f"x{trick}x")
            client = await self.connect(b"\0")
            client.send_bytes(b'{"msgid":3,"name":"%s","password":"x"}\0' % f"x{trick}x".encode())
            self.assertEqual((await client.next(msgid=4))["errno"], 1)
        self.assertEqual(len([line for line in self.lines() if "is taken" in line]), 3)
        self.assert_harmless()

    async def test_what_is_wrong_is_logged_without_what_was_sent(self) -> None:
        li, client = await self.user()
        other = await self.connect()
        for trick in (EVIL, *TRICKS):
            await other.ask(login(li, password=WRONG + trick))
            await other.ask({"msgid": 1, "name": trick, "password": WRONG})
            await other.ask({"msgid": 1, "token": trick})
            await client.ask(chat(li, f"secret {trick}"))
            other.send_bytes(trick.encode().replace(b"\n", b"") + b"\n")
            await other.next(msgid=11)
        self.assert_harmless()
        for line in self.lines():
            self.assertNotIn(WRONG, line)
            self.assertNotIn("secret", line)


class ProxyHeaderTests(_LogCase):
    """The PROXY header comes from outside as well, if a proxy is wrongly trusted."""

    settings = {"proxies": (ip_network("127.0.0.2"),)}

    async def test_headers(self) -> None:
        for header in (
            f"PROXY TCP4 {EVIL} 127.0.0.1 1 2\r\n",
            "PROXY TCP4 1.2.3.4\x1b[2J 127.0.0.1 1 2\r\n",
            "PROXY TCP6 fe80::1%\x1b[2J ::1 1 2\r\n",
            f"PROXY UNKNOWN {EVIL}\r\n",
            f"{EVIL}\r\n",
        ):
            client = await self.connect(source="127.0.0.2")
            client.send_bytes(header.encode())
            client.send({"msgid": 13})
            await client.quiet(0.05)
            client.cut()
        self.assertTrue(self.lines())
        self.assert_harmless()
