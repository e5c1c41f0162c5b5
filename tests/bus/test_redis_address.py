"""The URL of the ``redis`` setting."""

from __future__ import annotations

from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint
from twisted.trial.unittest import SynchronousTestCase, TestCase

from chatserver.bus.redis_address import RedisUnusable, address_of
from tests.support.certificates import make_certificates
from tests.support.folders import temporary_folder
from tests.support.waiting import reactor


class UrlTests(SynchronousTestCase):
    def refusal(self, url: str) -> str:
        text = str(self.assertRaises(RedisUnusable, address_of, url, reactor))
        self.assertNotIn("\n", text)
        return text

    def test_parts_are_unquoted(self) -> None:
        address = address_of("redis://chat:p%40%3A%2F@redis.example:7000/3", reactor)
        self.assertEqual(address[1:4], ("chat", "p@:/", 3))
        self.assertIsInstance(address.endpoint, HostnameEndpoint)
        self.assertEqual(address.shown, "redis://chat@redis.example:7000/3")

    def test_most_may_be_left_out(self) -> None:
        address = address_of("redis://", reactor)
        self.assertEqual(address[1:4], (None, None, None))
        self.assertEqual(address_of("redis://:secret@h", reactor).password, "secret")

    def test_a_socket_stands_for_host_and_port(self) -> None:
        address = address_of("redis://:secret@/1?unix_socket=/run/redis.sock", reactor)
        self.assertIsInstance(address.endpoint, UNIXClientEndpoint)

    def test_what_is_no_such_url_is_refused_without_its_password(self) -> None:
        for url in (
            "127.0.0.1:6379",
            "http://me:secret@host",
            "redis://me:secret@host/zero",
            "redis://me:secret@host:port",
            "redis://me:secret@host:99999",
            "redis://me:secret@host?timeout=3",
        ):
            text = self.refusal(url)
            self.assertIn("redis://USER:PASSWORD@HOST:PORT/DB", text)
            self.assertNotIn("secret", text)


class FileTests(TestCase):
    def test_files_that_can_t_be_used_are_named(self) -> None:
        folder = temporary_folder(self)
        made = make_certificates(folder)
        empty = folder / "empty.pem"
        empty.write_text("nothing")
        for options, says in (
            ("ca=/nonexistent/ca.pem", "/nonexistent/ca.pem"),
            (f"ca={empty}", "no certificate"),
            (f"cert={made.certificate}", "cert and key"),
            (f"cert={empty}&key={empty}", "cert and key"),
        ):
            problem = self.assertRaises(
                RedisUnusable, address_of, f"rediss://localhost?{options}", reactor
            )
            self.assertIn(says, str(problem))
