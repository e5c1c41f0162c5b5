"""Set-ups that are broken on purpose, and what the doctor says of them."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import threading
from argparse import Namespace
from contextlib import closing
from typing import Any

from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase

from chatserver.admin.checkup import system
from chatserver.admin.checkup.databases import clock
from chatserver.admin.checkup.findings import ok
from chatserver.admin.commands import CannotDo
from chatserver.admin.doctor import CHECKS, doctor
from chatserver.settings import Settings
from chatserver.store.engines import engine_of
from cluster.process import free_port
from tests.support.certificates import Authority
from tests.support.folders import temporary_folder
from tests.support.mariadb import mariadb
from tests.support.redis import running_redis
from tests.support.servers import ServerCase


def examine(**settings: Any) -> list[dict[str, str]]:
    """What it finds, as JSON; and that it fails when there are problems, and only then."""
    chosen = Settings(**{"port": (f"tcp:{free_port()}:interface=127.0.0.1",), **settings})
    found = []
    failed = False
    try:
        for line in doctor(chosen, Namespace(json=True)):
            found.append(json.loads(line))
    except CannotDo:
        failed = True
    assert failed == any(each["level"] == "problem" for each in found), found
    return found


def problems(found: list[dict[str, str]]) -> list[str]:
    return [each["what"] for each in found if each["level"] == "problem"]


def warnings(found: list[dict[str, str]], check: str) -> list[str]:
    return [each["what"] for each in found if (each["level"], each["check"]) == ("warning", check)]


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        self.path = self.folder / "chat.db"
        self.sqlite = f"sqlite:///{self.path}"

    def assert_one(self, texts: list[str], part: str) -> None:
        self.assertEqual(len(texts), 1, texts)
        self.assertIn(part, texts[0])


class SQLiteTests(Case):
    """On a file."""

    def test_a_good_set_up_has_no_problem(self) -> None:
        self.assertEqual(problems(examine(database=self.sqlite)), [], "no database yet")
        engine_of(self.sqlite).prepare()
        found = examine(database=self.sqlite)
        self.assertEqual(problems(found), [])
        self.assertEqual(warnings(found, "database"), [])
        self.assertEqual(warnings(found, "settings"), [])

    def test_a_folder_that_is_not_there(self) -> None:
        found = examine(database=f"sqlite:///{self.folder}/none/chat.db")
        self.assert_one(problems(found), "its folder can't be written")

    def test_a_damaged_file(self) -> None:
        engine_of(self.sqlite).prepare()
        whole = self.path.read_bytes()
        self.path.write_bytes(whole[:8192] + b"x" * 4096 + whole[12288:])
        found = problems(examine(database=self.sqlite))
        self.assertTrue(any("damaged" in one or "malformed" in one for one in found), found)
        self.path.write_bytes(b"rubbish" * 1000)
        found = problems(examine(database=self.sqlite))
        self.assertTrue(any("not a database" in one for one in found), found)

    def test_a_file_that_others_may_read(self) -> None:
        engine_of(self.sqlite).prepare()
        self.path.chmod(0o644)
        found = examine(database=self.sqlite)
        self.assert_one(warnings(found, "database"), "other users can read")

    def test_settings_that_do_not_fit(self) -> None:
        found = examine(database=self.sqlite, workers=2)
        self.assertIn("MySQL", " ".join(problems(found)))

    def test_a_check_that_fails_is_told_and_the_others_go_on(self) -> None:
        def broken(settings: Settings) -> Any:
            raise ZeroDivisionError("oh")

        self.patch(
            sys.modules["chatserver.admin.doctor"],
            "CHECKS",
            (("one", broken), ("two", lambda settings: [ok("fine")]), *CHECKS),
        )
        found = examine(database=self.sqlite)
        self.assertEqual(problems(found), ["can't be checked: oh"])
        self.assertEqual(found[1]["check"], "two")

    def test_low_limits(self) -> None:
        command = [sys.executable, "-m", "chatserver.admin", "doctor", "--database", self.sqlite]
        done = subprocess.run(
            ["sh", "-c", f"ulimit -n 200; exec {shlex.join(command)}"],
            env=os.environ | {"CHATSERVER_PORT": str(free_port())},
            stdout=subprocess.PIPE,
            timeout=60,
            text=True,
            check=True,
        )
        self.assertIn("this user may open 200 files, too few for 50,000 connections", done.stdout)
        self.assertIn("-> raise the limit (LimitNOFILE=", done.stdout)

    def test_a_low_kernel_limit(self) -> None:
        self.patch(system, "_numbers", lambda name: [128])
        found = examine(database=self.sqlite)
        texts = warnings(found, "limits")
        self.assertTrue(any("only 128 connections may wait" in one for one in texts), texts)

    def test_clocks_that_differ(self) -> None:
        self.assertEqual(clock("it", 0.5).level, "ok")
        self.assertEqual(clock("it", -5).level, "warning")
        self.assertIn("40 s ahead", clock("it", 40).what)


class PortTests(ServerCase):
    """Ports that are in use."""

    settings = {"web": ("tcp:0:interface=127.0.0.1",)}

    async def test_a_server_that_runs_is_recognized(self) -> None:
        web = self.server.web_addresses[0].port
        found = await deferToThread(
            lambda: examine(
                database=f"sqlite:///{self.database}",
                port=(f"tcp:{self.port}:interface=127.0.0.1",),
                web=(str(web),),
            )
        )
        self.assertEqual(problems(found), [])
        texts = " ".join(each["what"] for each in found)
        self.assertIn(f"port {self.port}: a server answers PING", texts)
        self.assertIn(f"port {web}: a server answers, and is well", texts)

    def test_another_program_is_told_from_it(self) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as other:
            port = other.getsockname()[1]

            def answer() -> None:
                while True:
                    try:
                        connection, _ = other.accept()
                    except OSError:
                        return
                    connection.sendall(b"220 mail\r\n")
                    connection.close()

            threading.Thread(target=answer, daemon=True).start()
            found = examine(
                database=f"sqlite:///{self.database}", port=(f"tcp:{port}:interface=127.0.0.1",)
            )
            other.shutdown(socket.SHUT_RDWR)
        [text] = problems(found)
        self.assertIn(f"port {port} is in use, and what answers there is no chat server", text)


class TLSTests(Case):
    """Certificates."""

    def port(self, **days: float) -> tuple[str]:
        pair = Authority().issue(**days)
        certificate, key = self.folder / "cert.pem", self.folder / "key.pem"
        certificate.write_bytes(pair.certificate_pem)
        key.write_bytes(pair.key_pem())
        key.chmod(0o600)
        names = f"privateKey={key}:certKey={certificate}"
        return (f"ssl:{free_port()}:{names}:interface=127.0.0.1",)

    def test_a_good_one(self) -> None:
        found = examine(database=self.sqlite, port=self.port(ends=90))
        self.assertEqual((problems(found), warnings(found, "tls")), ([], []))

    def test_one_that_expires_soon(self) -> None:
        found = examine(database=self.sqlite, port=self.port(ends=3))
        self.assert_one(warnings(found, "tls"), "expires in 2 days")

    def test_one_that_has_expired(self) -> None:
        found = examine(database=self.sqlite, port=self.port(begins=-9, ends=-1))
        self.assert_one(problems(found), "expired")

    def test_one_with_another_key_and_one_that_is_not_there(self) -> None:
        port = self.port(ends=90)
        (self.folder / "key.pem").write_bytes(Authority().issue().key_pem())
        self.assert_one(problems(examine(database=self.sqlite, port=port)), "is not that of")
        (self.folder / "key.pem").unlink()
        self.assert_one(problems(examine(database=self.sqlite, port=port)), "key.pem")


class MariaDBTests(Case):
    """On a server."""

    def setUp(self) -> None:
        super().setUp()
        self.name, self.url = mariadb().new_database()

    def test_a_good_set_up(self) -> None:
        engine_of(self.url).prepare()
        found = examine(database=self.url)
        self.assertEqual((problems(found), warnings(found, "database")), ([], []))

    def test_an_old_schema(self) -> None:
        engine_of(self.url).prepare()
        mariadb().execute("DELETE FROM schema_version WHERE version > 1", self.name)
        self.assert_one(problems(examine(database=self.url)), "schema version 1, this program")

    def test_a_newer_schema(self) -> None:
        engine_of(self.url).prepare()
        mariadb().execute("INSERT INTO schema_version VALUES (99, 0)", self.name)
        self.assertIn("newer than this program's", problems(examine(database=self.url))[0])

    def test_another_character_set(self) -> None:
        engine_of(self.url).prepare()
        statement = "ALTER TABLE accounts CONVERT TO CHARACTER SET latin1"
        mariadb().execute(statement, self.name)
        found = examine(database=self.url)
        self.assert_one(problems(found), "accounts (latin1")
        self.assertTrue(any("ALTER TABLE accounts" in each["todo"] for each in found))

    def test_a_user_who_may_do_too_little(self) -> None:
        engine_of(self.url).prepare()
        mariadb().execute("CREATE USER reader@localhost IDENTIFIED BY 'secret'")
        self.addCleanup(mariadb().execute, "DROP USER reader@localhost")
        mariadb().execute(f"GRANT SELECT ON {self.name}.* TO reader@localhost")
        url = self.url.replace("root@", "reader:secret@")
        self.assert_one(problems(examine(database=url)), "may not INSERT, UPDATE, DELETE")

    def test_commits_that_a_power_cut_undoes(self) -> None:
        engine_of(self.url).prepare()
        mariadb().execute("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
        self.addCleanup(mariadb().execute, "SET GLOBAL innodb_flush_log_at_trx_commit = 1")
        self.assert_one(problems(examine(database=self.url)), "a power cut there loses")

    def test_a_server_that_is_not_there(self) -> None:
        found = problems(examine(database=f"mysql://root@127.0.0.1:{free_port()}/chat"))
        self.assert_one(found, "can't use the database")


class RedisTests(Case):
    """With Redis."""

    def setUp(self) -> None:
        super().setUp()
        _, self.database = mariadb().new_database()
        engine_of(self.database).prepare()

    def test_a_good_one(self) -> None:
        redis = running_redis(self, password="right")
        found = examine(database=self.database, redis=f"redis://:right@127.0.0.1:{redis.port}")
        self.assertEqual((problems(found), warnings(found, "redis")), ([], []))
        self.assertTrue(any("what is published is heard" in each["what"] for each in found))

    def test_a_wrong_password(self) -> None:
        redis = running_redis(self, password="right")
        found = examine(database=self.database, redis=f"redis://:wrong@127.0.0.1:{redis.port}")
        self.assert_one(problems(found), "WRONGPASS")
        [todo] = [each["todo"] for each in found if each["level"] == "problem"]
        self.assertIn("the right user and password", todo)
        self.assertNotIn("wrong@", json.dumps(found))

    def test_one_that_is_not_there(self) -> None:
        found = examine(database=self.database, redis=f"redis://127.0.0.1:{free_port()}")
        self.assert_one(problems(found), "Connection refused")

    def test_one_without_a_limit_for_slow_nodes(self) -> None:
        redis = running_redis(self, config=["client-output-buffer-limit pubsub 0 0 0"])
        found = examine(database=self.database, redis=f"redis://127.0.0.1:{redis.port}")
        self.assert_one(warnings(found, "redis"), "no limit")

    def test_a_user_who_may_not_publish(self) -> None:
        rule = "user chat on >right resetchannels &other:* +publish +subscribe +ping"
        redis = running_redis(self, config=[rule])
        found = examine(database=self.database, redis=f"redis://chat:right@127.0.0.1:{redis.port}")
        self.assert_one(problems(found), "publishing and subscribing don't work")


# What is shared is no test by itself.
del Case
