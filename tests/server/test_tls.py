"""The server behind an ``ssl:`` endpoint."""

from __future__ import annotations

import contextlib
from typing import Any

from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.ssl import Certificate, TLSVersion, optionsForClientTLS
from twisted.internet.task import deferLater
from twisted.web.client import (
    Agent,
    BrowserLikePolicyForHTTPS,
    ResponseNeverReceived,
    readBody,
)
from twisted.web.http_headers import Headers

from tests.server.messages import ack, chat, login, loginout
from tests.support.certificates import HOST, Authority, make_certificates
from tests.support.http import scrape
from tests.support.logs import listen
from tests.support.servers import ServerCase, reactor
from tests.support.waiting import until
from tests.support.wire import WireClient


class TlsCase(ServerCase):
    """A server whose only port speaks TLS, and clients that check its certificate."""

    def start(self, **settings: Any) -> None:
        folder = self.database.parent
        if not (folder / "cert.pem").exists():
            self.made = make_certificates(folder)
        self.files = f"interface=127.0.0.1:privateKey={folder}/key.pem:certKey={folder}/cert.pem"
        super().start(**{"port": (f"ssl:0:{self.files}",), "rate": 0, **settings})

    async def connect(self, terminator: bytes = b"\n", source: str = "127.0.0.1") -> WireClient:
        client = WireClient(reactor, terminator)
        tls = optionsForClientTLS(HOST, trustRoot=self.made.authority)
        plain = HostnameEndpoint(reactor, "127.0.0.1", self.port, bindAddress=(source, 0))
        await connectProtocol(wrapClientTLS(tls, plain), client)
        self.clients.append(client)
        return client


class TlsTests(TlsCase):
    async def test_chat(self) -> None:
        li, li_client = await self.user("li")
        wang, wang_client = await self.user("wang")
        await wang_client.ask(chat(li, "你好"))
        push = await li_client.next(msgid=5)
        self.assertEqual((push["id"], push["msg"]), (wang, "你好"))
        await li_client.hang_up()
        await self.login_when_free(li)

    async def test_large_backlog_arrives_whole_and_is_acknowledged(self) -> None:
        li = self.add_account()
        _, sender = await self.user()
        for start in range(0, 400, 20):
            texts = [f"{n} {'x' * 16_000}" for n in range(start, start + 20)]
            sender.send(*(chat(li, text, req=start) for text in texts[:-1]))
            await sender.ask(chat(li, texts[-1], req="last"))
            await sender.next(seq=start + 20)
        client = await self.connect()
        client.stop_reading()
        client.send(login(li, ack=True))
        await client.quiet(0.2)
        client.read_on()
        self.assertEqual((await client.next(msgid=2))["pending"], 400)
        last = await client.next(seq=400)
        self.assertEqual(last["msg"][:4], "399 ")
        seqs = [f["seq"] for f in client.received if f["msgid"] == 5]
        self.assertEqual(seqs, [*range(1, 401)])
        client.send(ack(last["conv"], 400))
        await client.ask(loginout())
        self.assertEqual((await client.ask(login(li, ack=True)))["pending"], 0)

    async def test_replaced_connection_is_told_so(self) -> None:
        li = self.add_account()
        older, _ = await self.login(li, device="phone")
        await self.login(li, device="phone")
        self.assertEqual((await older.next(msgid=17))["reason"], "replaced")
        await older.closed

    async def test_too_long_a_frame_is_answered_before_the_close(self) -> None:
        client = await self.connect()
        client.send_bytes(b"x" * 200_000)
        await client.closed
        self.assertEqual([frame["errno"] for frame in client.frames], [100])

    async def test_stop_sends_clients_away(self) -> None:
        _, client = await self.user()
        silent = await self.connect()
        await self.restart()
        self.assertEqual((await client.next(msgid=17))["reason"], "shutdown")
        await client.closed
        await silent.closed


def serial_of(client: WireClient) -> int:
    """The number of the certificate that a client was shown."""
    return int(client.transport.getPeerCertificate().get_serial_number())


class CertificateTests(TlsCase):
    """What clients are shown."""

    async def shown(self) -> int:
        client = await self.connect()
        client.send({"msgid": 13})
        await client.next(msgid=14)
        return serial_of(client)

    async def until_shown(self, serial: int) -> None:
        for _ in range(100):
            if await self.shown() == serial:
                return
            await deferLater(reactor, 0.1)
        self.fail("the certificate is not shown")

    async def test_a_client_that_trusts_another_authority_goes(self) -> None:
        self.made = self.made._replace(authority=Authority().trusted)
        client = await self.connect()
        client.send({"msgid": 13})
        await client.closed
        self.assertEqual(client.received, [])

    async def test_a_chain_is_shown_from_either_file(self) -> None:
        below = Authority("Below", above=self.made.signer)
        pair = below.issue()
        self.made.write(pair)
        chain = self.database.parent / "chain.pem"
        chain.write_bytes(below.pair.certificate_pem)
        await self.restart(port=(f"ssl:0:{self.files}:extraCertChain={chain}",))
        self.assertEqual(await self.shown(), pair.certificate.serial_number)
        self.made.certificate.write_bytes(pair.certificate_pem + below.pair.certificate_pem)
        await self.restart()
        self.assertEqual(await self.shown(), pair.certificate.serial_number)

    async def test_old_versions_of_tls_are_refused(self) -> None:
        for version, is_taken in (
            (TLSVersion.TLSv1_1, False),
            (TLSVersion.TLSv1_2, True),
            (TLSVersion.TLSv1_3, True),
        ):
            client = WireClient(reactor)
            tls = optionsForClientTLS(
                HOST,
                trustRoot=self.made.authority,
                extraCertificateOptions={
                    "insecurelyLowerMinimumTo": version,
                    "lowerMaximumSecurityTo": version,
                },
            )
            plain = HostnameEndpoint(reactor, "127.0.0.1", self.port)
            await connectProtocol(wrapClientTLS(tls, plain), client)
            self.clients.append(client)
            client.send({"msgid": 13})
            if is_taken:
                await client.next(msgid=14)
            else:
                await client.closed

    async def test_a_renewed_one_is_shown_to_new_clients_while_the_others_chat_on(self) -> None:
        li, li_client = await self.user("li")
        _, wang_client = await self.user("wang")
        before = serial_of(li_client)
        new = self.made.signer.issue()
        self.made.write(new)
        await self.until_shown(new.certificate.serial_number)
        await wang_client.ask(chat(li, "still here"))
        self.assertEqual((await li_client.next(msgid=5))["msg"], "still here")
        self.assertEqual(serial_of(li_client), before)

    async def test_one_that_is_half_written_is_not(self) -> None:
        log = listen(self, "chatserver.tls")
        before = await self.shown()
        new = self.made.signer.issue()
        self.made.certificate.write_bytes(new.certificate_pem)  # and not the key
        await until(lambda: log, "it is logged")
        self.assertIn("is not that of the certificate", log[0])
        self.assertEqual(await self.shown(), before)
        self.made.write(new)
        await self.until_shown(new.certificate.serial_number)
        self.assertEqual(len(log), 2)


class WebTests(TlsCase):
    """The web endpoint, with a certificate."""

    def start(self, **settings: Any) -> None:
        super().start(**settings)
        self.web = ("ssl:0:" + self.files,)

    async def status(self, authority: Certificate) -> int:
        """Of a page, as a client sees it that trusts this authority."""
        [address] = self.server.web_addresses
        agent = Agent(reactor, BrowserLikePolicyForHTTPS(trustRoot=authority))
        url = f"https://{HOST}:{address.port}/healthz"
        response = await agent.request(b"GET", url.encode(), Headers({b"connection": [b"close"]}))
        await readBody(response)
        return int(response.code)

    async def test_clients_check_it(self) -> None:
        await self.restart(web=self.web)
        self.assertEqual(await self.status(self.made.authority), 200)
        with self.assertRaises(ResponseNeverReceived) as raised:
            await self.status(Authority().trusted)
        self.assertIn("certificate verify failed", str(raised.exception.reasons[0].value))

    async def test_a_renewed_one_is_shown(self) -> None:
        await self.restart(web=self.web)
        other = Authority()
        self.made.write(other.issue())
        for _ in range(100):
            with contextlib.suppress(ResponseNeverReceived):
                if await self.status(other.trusted) == 200:
                    return
            await deferLater(reactor, 0.1)
        self.fail("the certificate is not shown")

    async def test_prometheus_hears_when_it_expires(self) -> None:
        await self.restart(web=(*self.web, "0"))
        metrics = await scrape(reactor, self.server.web_addresses[1].port)
        left = metrics[f"chatserver_certificate_expires_seconds {self.made.certificate}"]
        self.assertGreater(left, 80_000)
        self.assertLess(left, 86_401)
