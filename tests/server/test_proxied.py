"""Clients that come through a proxy, and others that would like to seem so."""

from __future__ import annotations

import socket
from ipaddress import ip_network
from typing import Any

from tests.server import test_classic, test_close, test_idle, test_limits, test_tls
from tests.server.messages import WRONG, chat, login, ping, register
from tests.support.logs import listen
from tests.support.proxies import LOCAL, SIGNATURE, binary_header, raw_header, text_header
from tests.support.servers import ServerCase
from tests.support.wire import Json, WireClient

PROXY = "127.0.0.2"
PROXIES = (ip_network(PROXY), ip_network("127.1.0.0/16"))
ZHANG, LI = "192.0.2.1", "2001:db8::2"


class ProxyCase(ServerCase):
    """A server that trusts a proxy."""

    def start(self, **settings: Any) -> None:
        super().start(**{"proxies": PROXIES, **settings})

    async def through(self, header: bytes, *messages: Json, proxy: str = PROXY) -> WireClient:
        """A connection that begins with the header and these messages, in one packet."""
        client = await ServerCase.connect(self, source=proxy)
        client.send_bytes(header)
        client.send(*messages)
        return client

    async def assert_same_address(self, *headers: bytes) -> None:
        """Clients behind these headers share one registration a minute."""
        await self.restart(register_rate=1)
        errnos = []
        for number, header in enumerate(headers):
            client = await self.through(header, register(f"{number} {headers[0]!r:.20}"))
            errnos.append((await client.next(msgid=4))["errno"])
        self.assertEqual(errnos, [0] + [109] * (len(headers) - 1))


class AddressTests(ProxyCase):
    """Whose connection it is."""

    async def test_clients_of_one_proxy_have_their_own_limits(self) -> None:
        await self.restart(register_rate=1, login_failures=1)
        li = self.add_account()
        for name, header in (("zhang", text_header(ZHANG)), ("wang", binary_header(LI))):
            client = await self.through(header, register(name), register("more"))
            replies = [await client.next(msgid=4) for _ in range(2)]
            self.assertEqual([reply["errno"] for reply in replies], [0, 109])
            self.assert_errno(await client.ask(login(li, password=WRONG)), 1)
            self.assert_errno(await client.ask(login(li)), 109)
        client = await self.through(text_header("192.0.2.3"), login(li), register("other"))
        self.assertEqual((await client.next(msgid=2))["errno"], 0)

    async def test_a_client_is_the_same_through_every_proxy_and_version(self) -> None:
        await self.assert_same_address(
            text_header("192.0.2.1"), binary_header("192.0.2.1"), text_header("::ffff:192.0.2.1")
        )
        await self.assert_same_address(text_header("2001:db8::2"), binary_header("2001:DB8:0::2"))

    async def test_a_header_without_an_address_stands_for_the_proxy(self) -> None:
        await self.assert_same_address(
            b"PROXY UNKNOWN\r\n", raw_header(LOCAL, 0), text_header(PROXY)
        )

    async def test_a_direct_client_of_that_address_is_the_same(self) -> None:
        await self.restart(register_rate=1)
        direct = await self.connect()
        self.assertEqual((await direct.ask(register("li")))["errno"], 0)
        client = await self.through(text_header("127.0.0.1"), register("wang"))
        self.assert_errno(await client.next(msgid=4), 109)

    async def test_the_log_names_the_client(self) -> None:
        li = self.add_account()
        texts = listen(self)
        client = await self.through(text_header(ZHANG), login(li))
        await client.next(msgid=2)
        self.assertEqual(texts, [f"account {li} logged in from {ZHANG}, device (unnamed)"])


class BeginningTests(ProxyCase):
    """The header and what follows it."""

    async def test_requests_in_the_packet_of_the_header_are_answered(self) -> None:
        li = self.add_account()
        for header in (text_header(ZHANG), binary_header(LI, b"x" * 500), raw_header(LOCAL, 0)):
            chats = [chat(li, req=number) for number in range(20)]
            client = await self.through(header, login(li), *chats)
            replies = [await client.next(req=number) for number in range(20)]
            self.assertEqual({reply["errno"] for reply in replies}, {0})
            await client.hang_up()
            client, _ = await self.login_when_free(li)
            await client.hang_up()

    async def test_a_header_may_come_byte_by_byte(self) -> None:
        for header in (text_header(ZHANG), binary_header(LI)):
            client = await self.through(b"")
            for byte in header:
                client.send_bytes(bytes([byte]))
                await client.sent()
            client.send(ping(t=1))
            self.assertEqual(await client.next(), {"msgid": 14, "t": 1})

    async def test_only_the_first_header_is_one(self) -> None:
        client = await self.through(text_header(ZHANG) + text_header(LI), register("li"))
        self.assert_errno(await client.next(msgid=11), 100)
        self.assertEqual((await client.next(msgid=4))["errno"], 0)

    async def test_the_socket_is_tuned(self) -> None:
        client = await self.through(text_header(ZHANG), login(self.add_account()))
        await client.next(msgid=2)
        node: Any = self.server._node
        [session] = node.registry.sessions
        handle = session.connection.transport.getHandle()
        for option, value in (
            ("TCP_NODELAY", 1), ("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5),
            ("TCP_USER_TIMEOUT", 25_000),
        ):  # fmt: skip
            found = handle.getsockopt(socket.IPPROTO_TCP, getattr(socket, option))
            self.assertEqual(found, value, option)
        self.assertEqual(handle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 1)


class RefusalTests(ProxyCase):
    """A trusted proxy that does not keep to the rules."""

    async def test_something_else_than_a_header_is_told_and_closed(self) -> None:
        for data in (b'{"msgid":13}\n', b'{"msgid":13}\0', b"\n", b"GET / HTTP/1.0\r\n", b"x" * 99):
            client = await self.through(data)
            await client.closed
            [refusal] = client.frames
            self.assert_errno(refusal, 100)
            self.assertIn("trusted proxy (--proxies)", refusal["errmsg"])
            self.assertIn("PROXY protocol header", refusal["errmsg"])

    async def test_requests_behind_it_are_not_taken(self) -> None:
        client = await self.through(b"", register("li"), register("wang"))
        await client.closed
        self.assertEqual([frame["msgid"] for frame in client.frames], [11])
        self.assertEqual(self.sql("SELECT * FROM accounts"), [])

    async def test_a_bad_header_is_closed_without_a_word(self) -> None:
        for header in (
            b"PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n",
            b"PROXY UNKNOWN" + b"x" * 200,
            SIGNATURE + b"\x11\x11\0\0",
        ):
            client = await self.through(header, register("li"))
            await client.closed
            self.assertEqual(client.reads, [])
        self.assertEqual(self.sql("SELECT * FROM accounts"), [])

    async def test_each_problem_of_each_proxy_is_logged_once(self) -> None:
        texts = listen(self)
        for _ in range(3):
            for proxy in (PROXY, "127.1.0.1", "127.1.0.2"):
                for data in (b"{}\n", b"PROXY TCP7\r\n"):
                    client = await self.through(data, proxy=proxy)
                    await client.closed
        self.assertEqual(len(texts), 4, texts)
        for text, proxy in zip(texts, (PROXY, PROXY, "127.1.0.1", "127.1.0.1"), strict=True):
            self.assertIn(f"from {proxy}, a trusted proxy (--proxies), did not begin", text)

    async def test_connections_without_a_word_are_not_logged(self) -> None:
        texts = listen(self)
        for data in (b"", text_header(ZHANG)[:20], SIGNATURE, text_header(ZHANG), b"\r\n"):
            client = await self.through(data)
            await client.hang_up()
            client = await self.through(data)
            client.transport.loseWriteConnection()
            await client.closed
            client = await self.through(data)
            await client.sent()
            client.cut()
        await (await self.connect()).settled()
        self.assertEqual(texts, [])

    async def test_one_without_its_header_is_closed_after_the_login_timeout(self) -> None:
        await self.restart(login_timeout=0.4)
        for header in (b"", text_header(ZHANG)[:-1], SIGNATURE):
            client = await self.through(header)
            await client.closed
            self.assertEqual(client.reads, [])


class OthersTests(ProxyCase):
    """Who is no trusted proxy has no header."""

    async def test_they_need_none(self) -> None:
        client = await self.connect()
        self.assertEqual((await client.ask(register("li")))["errno"], 0)

    async def test_a_header_is_a_malformed_frame_and_changes_nothing(self) -> None:
        await self.restart(register_rate=1)
        client = await self.connect()
        client.send_bytes(text_header(ZHANG))
        self.assert_errno(await client.next(msgid=11), 100)
        self.assertEqual((await client.ask(register("li")))["errno"], 0)
        other = await self.connect()
        other.send_bytes(binary_header(LI, b"\n"))
        self.assert_errno(await other.next(msgid=11), 100)
        self.assert_errno(await other.ask(register("wang")), 109)

    async def test_without_the_setting_it_is_so_for_all(self) -> None:
        await self.restart(proxies=())
        client = await self.through(text_header(ZHANG), register("li"))
        self.assert_errno(await client.next(), 100)
        self.assertEqual((await client.next(msgid=4))["errno"], 0)


class ThroughProxy(ProxyCase):
    """Every client comes through the proxy; its source is what the header says."""

    async def connect(self, terminator: bytes = b"\n", source: str = "127.0.0.1") -> WireClient:
        client = await super().connect(terminator, PROXY)
        client.send_bytes(text_header(source))
        return client


class HalfCloseTests(ThroughProxy, test_close.HalfCloseTests):
    pass


class RegisterRateTests(ThroughProxy, test_limits.RegisterRateTests):
    pass


class LoginFailureTests(ThroughProxy, test_limits.LoginFailureTests):
    pass


class LoginTimeoutTests(ThroughProxy, test_idle.LoginTimeoutTests):
    pass


class ClassicBytesTests(ThroughProxy, test_classic.BytesTests):
    pass


class ClassicFramingTests(ThroughProxy, test_classic.FramingTests):
    pass


class TlsTests(ThroughProxy, test_tls.TlsTests):
    """The header stands inside the TLS stream."""


class DirectTlsTests(ProxyCase, test_tls.TlsTests):
    """The port serves others as before."""
