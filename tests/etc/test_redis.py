"""A real Redis with etc/redis: the nodes may do their work, and nobody anything else."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from subprocess import CalledProcessError

from twisted.trial.unittest import TestCase

from cluster.process import free_port
from cluster.redis import Certificate, Redis
from tests.support.certificates import make_certificates
from tests.support.folders import temporary_folder

_CONFIG = Path(__file__).parents[2] / "etc/redis/chatserver.conf"
_TLS = re.compile(r"^#(port 0|tls-.*)$", re.MULTILINE)
_PASSWORD = "CHANGE-ME-3"


def start(test: TestCase, port: int, config: Path, tls: Certificate | None = None) -> Redis:
    """A Redis that includes a file at its end, as the file itself says."""
    include = [f"include {config}"]
    folder = temporary_folder(test) / "redis"
    redis = Redis(folder, port, user="chat", password=_PASSWORD, tls=tls, config=include)
    test.addCleanup(redis.remove)
    redis.start()
    return redis


class ConfigTests(TestCase):
    def setUp(self) -> None:
        self.redis = start(self, free_port(), _CONFIG)

    def refusal(self, *command: str) -> str:
        """Why a command is refused."""
        problem = self.assertRaises(CalledProcessError, self.redis.command, *command)
        return str(problem.output)

    def test_a_node_may_publish_and_subscribe(self) -> None:
        with socket.create_connection(("127.0.0.1", self.redis.port), 10) as connection:
            replies = connection.makefile("rb")
            connection.sendall(b"AUTH chat CHANGE-ME-3\r\nSUBSCRIBE chatserver:1:a:7\r\n")
            self.assertEqual(replies.readline(), b"+OK\r\n")
            self.assertEqual([replies.readline() for _ in range(6)][-1], b":1\r\n")
            self.assertEqual(self.redis.command("PUBLISH", "chatserver:1:a:7", "news"), "1")
            self.assertIn(b"news\r\n", [replies.readline() for _ in range(7)])
            connection.sendall(b"UNSUBSCRIBE chatserver:1:a:7\r\n")
            self.assertEqual([replies.readline() for _ in range(6)][-1], b":0\r\n")
        self.assertEqual(self.redis.command("PING"), "PONG")

    def test_a_node_may_do_nothing_else(self) -> None:
        for command in (
            "GET chatserver:x", "SET chatserver:x 1", "KEYS *", "CONFIG GET *", "FLUSHALL",
            "CLIENT LIST", "PUBLISH other x", "PSUBSCRIBE *", "SHUTDOWN", "ACL WHOAMI",
        ):  # fmt: skip
            self.assertIn("NOPERM", self.refusal(*command.split()), command)
        self.assertTrue(self.redis.is_running())

    def test_nobody_else_may_do_anything(self) -> None:
        with socket.create_connection(("127.0.0.1", self.redis.port), 10) as connection:
            replies = connection.makefile("rb")
            connection.sendall(b"PING\r\nAUTH CHANGE-ME-3\r\nAUTH default x\r\n")
            self.assertIn(b"NOAUTH", replies.readline())
            for _ in range(2):
                self.assertIn(b"WRONGPASS", replies.readline())

    def test_it_saves_nothing(self) -> None:
        self.redis.stop()
        left = {path.name for path in self.redis.folder.iterdir()}
        self.assertEqual(left, {"redis.conf", "redis.log"})


class TlsTests(TestCase):
    def test_the_block_for_tls_works(self) -> None:
        folder = temporary_folder(self)
        made, port = make_certificates(folder), free_port()
        files = Certificate(ca=made.authority_file, cert=made.certificate, key=made.key)
        text, lines = _TLS.subn(r"\1", _CONFIG.read_text(encoding="utf-8"))
        self.assertEqual(lines, 7)
        for shown, real in (
            ("6379", str(port)),
            ("/etc/redis/tls/ca.pem", str(files.ca)),
            ("/etc/redis/tls/redis.pem", str(files.cert)),
            ("/etc/redis/tls/redis.key", str(files.key)),
        ):
            text = text.replace(shown, real)
        config = folder / "chatserver.conf"
        config.write_text(text, encoding="utf-8")
        redis = start(self, port, config, files)
        self.assertEqual(redis.command("PUBLISH", "chatserver:1", "x"), "0")
