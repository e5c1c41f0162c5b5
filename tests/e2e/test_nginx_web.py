"""The web endpoints of two nodes behind a real nginx, set up by the file that people are given."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import reactor
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.ssl import optionsForClientTLS

from cluster.nginx import WEB_CONFIGURATION, Tls, WebNginx, program
from cluster.process import free_port
from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import register
from tests.e2e.processes import ServerProcess
from tests.support.certificates import HOST, Certificates, make_certificates
from tests.support.http import Page, get
from tests.support.websocket import WebSocketClient, connect

VISITOR = "127.0.0.5"


class Site:
    """Two nodes, each with a database of its own, and nginx before their web endpoints.

    Both know one account, whose id is 1.
    """

    def __init__(self, folder: Path) -> None:
        self.web_ports = [free_port() for _ in range(2)]
        self.port, self.tls_port = free_port(), free_port()
        self.certificates = make_certificates(folder)
        self.nodes = [self._node(folder / str(number), number) for number in range(2)]
        tls = Tls(self.tls_port, self.certificates.certificate, self.certificates.key)
        self.nginx = WebNginx(folder / "nginx", port=self.port, nodes=self.web_ports, tls=tls)

    @property
    def origin(self) -> str:
        return f"https://{HOST}:{self.tls_port}"

    async def start(self) -> None:
        for node in self.nodes:
            node.wait_until_up()
        self.nginx.start()
        for node in self.nodes:
            assert await register(node.port, "zhang san") == [1]

    def stop(self) -> None:
        self.nginx.stop()
        for node in self.nodes:
            node.kill()

    async def get(self, path: str, **headers: str) -> Page:
        """A page, from nginx."""
        fields = {"Host": f"{HOST}:{self.tls_port}"} | headers
        endpoint = self._endpoint(self.certificates)
        return await get(reactor, 0, path, endpoint=endpoint, **fields)

    async def open(
        self, certificates: Certificates | None = None, **fields: Any
    ) -> WebSocketClient:
        """A WebSocket through nginx, whose certificate is checked."""
        endpoint = self._endpoint(certificates or self.certificates)
        url = f"wss://{HOST}:{self.tls_port}/ws"
        return await connect(reactor, 0, endpoint=endpoint, url=url, **fields)

    async def enter(self, device: str, **fields: Any) -> tuple[WebSocketClient, int]:
        """A login through nginx, and the number of the node that it came to."""
        client = await self.open(**fields)
        reply = await client.ask({"msgid": 1, "id": 1, "password": "x", "device": device})
        assert reply["errno"] == 0, reply
        [number] = [n for n, node in enumerate(self.nodes) if f"device {device!r}\n" in node.log]
        return client, number

    def _endpoint(self, certificates: Certificates) -> Any:
        tls = optionsForClientTLS(HOST, trustRoot=certificates.authority)
        plain = HostnameEndpoint(reactor, "127.0.0.1", self.tls_port, bindAddress=(VISITOR, 0))
        return wrapClientTLS(tls, plain)

    def _node(self, folder: Path, number: int) -> ServerProcess:
        folder.mkdir()
        web = f"tcp:{self.web_ports[number]}:interface=127.0.0.1"
        return ServerProcess(folder, "--web", web, "--proxies", "127.0.0.2")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    try:
        yield site
    finally:
        site.stop()


@asynchronous
async def test_browsers_come_to_both_nodes_by_tls_and_their_addresses_are_known(
    site: Site, tmp_path: Path
) -> None:
    await site.start()
    forged = {"X-Forwarded-For": "10.9.9.9"}
    entered = [await site.enter(f"d{n}", origin=site.origin, headers=forged) for n in range(6)]
    assert sorted(node for _, node in entered) == [0] * 3 + [1] * 3
    for number, (client, node) in enumerate(entered):
        line = f"account 1 logged in from {VISITOR}, device 'd{number}'\n"
        assert line in site.nodes[node].log
        assert (await client.ask({"msgid": 5, "toid": 1, "msg": "x" * 16_000}))["errno"] == 0
    site.nodes[0].process.send_signal(signal.SIGTERM)
    for client, node in entered:
        if node == 0:
            await client.next(msgid=17, reason="shutdown")
            await client.closed
            assert client.status == 1001
            _, other = await site.enter(f"again{id(client)}")
            assert other == 1
        else:
            await client.hang_up()

    (tmp_path / "other").mkdir()
    with pytest.raises(ConnectionError, match="SSL error"):
        await site.open(make_certificates(tmp_path / "other"))


@asynchronous
async def test_what_visitors_get_and_what_not(site: Site) -> None:
    await site.start()
    page = await site.get("/")
    assert (page.status, page.kind) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "max-age" in page.headers["strict-transport-security"]
    small = await site.get("/main.js", Accept_Encoding="gzip")
    assert small.headers["content-encoding"] == "gzip"
    tag = small.headers["etag"]
    again = await site.get("/main.js", Accept_Encoding="gzip", If_None_Match=tag)
    assert again.status == 304

    for path in ("/metrics", "/metrics/", "/%6detrics", "//metrics"):
        assert (await site.get(path)).status in (403, 404), path
    assert (await get(reactor, site.web_ports[0], "/metrics")).status == 200
    for origin in ("https://evil.example", f"http://{HOST}"):
        with pytest.raises(ConnectionError, match="403"):
            await site.open(origin=origin)

    plain = await get(reactor, site.port, "/x?y", Host="chat.example")
    assert (plain.status, plain.headers["location"]) == (301, "https://chat.example/x?y")


def test_nginx_takes_the_file_as_debian_includes_it(tmp_path: Path) -> None:
    """With the paths of logs and certificates changed: this may run as anybody."""
    files = make_certificates(tmp_path)
    ours = WEB_CONFIGURATION.read_text()
    ours = ours.replace("/etc/ssl/chatserver/fullchain.pem", str(files.certificate))
    (tmp_path / "conf.d").mkdir()
    web = ours.replace("/etc/ssl/chatserver/privkey.pem", str(files.key))
    (tmp_path / "conf.d/chatserver-web.conf").write_text(web)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\nevents {{}}\n"
        f"http {{\n\taccess_log {tmp_path}/access.log;\n\tinclude {tmp_path}/conf.d/*.conf;\n}}\n"
    )
    command = [program(), "-t", "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr
