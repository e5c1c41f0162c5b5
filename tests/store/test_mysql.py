"""MySQL as an engine: its URL, making a database ready, and what its refusals mean."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import MySQLdb
from MySQLdb import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
)
from twisted.trial.unittest import SynchronousTestCase

import chatserver
from chatserver.store.engine import Verdict
from chatserver.store.engines import engine_of
from chatserver.store.errors import DatabaseUnusable
from chatserver.store.migrations import available
from chatserver.store.mysql import _MIGRATION_LOCK, MySQL, _options_of
from tests.support.mariadb import mariadb

_CODE = Path(chatserver.__file__).parent.parent
# Says that it is ready, waits for the word to go, and makes the database ready.
_STARTER = """
import sys
from chatserver.store.engines import engine_of
print("ready", flush=True)
sys.stdin.readline()
engine_of(sys.argv[1]).prepare()
"""


class UrlTests(SynchronousTestCase):
    def test_parts_are_unquoted(self) -> None:
        options = _options_of("mysql://chat%40home:p%3Aw%2Fd@db.example:3307/chat")
        wanted = {
            "user": "chat@home",
            "passwd": "p:w/d",
            "host": "db.example",
            "port": 3307,
            "db": "chat",
            "charset": "utf8mb4",
        }
        self.assertEqual({name: options[name] for name in wanted}, wanted)

    def test_refusal_of_a_bad_url_shows_no_password(self) -> None:
        for url in ("mysql://me:secret@host", "mysql://me:secret@host/", "mysql://me:secret@h/a-b"):
            text = str(self.assertRaises(DatabaseUnusable, MySQL, url))
            self.assertIn("mysql://USER:PASSWORD@HOST:PORT/NAME", text)
            self.assertNotIn("secret", text)

    def test_no_message_shows_a_password(self) -> None:
        for url in ("mysql://me:my@secret@h/chat", "mysql://me:my:secret@h/chat"):
            self.assertEqual(MySQL(url).name, "mysql://me@h/chat")
        text = str(self.assertRaises(DatabaseUnusable, engine_of, "mariadb://me:secret@h/chat"))
        self.assertIn("'mariadb://me@h/chat'", text)


class DriverTests(SynchronousTestCase):
    def test_without_mysqlclient_the_refusal_says_how_to_install_it(self) -> None:
        script = (
            "import sys; sys.modules['MySQLdb'] = None\n"
            "from chatserver.store.engines import engine_of\n"
            "engine_of('mysql://localhost/chat')"
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONPATH": str(_CODE)},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertIn("DatabaseUnusable", done.stderr)
        self.assertIn("pip install 'chatserver[mysql]'", done.stderr)


class PrepareTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.name, self.url = mariadb().new_database()

    def refusal(self, url: str) -> str:
        problem = self.assertRaises(DatabaseUnusable, lambda: engine_of(url).prepare())
        text = str(problem)
        self.assertNotIn("\n", text)
        return text

    def url_of_user(self, privileges: str) -> str:
        """The database's URL for a user with these privileges on it and no others."""
        mariadb().execute("CREATE USER chat@localhost IDENTIFIED BY 'x'")
        self.addCleanup(mariadb().execute, "DROP USER chat@localhost")
        mariadb().execute(f"GRANT {privileges} ON {self.name}.* TO chat@localhost")
        return self.url.replace("root@", "chat:x@")

    def test_a_new_database_gets_all_migrations_once(self) -> None:
        for _ in range(2):
            engine_of(self.url).prepare()
        versions = mariadb().execute("SELECT version FROM schema_version", self.name)
        self.assertEqual(
            [version for (version,) in versions],
            [migration.version for migration in available("mysql")],
        )

    def test_every_text_is_compared_by_code_point_without_padding(self) -> None:
        engine_of(self.url).prepare()
        collations = mariadb().execute(
            "SELECT DISTINCT collation_name FROM information_schema.columns "
            f"WHERE table_schema = '{self.name}' AND collation_name IS NOT NULL"
        )
        self.assertEqual(collations, [("utf8mb4_nopad_bin",)])

    def test_six_processes_at_once_make_one_new_database(self) -> None:
        starters = [
            subprocess.Popen(
                [sys.executable, "-c", _STARTER, self.url],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": str(_CODE)},
                text=True,
            )
            for _ in range(6)
        ]
        for starter in starters:
            assert starter.stdout is not None
            starter.stdout.readline()
        for starter in starters:
            assert starter.stdin is not None
            starter.stdin.write("go\n")
            starter.stdin.flush()
        for starter in starters:
            _, errors = starter.communicate(timeout=60)
            self.assertEqual((errors, starter.returncode), ("", 0))
        versions = mariadb().execute("SELECT COUNT(*) FROM schema_version", self.name)
        self.assertEqual(versions, [(len(available("mysql")),)])

    def test_what_is_up_to_date_is_neither_changed_nor_locked(self) -> None:
        """Another node may hold the lock, and this user may do nothing but read."""
        engine_of(self.url).prepare()
        other = MySQLdb.connect(**_options_of(self.url))
        self.addCleanup(other.close)
        other.cursor().execute("SELECT GET_LOCK(%s, 0)", (_MIGRATION_LOCK,))
        self.assertTrue(engine_of(self.url_of_user("SELECT")).prepare().is_current)

    def test_looking_changes_nothing(self) -> None:
        engine = engine_of(self.url)
        self.assertEqual((engine.look().found, engine.look().found), (0, 0))
        engine.prepare()
        self.assertTrue(engine_of(self.url_of_user("SELECT")).look().is_current)

    def test_who_may_not_migrate_is_told_who_can(self) -> None:
        url = self.url_of_user("SELECT, INSERT, UPDATE, DELETE")
        newest = len(available("mysql"))
        text = self.refusal(url)
        self.assertIn(f"schema version 0, this program needs {newest}", text)
        self.assertIn("chatserver-admin migrate", text)
        engine_of(self.url).prepare()
        engine_of(url).prepare()
        mariadb().execute("DELETE FROM schema_version ORDER BY version DESC LIMIT 1", self.name)
        text = self.refusal(url)
        self.assertIn(f"schema version {newest - 1}, this program needs {newest}", text)

    def test_a_newer_database_is_refused(self) -> None:
        engine_of(self.url).prepare()
        mariadb().execute("INSERT INTO schema_version VALUES (999, 0)", self.name)
        text = self.refusal(self.url)
        self.assertIn("999", text)
        self.assertIn("newer", text)

    def test_a_server_that_is_not_there_is_told_in_one_line(self) -> None:
        text = self.refusal("mysql://me:secret@127.0.0.1:1/chat")
        self.assertIn("mysql://me@127.0.0.1:1/chat", text)
        self.assertNotIn("secret", text)

    def test_a_database_that_is_not_there_is_told_by_its_name(self) -> None:
        self.assertIn("nothing", self.refusal(self.url.replace(self.name, "nothing")))


class VerdictTests(SynchronousTestCase):
    """The driver's class for an error, as mysqlclient 2.2 has it, and the error's number."""

    def assert_verdict(
        self, verdict: Verdict, codes: Collection[int], kind: type[Exception] = OperationalError
    ) -> None:
        engine = MySQL("mysql://localhost/chat")
        for code in codes:
            self.assertIs(engine.verdict(kind(code, "why")), verdict, code)

    def test_a_transaction_that_lost_is_run_again(self) -> None:
        self.assert_verdict(Verdict.AGAIN, [1213, 1020, 1412, 3101])

    def test_a_lock_held_for_long_is_not_waited_for_again(self) -> None:
        self.assert_verdict(Verdict.LOCKED, [1205, 3572])

    def test_rows_that_break_a_rule_are_refused(self) -> None:
        self.assert_verdict(Verdict.REFUSED, [1062, 1048], IntegrityError)
        self.assert_verdict(Verdict.REFUSED, [1264, 1406], DataError)
        self.assert_verdict(Verdict.REFUSED, [1366, 1644, 3819, 4025])

    def test_a_server_that_is_gone_or_full_or_no_primary_any_more_is_an_outage(self) -> None:
        going = [1053, 1927, 2002, 2003, 2006, 2013, 2055, 4031]
        full = [1040, 1203, 1226, 1021, 1114]
        read_only = [1290, 1792, 1836]
        self.assert_verdict(Verdict.UNREACHABLE, going + full + read_only)
        self.assert_verdict(Verdict.UNREACHABLE, [0], InterfaceError)

    def test_what_the_program_got_wrong_is_a_fault(self) -> None:
        self.assert_verdict(Verdict.FAULT, [1064, 1146], ProgrammingError)
        self.assert_verdict(Verdict.FAULT, [1], ValueError)
