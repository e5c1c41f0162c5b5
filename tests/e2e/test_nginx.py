"""Two nodes behind a real nginx, set up by the file that people are given."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import connectionDone
from twisted.internet.ssl import optionsForClientTLS
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from cluster.nginx import CONFIGURATION, Nginx, Tls, load_module, program
from cluster.process import NotStarted, free_port
from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import register
from tests.e2e.processes import ServerProcess
from tests.support.certificates import HOST, Certificates, make_certificates
from tests.support.wire import WireClient, connect

CLIENT = "127.0.0.5"
MODULES = Path("/etc/nginx/modules-enabled")


class Balanced:
    """Two nodes, each with a database of its own, and nginx before them.

    Both know one account, whose id is 1.
    """

    def __init__(self, folder: Path, stay: int = 2) -> None:
        self._folder = folder
        self._ports = [free_port() for _ in range(2)]
        self.port, self.tls_port = free_port(), free_port()
        self.certificates = make_certificates(folder)
        self.nginx = Nginx(
            folder / "nginx",
            port=self.port,
            nodes=self._ports,
            tls=Tls(self.tls_port, self.certificates.certificate, self.certificates.key),
            stay=stay,
        )
        self.nodes: list[ServerProcess] = []

    def start(self) -> None:
        self.nodes += [self._node(number) for number in range(2)]
        for node in self.nodes:
            node.wait_until_up()
        self.nginx.start()

    async def add_account(self) -> None:
        for node in self.nodes:
            assert await register(node.port, "zhang san") == [1]

    def restart(self, number: int) -> None:
        """Start a node again where it was."""
        self.nodes[number] = self._node(number)
        self.nodes[number].wait_until_up()

    def stop(self) -> None:
        self.nginx.stop()
        for node in self.nodes:
            node.kill()

    async def enter(self, device: str) -> tuple[WireClient, int]:
        """A login through nginx, and the number of the node that it came to."""
        client = await connect(reactor, self.port, source=CLIENT)
        reply = await client.ask({"msgid": 1, "id": 1, "password": "x", "device": device})
        assert reply["errno"] == 0, reply
        [number] = [n for n, node in enumerate(self.nodes) if f"device {device!r}\n" in node.log]
        return client, number

    def _node(self, number: int) -> ServerProcess:
        folder = self._folder / str(number)
        folder.mkdir(exist_ok=True)
        return ServerProcess(folder, "--proxies", "127.0.0.2", port=self._ports[number])


@pytest.fixture
def balanced(tmp_path: Path) -> Iterator[Balanced]:
    servers = Balanced(tmp_path)
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


@asynchronous
async def test_nodes_share_the_connections_and_see_the_clients_addresses(
    balanced: Balanced,
) -> None:
    await balanced.add_account()
    entered = [await balanced.enter(f"d{number}") for number in range(10)]
    assert sorted(node for _, node in entered) == [0] * 5 + [1] * 5
    for number, (client, node) in enumerate(entered):
        log = balanced.nodes[node].log
        assert f"account 1 logged in from {CLIENT}, device 'd{number}'\n" in log
        await client.hang_up()
    for _ in range(200):
        if balanced.nginx.access_log.count("\n") >= 10:
            break
        await deferLater(reactor, 0.05)
    lines = balanced.nginx.access_log.splitlines()
    assert len(lines) == 10
    for line in lines:
        assert f" {CLIENT} " in line
        assert " -> 127.0.0.1:" in line
        assert " status=200 from_client=" in line


@asynchronous
async def test_a_killed_node_is_left_and_found_again_at_once(balanced: Balanced) -> None:
    await balanced.add_account()
    entered = [await balanced.enter(f"before{number}") for number in range(4)]
    balanced.nodes[0].kill()
    for client, node in entered:
        if node == 0:
            await client.closed
    for number in range(6):
        client, node = await balanced.enter(f"meanwhile{number}")
        assert node == 1
        entered.append((client, node))
    balanced.restart(0)
    client, node = await balanced.enter("after")
    assert node == 0
    entered.append((client, node))
    for client, _ in entered:
        await client.hang_up()


@asynchronous
async def test_a_node_that_stops_says_goodbye_through_nginx(balanced: Balanced) -> None:
    await balanced.add_account()
    entered = [await balanced.enter(f"d{number}") for number in range(2)]
    balanced.nodes[0].process.send_signal(signal.SIGTERM)
    [client] = [client for client, node in entered if node == 0]
    assert (await client.next(msgid=17))["reason"] == "shutdown"
    await client.closed
    [client] = [client for client, node in entered if node == 1]
    assert (await client.ask({"msgid": 5, "toid": 1, "msg": "still here"}))["errno"] == 0
    await client.hang_up()


@asynchronous
async def test_an_idle_chat_stays(balanced: Balanced) -> None:
    await balanced.add_account()
    client, _ = await balanced.enter("phone")
    # Longer than nginx waits for a node when it connects.
    await deferLater(reactor, 2.5)
    assert (await client.ask({"msgid": 5, "toid": 1, "msg": "hello"}))["errno"] == 0
    await client.hang_up()


@asynchronous
async def test_who_closes_their_side_gets_all_answers(balanced: Balanced) -> None:
    await balanced.add_account()
    client = await connect(reactor, balanced.port)
    client.send(
        {"msgid": 1, "id": 1, "password": "x"},
        *({"msgid": 5, "toid": 1, "msg": str(number)} for number in range(50)),
    )
    client.transport.loseWriteConnection()
    await client.closed
    replies = [frame for frame in client.frames if frame["msgid"] == 11]
    assert [reply["seq"] for reply in replies] == list(range(1, 51))


@asynchronous
async def test_the_classic_dialect_goes_through(balanced: Balanced) -> None:
    await balanced.add_account()
    client = await connect(reactor, balanced.port, terminator=b"\0")
    client.send_bytes(b'{"id":1,"msgid":1,"password":"x"}\0')
    assert (await client.next(msgid=2))["errno"] == 0
    sender, _ = await balanced.enter("phone")
    await client.hang_up()
    await sender.hang_up()


@asynchronous
async def test_connections_without_a_word_are_no_trouble(balanced: Balanced) -> None:
    for _ in range(6):
        await (await connect(reactor, balanced.port)).hang_up()
        (await connect(reactor, balanced.port)).cut()
    await balanced.add_account()
    for node in balanced.nodes:
        for word in ("PROXY", "Traceback", "Unhandled", "error"):
            assert word not in node.log


@asynchronous
async def test_a_node_that_nobody_comes_to_by_nginx_tells_what_to_do(balanced: Balanced) -> None:
    client = await connect(reactor, balanced.nodes[0].port, source="127.0.0.2")
    client.send({"msgid": 13})
    refusal = await client.next(msgid=11)
    assert refusal["errno"] == 100
    assert "--proxies" in refusal["errmsg"]
    await client.closed


class TlsClient(WireClient):
    """A client that notes how its connection ended."""

    reason: Failure

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.reason = reason
        super().connectionLost(reason)


async def connect_tls(port: int, certificates: Certificates) -> TlsClient:
    """A client that checks nginx's certificate."""
    client = TlsClient(reactor)
    tls = optionsForClientTLS(HOST, trustRoot=certificates.authority)
    plain = HostnameEndpoint(reactor, "127.0.0.1", port, bindAddress=(CLIENT, 0))
    await connectProtocol(wrapClientTLS(tls, plain), client)
    return client


@asynchronous
async def test_tls_ends_at_nginx_with_a_certificate_that_clients_check(
    balanced: Balanced, tmp_path: Path
) -> None:
    await balanced.add_account()
    client = await connect_tls(balanced.tls_port, balanced.certificates)
    reply = await client.ask({"msgid": 1, "id": 1, "password": "x", "device": "tls"})
    assert reply["errno"] == 0
    assert (await client.ask({"msgid": 5, "toid": 1, "msg": "x" * 16_000}))["errno"] == 0
    [node] = [node for node in balanced.nodes if "device 'tls'\n" in node.log]
    assert f"logged in from {CLIENT}, device 'tls'\n" in node.log
    node.process.send_signal(signal.SIGTERM)
    assert (await client.next(msgid=17))["reason"] == "shutdown"
    await client.closed
    assert client.reason.check(ConnectionDone), client.reason

    (tmp_path / "other").mkdir()
    stranger = await connect_tls(balanced.tls_port, make_certificates(tmp_path / "other"))
    await stranger.closed
    assert "certificate verify failed" in str(stranger.reason.value)


@asynchronous
async def test_a_reload_serves_on_and_sends_old_clients_away(balanced: Balanced) -> None:
    await balanced.add_account()
    old, _ = await balanced.enter("old")
    balanced.nginx.reload()
    await old.closed
    new, _ = await balanced.enter("new")
    assert (await new.ask({"msgid": 5, "toid": 1, "msg": "hello"}))["errno"] == 0
    await new.hang_up()


@asynchronous
async def test_a_reload_shows_a_renewed_certificate_and_drops_nobody(tmp_path: Path) -> None:
    balanced = Balanced(tmp_path, stay=600)
    try:
        balanced.start()
        await balanced.add_account()
        old = await connect_tls(balanced.tls_port, balanced.certificates)
        await old.ask({"msgid": 1, "id": 1, "password": "x"})
        before = old.transport.getPeerCertificate().get_serial_number()
        balanced.certificates.renew()
        balanced.nginx.reload()
        for _ in range(100):
            new = await connect_tls(balanced.tls_port, balanced.certificates)
            new.send({"msgid": 13})
            await new.next(msgid=14)
            serial = new.transport.getPeerCertificate().get_serial_number()
            await new.hang_up()
            if serial != before:
                break
            await deferLater(reactor, 0.05)
        assert serial != before
        assert (await old.ask({"msgid": 5, "toid": 1, "msg": "still here"}))["errno"] == 0
        await old.hang_up()
    finally:
        balanced.stop()


def test_nginx_takes_the_file_as_debian_includes_it(tmp_path: Path) -> None:
    """With the paths of logs changed: this may run as anybody."""
    ours = CONFIGURATION.read_text().replace("/var/log/nginx/", f"{tmp_path}/")
    (tmp_path / "chatserver.conf").write_text(ours)
    modules = f"include {MODULES}/*.conf;" if MODULES.is_dir() else load_module()
    (tmp_path / "nginx.conf").write_text(
        f"worker_processes auto;\npid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\n{modules}\n"
        "events {\n\tworker_connections 768;\n}\n"
        f"include {tmp_path}/chatserver.conf;\n"
    )
    command = [program(), "-t", "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr
    assert "test is successful" in done.stderr


def test_an_nginx_that_can_not_start_says_why(tmp_path: Path) -> None:
    port = free_port()
    nodes = [free_port(), free_port()]
    missing = Tls(free_port(), tmp_path / "none.pem", tmp_path / "none.key")
    with pytest.raises(NotStarted, match=r"none\.pem"):
        Nginx(tmp_path, port=port, nodes=nodes, tls=missing).start()
