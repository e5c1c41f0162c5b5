"""The pages: what is served, with which headers, and to whom."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from twisted.internet.endpoints import HostnameEndpoint, connectProtocol

from chatserver.web.origins import Origins
from tests.support.http import Page, get
from tests.support.logs import listen
from tests.support.servers import reactor
from tests.support.waiting import until
from tests.support.wire import WireClient
from tests.web.cases import WebCase

UPGRADE = {
    "Host": "chat.example",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


class SiteCase(WebCase):
    async def get(self, path: str, **fields: Any) -> Page:
        return await get(reactor, self.web_port, path, **fields)


class FileTests(SiteCase):
    async def test_the_page_and_its_script(self) -> None:
        page = await self.get("/")
        self.assertEqual((page.status, page.kind), (200, "text/html; charset=utf-8"))
        self.assertIn("<!doctype html>", page.text.lower())
        self.assertEqual((await self.get("/index.html")).text, page.text)
        script = await self.get("/main.js")
        self.assertEqual((script.status, script.kind), (200, "text/javascript; charset=utf-8"))

    async def test_every_answer_has_the_headers_that_keep_pages_in_their_bounds(self) -> None:
        for path in ("/", "/main.js", "/nothing", "/healthz", "/metrics", "/ws"):
            headers = (await self.get(path)).headers
            policy = headers["content-security-policy"]
            self.assertIn("default-src 'none'; script-src 'self';", policy, path)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(headers["x-content-type-options"], "nosniff", path)
            self.assertEqual(headers["referrer-policy"], "no-referrer", path)
            self.assertNotIn("server", headers, path)

    async def test_a_browser_that_has_the_file_is_told_so(self) -> None:
        first = await self.get("/main.js")
        again = await self.get("/main.js", If_None_Match=first.headers["etag"])
        self.assertEqual((again.status, again.text), (304, ""))
        self.assertEqual(again.headers["etag"], first.headers["etag"])
        other = await self.get("/main.js", If_None_Match='"other"')
        self.assertEqual((other.status, other.text), (200, first.text))
        self.assertEqual(first.headers["cache-control"], "no-cache")

    async def test_head_tells_the_length_without_the_file(self) -> None:
        whole, head = await self.get("/"), await self.get("/", method="HEAD")
        self.assertEqual((head.status, head.text), (200, ""))
        self.assertEqual(head.headers["content-length"], str(len(whole.text.encode())))

    async def test_nothing_but_its_files_is_served(self) -> None:
        for path in (
            "/web", "/page", "/page/index.html", "/..%2fsite.py", "/%2e%2e/site.py", "//",
            "/main.js/", "/main.js/x", "/__init__.py", "/%ff%00",
        ):  # fmt: skip
            page = await self.get(path)
            self.assertEqual(page.status, 404, path)
            self.assertIn("the chat page is at /", page.text)

    async def test_other_methods_are_refused(self) -> None:
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            page = await self.get("/", method=method, Content_Length="0")
            self.assertEqual((page.status, page.headers["allow"]), (405, "GET, HEAD"), method)

    async def test_where_too_many_ask_the_oldest_gives_way(self) -> None:
        web: Any = self.server._web
        web.own_site._most = 4
        readers = []
        for _ in range(10):
            reader = WireClient(reactor)
            self.clients.append(reader)
            await connectProtocol(HostnameEndpoint(reactor, "127.0.0.1", self.web_port), reader)
            readers.append(reader)
        self.assertEqual((await self.get("/")).status, 200)
        await until(lambda: sum(reader.is_closed for reader in readers) >= 7)
        self.assertTrue(readers[0].is_closed)
        self.assertFalse(readers[-1].is_closed)


class UpgradeTests(SiteCase):
    """Why a request for a WebSocket is refused."""

    settings = {"web": ("0",), "web_origins": ("https://other.example",)}

    async def test_a_browser_that_only_looks_is_told_what_it_is(self) -> None:
        page = await self.get("/ws")
        self.assertEqual(page.status, 426)
        self.assertEqual(page.headers["upgrade"], "websocket")
        self.assertIn("the chat page is at /", page.text)

    async def test_pages_of_other_sites_are_refused(self) -> None:
        for origin in ("https://evil.example", "http://chat.example:81", "null", "file://", "x"):
            page = await self.get("/ws", Origin=origin, **UPGRADE)
            self.assertEqual(page.status, 403, origin)
            self.assertIn("--web-origins", page.text)
        self.assertEqual(len(self.server._web.gateway), 0)  # type: ignore[union-attr]

    async def test_the_servers_own_pages_and_those_allowed_may_connect(self) -> None:
        here = f"http://127.0.0.1:{self.web_port}"
        for origin in (here, "https://other.example"):
            client = await self.open(origin=origin)
            self.assertEqual(await client.settled(), [])

    async def test_requests_that_are_none(self) -> None:
        lines = listen(self, "autobahn")
        wrong = {"Sec_WebSocket_Key": "short", "Sec_WebSocket_Version": "8", "Connection": "close"}
        for name, value in wrong.items():
            fields: dict[str, Any] = UPGRADE | {name: value}
            page = await self.get("/ws", **fields)
            self.assertEqual(page.status, 400, name)
        page = await self.get("/ws", method="POST", Content_Length="0", **UPGRADE)
        self.assertEqual(page.status, 405)
        self.assertEqual(lines, [], "anybody could fill the log")

    async def test_a_server_that_stops_says_so(self) -> None:
        node: Any = self.server._node
        node.dispatcher.stop()
        page = await self.get("/ws", **UPGRADE)
        self.assertEqual((page.status, page.headers["retry-after"]), (503, "1"))
        self.assertIn("stopping", page.text)

    async def test_so_does_one_that_is_full(self) -> None:
        node: Any = self.server._node
        node.connections.limit, node.connections._spare = 0, 0
        page = await self.get("/ws", **UPGRADE)
        self.assertEqual((page.status, page.headers["retry-after"]), (503, "5"))
        self.assertIn("full", page.text)


class OriginTests(SiteCase):
    def test_without_a_host_none_is(self) -> None:
        self.assertFalse(Origins([]).admits("https://chat.example", None))

    def test_the_host_that_the_browser_named_is_its_own(self) -> None:
        origins = Origins([])
        for origin, host in (
            ("https://chat.example", "chat.example"),
            ("https://chat.example", "CHAT.example:443"),
            ("http://chat.example", "chat.example:80"),
            ("http://[::1]:8080", "[::1]:8080"),
        ):
            self.assertTrue(origins.admits(origin, host), (origin, host))
        for origin, host in (
            ("https://chat.example", "chat.example:80"),
            ("https://chat.example.evil", "chat.example"),
            ("https://evil@chat.example/", "chat.example"),
            ("https://chat.example:99999", "chat.example:99999"),
            ("ftp://chat.example", "chat.example"),
            ("https://", ""),
            ("", ""),
        ):
            self.assertFalse(origins.admits(origin, host), (origin, host))


class ReaderTests(SiteCase):
    """Whose request it is, and who may read the metrics."""

    settings = {"web": ("tcp:0",), "proxies": "127.0.0.2"}

    def start(self, **settings: Any) -> None:
        for name in ("proxies", "metrics_for"):
            value = settings.get(name, self.settings.get(name))
            if value is not None:
                settings[name] = (ip_network(value),)
        super().start(**settings)

    async def metrics(self, source: str, **headers: str) -> int:
        page = await self.get("/metrics", source=source, **headers)
        if page.status == 403:
            self.assertIn("--metrics-for", page.text)
        return page.status

    async def test_this_machine_may(self) -> None:
        self.assertEqual(await self.metrics("127.0.0.1"), 200)

    async def test_nobody_may_through_a_proxy(self) -> None:
        for header in ("X_Forwarded_For", "Forwarded", "X_Real_IP"):
            self.assertEqual(await self.metrics("127.0.0.1", **{header: "127.0.0.1"}), 403)
        self.assertEqual(await self.metrics("127.0.0.2", X_Forwarded_For="10.0.0.1"), 403)
        self.assertEqual(await self.metrics("127.0.0.2", X_Forwarded_For="rubbish"), 403)

    async def test_whom_the_settings_allow_may(self) -> None:
        await self.restart(metrics_for="10.0.0.0/8")
        for told in ("10.1.2.3", "192.0.2.1, 10.1.2.3", "::ffff:10.1.2.3"):
            self.assertEqual(await self.metrics("127.0.0.2", X_Forwarded_For=told), 200, told)
        told = "10.1.2.3, 192.0.2.1"
        self.assertEqual(await self.metrics("127.0.0.2", X_Forwarded_For=told), 403)
        self.assertEqual(await self.metrics("127.0.0.3", X_Forwarded_For="10.1.2.3"), 403)

    async def test_a_proxys_client_is_the_one_it_saw(self) -> None:
        node: Any = self.server._node
        sessions = node.registry.sessions
        for source, told, seen in (
            ("127.0.0.2", "203.0.113.9", "203.0.113.9"),
            ("127.0.0.2", "10.0.0.1, 203.0.113.9", "203.0.113.9"),
            ("127.0.0.2", "rubbish", "127.0.0.2"),
            ("127.0.0.3", "203.0.113.9", "127.0.0.3"),
        ):
            client = await self.open(source, headers={"X-Forwarded-For": told})
            await client.settled()
            [session] = sessions
            self.assertEqual(session.connection.peer, seen)
            await client.hang_up()
            await until(lambda: not sessions)
