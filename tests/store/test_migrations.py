"""Making a database ready: new, old, too new, broken, and in use by others."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase, TestCase

import chatserver
from chatserver.store.engines import engine_of
from chatserver.store.errors import DatabaseUnusable
from chatserver.store.migrations import Migration, available, folder
from chatserver.store.sqlite import SQLite
from tests.support.folders import temporary_folder

_CODE = Path(chatserver.__file__).parent.parent
# Says that it is ready, waits for the word to go, and makes the database ready.
_STARTER = """
import sys
from chatserver.store.engines import engine_of
print("ready", flush=True)
sys.stdin.readline()
engine_of(sys.argv[1]).prepare()
"""


class MigrationCase(TestCase):
    """A folder for databases."""

    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        self.path = self.folder / "chat.db"
        self.url = f"sqlite:///{self.path}"

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def run_sql(self, sql: str) -> None:
        connection = sqlite3.connect(self.path)
        try:
            connection.executescript(sql)
        finally:
            connection.close()

    def tables(self) -> set[object]:
        return {name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type='table'")}

    def refusal(self, url: str) -> str:
        """The one line that says why a database can't be used."""
        problem = self.assertRaises(DatabaseUnusable, lambda: engine_of(url).prepare())
        text = str(problem)
        self.assertNotIn("\n", text)
        self.assertTrue(text)
        return text


class PrepareTests(MigrationCase):
    """What is usable becomes ready."""

    def test_a_new_database_gets_all_migrations(self) -> None:
        engine_of(self.url).prepare()
        versions = [version for (version,) in self.rows("SELECT version FROM schema_version")]
        self.assertEqual(versions, [migration.version for migration in available("sqlite")])
        self.assertLessEqual(
            {"accounts", "devices", "tokens", "conversations", "messages", "cursors"}, self.tables()
        )

    def test_a_second_time_changes_nothing(self) -> None:
        engine_of(self.url).prepare()
        self.run_sql("INSERT INTO friends VALUES (1, 2)")
        before = self.rows("SELECT * FROM schema_version"), self.rows("SELECT * FROM sqlite_master")
        engine_of(self.url).prepare()
        after = self.rows("SELECT * FROM schema_version"), self.rows("SELECT * FROM sqlite_master")
        self.assertEqual(before, after)
        self.assertEqual(self.rows("SELECT * FROM friends"), [(1, 2)])

    def test_what_is_up_to_date_is_not_locked(self) -> None:
        needed = len(available("sqlite"))
        self.assertEqual(engine_of(self.url).prepare(), (0, needed))
        writer = sqlite3.connect(self.path, isolation_level=None)
        self.addCleanup(writer.close)
        writer.execute("BEGIN IMMEDIATE")
        self.assertEqual(engine_of(self.url).prepare(), (needed, needed))

    def test_an_empty_file_is_a_new_database(self) -> None:
        self.path.touch()
        engine_of(self.url).prepare()
        self.assertIn("accounts", self.tables())

    def test_only_the_owner_may_read_it(self) -> None:
        engine_of(self.url).prepare()
        for path in self.folder.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path.name)

    def test_readers_and_the_writer_do_not_wait_for_each_other(self) -> None:
        engine_of(self.url).prepare()
        self.assertEqual(self.rows("PRAGMA journal_mode"), [("wal",)])

    def test_a_path_with_special_characters_is_taken_as_it_is(self) -> None:
        for name in ("a b.db", "100%.db", "q?x=1.db", "h#1.db", "张三.db", ":memory:"):
            engine_of(f"sqlite:///{self.folder}/{name}").prepare()
            self.assertTrue((self.folder / name).stat().st_size > 0, name)

    def test_six_processes_at_once_make_one_new_database(self) -> None:
        environment = os.environ | {"PYTHONPATH": str(_CODE)}
        starters = [
            subprocess.Popen(
                [sys.executable, "-c", _STARTER, self.url],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                cwd=self.folder,
            )
            for _ in range(6)
        ]
        for starter in starters:
            assert starter.stdout is not None
            self.assertEqual(starter.stdout.readline(), b"ready\n")
        for starter in starters:
            assert starter.stdin is not None
            starter.stdin.write(b"go\n")
            starter.stdin.flush()
        for starter in starters:
            _, errors = starter.communicate(timeout=60)
            self.assertEqual((starter.returncode, errors), (0, b""))
        count = len(available("sqlite"))
        self.assertEqual(self.rows("SELECT COUNT(*) FROM schema_version"), [(count,)])


class UnusableTests(MigrationCase):
    """What is not usable is refused with one clear line, and not touched."""

    def test_a_database_of_a_newer_program(self) -> None:
        engine_of(self.url).prepare()
        self.run_sql("INSERT INTO schema_version VALUES (99, 0)")
        text = self.refusal(self.url)
        self.assertIn(str(self.path), text)
        self.assertIn("99", text)
        self.assertIn("newer", text)
        self.assertEqual(self.rows("SELECT MAX(version) FROM schema_version"), [(99,)])

    def test_a_folder_that_does_not_exist(self) -> None:
        text = self.refusal(f"sqlite:///{self.folder}/nowhere/chat.db")
        self.assertIn(f"{self.folder}/nowhere/chat.db: No such file or directory", text)

    def test_a_folder_that_is_a_file(self) -> None:
        self.path.touch()
        self.assertIn("Not a directory", self.refusal(f"{self.url}/chat.db"))

    def test_a_file_that_is_a_folder(self) -> None:
        self.assertIn("Is a directory", self.refusal(f"sqlite:///{self.folder}"))

    def test_a_file_that_may_not_be_written(self) -> None:
        self.path.touch()
        self.path.chmod(0o400)
        if os.access(self.path, os.W_OK):
            self.skipTest("this user may write everything")
        self.assertIn("Permission denied", self.refusal(self.url))

    def test_a_file_that_is_no_database(self) -> None:
        content = b"my important notes\n" * 100
        self.path.write_bytes(content)
        text = self.refusal(self.url)
        self.assertIn(str(self.path), text)
        self.assertIn("not a database", text)
        self.assertEqual(self.path.read_bytes(), content)

    def test_a_name_that_no_file_can_have(self) -> None:
        self.refusal("sqlite:///a\0b")
        self.assertIn("File name too long", self.refusal(f"sqlite:///{self.folder}/{'x' * 300}"))

    def test_a_url_that_names_no_file(self) -> None:
        for url in ("", "chat.db", "sqlite:", "sqlite://chat.db", "sqlite:///", "redis://h/db"):
            text = self.refusal(url)
            self.assertIn(repr(url), text)
            self.assertIn("sqlite:///FILE", text)

    def test_of_a_migration_that_fails_nothing_is_left(self) -> None:
        """Here its last tables are those of another program."""
        self.run_sql("CREATE TABLE cursors (mine TEXT); INSERT INTO cursors VALUES ('x')")
        text = self.refusal(self.url)
        self.assertIn("cursors already exists", text)
        self.assertEqual(self.tables(), {"cursors"})
        self.assertEqual(self.rows("SELECT * FROM cursors"), [("x",)])

    def test_after_the_cause_is_gone_it_becomes_ready(self) -> None:
        self.run_sql("CREATE TABLE cursors (mine TEXT)")
        self.refusal(self.url)
        self.run_sql("DROP TABLE cursors")
        engine_of(self.url).prepare()
        self.assertIn("messages", self.tables())


class FileTests(SynchronousTestCase):
    """The SQL files and how they are taken apart."""

    def test_versions_count_from_one(self) -> None:
        versions = [migration.version for migration in available("sqlite")]
        self.assertEqual(versions, list(range(1, len(versions) + 1)))
        self.assertTrue(versions)

    def test_every_file_in_the_folder_is_a_migration(self) -> None:
        known = {migration.sql for migration in available("sqlite")}
        for path in folder().glob("*.sql"):
            if ".mysql." not in path.name:
                self.assertIn(path.read_text(encoding="utf-8"), known, path.name)

    def test_statements_end_with_a_semicolon_at_the_end_of_a_line(self) -> None:
        sql = (
            "CREATE TABLE a (x);\n\n  CREATE TABLE b (\n x,\n y\n);  \n"
            "INSERT INTO a VALUES (';');\n"
        )
        self.assertEqual(
            list(Migration(1, sql).statements()),
            ["CREATE TABLE a (x)", "CREATE TABLE b (\n x,\n y\n)", "INSERT INTO a VALUES (';')"],
        )

    def test_every_statement_of_every_migration_is_complete(self) -> None:
        for migration in available("sqlite"):
            for statement in migration.statements():
                self.assertTrue(sqlite3.complete_statement(statement + ";"), statement)
                self.assertFalse(sqlite3.complete_statement(statement), statement)

    def test_a_relative_path_is_one_from_the_current_folder(self) -> None:
        self.assertEqual(SQLite("sqlite:///chat.db").path, str(Path.cwd() / "chat.db"))
        self.assertEqual(SQLite("sqlite:////var/lib/chat.db").path, "/var/lib/chat.db")
