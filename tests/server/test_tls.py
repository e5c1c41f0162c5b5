"""The server behind an ``ssl:`` endpoint."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.ssl import Certificate, optionsForClientTLS

from tests.server.messages import ack, chat, login, loginout
from tests.support.servers import ServerCase, reactor
from tests.support.wire import WireClient

HOST = "localhost"


def make_certificate(folder: Path) -> Certificate:
    """A certificate for this host, signed by itself, beside its key: cert.pem and key.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "cert.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    loaded: Certificate = Certificate.loadPEM(pem)
    return loaded


class TlsTests(ServerCase):
    def start(self, **settings: Any) -> None:
        folder = self.database.parent
        if not (folder / "cert.pem").exists():
            self.certificate = make_certificate(folder)
        port = f"ssl:0:interface=127.0.0.1:privateKey={folder}/key.pem:certKey={folder}/cert.pem"
        super().start(port=(port,), rate=0, **settings)

    async def connect(self, terminator: bytes = b"\n", source: str = "127.0.0.1") -> WireClient:
        client = WireClient(reactor, terminator)
        tls = optionsForClientTLS(HOST, trustRoot=self.certificate)
        plain = HostnameEndpoint(reactor, "127.0.0.1", self.port, bindAddress=(source, 0))
        await connectProtocol(wrapClientTLS(tls, plain), client)
        self.clients.append(client)
        return client

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
