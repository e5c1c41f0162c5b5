"""Copies of a database: while servers write to it, and back in its place."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
import time
from argparse import Namespace
from contextlib import closing
from pathlib import Path
from typing import Any

from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase

from chatclient.steady.disk import DiskStore
from chatserver.admin.backup import backup_database, renumber_conversations, restore_database
from chatserver.admin.commands import CannotDo
from chatserver.settings import Settings
from chatserver.store.engines import engine_of
from chatserver.store.errors import DatabaseUnusable
from tests.support.folders import temporary_folder
from tests.support.mariadb import mariadb
from tests.support.servers import ServerCase

# Opens a database as a server does, and waits to be ended.
_USER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT COUNT(*) FROM accounts").fetchone()
print("open", flush=True)
sys.stdin.read()
"""


class FileCase(SynchronousTestCase):
    """A database with some rows."""

    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        self.path = self.folder / "chat.db"
        self.copy = self.folder / "copy.db"
        self.settings = Settings(database=f"sqlite:///{self.path}")
        engine_of(self.settings.database).prepare()
        self.run_sql(
            "INSERT INTO accounts VALUES (1, 'li', 'h', 0, 0), (2, 'wang', 'h', 0, 0);"
            "INSERT INTO conversations VALUES (1, 1, 2), (2, NULL, NULL);"
            "INSERT INTO chat_groups VALUES (1, 'tea', '', 2);"
            "INSERT INTO members VALUES (1, 1, 0, 'normal'), (2, 2, 0, 'creator');"
            "INSERT INTO messages VALUES (1, 1, 1, 1, 0, '#1', 'one');"
            "INSERT INTO messages VALUES (2, 1, 2, 2, 0, '#2', 'two');"
            "INSERT INTO devices VALUES (1, 1, 'phone'); INSERT INTO cursors VALUES (1, 1, 1, 0)"
        )

    def run_sql(self, script: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(script)

    def rows(self, sql: str, path: Path | None = None) -> list[Any]:
        with closing(sqlite3.connect(path or self.path)) as connection:
            return connection.execute(sql).fetchall()

    def backup(self, *, force: bool = False) -> list[str]:
        options = Namespace(file=self.copy, force=force)
        return list(backup_database(self.settings, options))

    def restore(self) -> list[str]:
        return list(restore_database(self.settings, Namespace(file=self.copy)))

    def files(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


class BackupTests(FileCase):
    """backup."""

    def test_it_is_a_whole_database_for_its_owner_only(self) -> None:
        [line] = self.backup()
        self.assertIn("checked", line)
        self.assertEqual(self.rows("SELECT body FROM messages", self.copy), [("one",), ("two",)])
        self.assertEqual(stat.S_IMODE(self.copy.stat().st_mode), 0o600)
        self.assertLessEqual(self.files() - {"chat.db-wal", "chat.db-shm"}, {"chat.db", "copy.db"})

    def test_it_replaces_nothing_unless_told_to(self) -> None:
        self.copy.write_text("precious")
        problem = self.assertRaises(CannotDo, self.backup)
        self.assertIn("--force", str(problem))
        self.assertEqual(self.copy.read_text(), "precious")
        self.backup(force=True)
        self.assertEqual(len(self.rows("SELECT * FROM accounts", self.copy)), 2)

    def test_it_never_replaces_the_database_itself(self) -> None:
        self.copy = self.path
        self.assertRaises(CannotDo, self.backup, force=True)
        self.assertEqual(len(self.rows("SELECT * FROM accounts")), 2)

    def test_it_has_all_that_was_committed_before_though_others_write_on(self) -> None:
        self.run_sql(
            "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
            "INSERT INTO messages SELECT 1, i, 1, 1, 0, '#' || (i + 9), hex(zeroblob(500)) FROM n"
        )
        committed = 20_000
        stop, began = threading.Event(), threading.Event()

        def write() -> None:
            nonlocal committed
            with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as writer:
                while not stop.is_set():
                    values = (committed + 1, f"={committed}")
                    writer.execute("INSERT INTO messages VALUES (1, ?, 1, 1, 0, ?, 'hi')", values)
                    committed += 1
                    if committed > 20_100:
                        began.set()

        thread = threading.Thread(target=write)
        thread.start()
        try:
            self.assertTrue(began.wait(30))
            before = committed
            self.backup()
            after = committed
        finally:
            stop.set()
            thread.join()
        [(last, number)] = self.rows(
            "SELECT MAX(seq), COUNT(*) FROM messages WHERE conversation = 1", self.copy
        )
        self.assertEqual(last, number)
        self.assertGreaterEqual(last, before)
        self.assertGreater(after, before, "nobody was kept from writing")

    def test_mysql_has_a_program_of_its_own(self) -> None:
        _, url = mariadb().new_database()
        self.settings = Settings(database=url)
        problem = self.assertRaises(CannotDo, self.backup)
        self.assertIn("mariadb-dump --single-transaction", str(problem))
        problem = self.assertRaises(CannotDo, self.restore)
        self.assertIn("renumber", str(problem))


class RestoreTests(FileCase):
    """restore."""

    def setUp(self) -> None:
        super().setUp()
        self.backup()
        self.run_sql(
            "INSERT INTO accounts VALUES (7, 'new', 'h', 0, 0);"
            "INSERT INTO conversations VALUES (9, 1, 7);"
            "INSERT INTO messages VALUES (1, 2, 1, 1, 0, '#3', 'lost')"
        )

    def test_the_old_database_is_kept_beside_it(self) -> None:
        lines = self.restore()
        self.assertEqual(self.rows("SELECT body FROM messages ORDER BY 1"), [("one",), ("two",)])
        [aside] = [name for name in self.files() if ".before-" in name]
        self.assertIn(aside, lines[1])
        self.assertEqual(len(self.rows("SELECT * FROM messages", self.folder / aside)), 3)
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)

    def test_no_number_is_given_twice(self) -> None:
        self.restore()
        conversations = [id for (id,) in self.rows("SELECT id FROM conversations")]
        self.assertGreater(min(conversations), 9)
        for table in ("messages", "members"):
            found = self.rows(f"SELECT DISTINCT conversation FROM {table} ORDER BY 1")
            self.assertEqual([id for (id,) in found], sorted(conversations), table)
        self.assertEqual(self.rows("SELECT conversation FROM cursors"), [(min(conversations),)])
        self.assertEqual(self.rows("SELECT conversation FROM chat_groups"), [(max(conversations),)])
        self.run_sql("INSERT INTO accounts (name, password_hash, created) VALUES ('x', 'h', 0)")
        self.run_sql("INSERT INTO conversations (low, high) VALUES (2, 2)")
        [(account,)] = self.rows("SELECT MAX(id) FROM accounts")
        self.assertGreater(account, 7, "another's id who registered after the backup")
        [(newest,)] = self.rows("SELECT MAX(id) FROM conversations")
        self.assertGreater(newest, max(conversations))
        self.restore()
        self.assertGreater(self.rows("SELECT MIN(id) FROM conversations")[0][0], newest)

    def test_numbers_stay_as_small_as_the_time_however_often_it_is_done(self) -> None:
        newest = 0
        for _ in range(3):
            self.renumber()
            ((lowest, highest),) = self.rows("SELECT MIN(id), MAX(id) FROM conversations")
            self.assertGreater(lowest, newest)
            self.assertLess(highest, time.time() * 1000 + 1000)
            newest = highest

    def test_it_refuses_while_somebody_has_the_database_open(self) -> None:
        command = [sys.executable, "-c", _USER, str(self.path)]
        user = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with user:
            self.addCleanup(user.kill)
            assert user.stdout
            user.stdout.readline()
            problem = self.assertRaises(DatabaseUnusable, self.restore)
            self.assertIn("in use: stop the server", str(problem))
            problem = self.assertRaises(DatabaseUnusable, self.renumber)
            self.assertIn("in use: stop the server", str(problem))
        self.assertEqual(len(self.rows("SELECT * FROM messages")), 3)
        self.restore()

    def renumber(self) -> list[str]:
        return list(renumber_conversations(self.settings, Namespace()))

    def test_it_takes_the_place_of_a_damaged_database_too(self) -> None:
        self.path.write_bytes(b"rubbish" * 1000)
        self.restore()
        self.assertEqual(len(self.rows("SELECT * FROM messages")), 2)
        self.assertFalse([name for name in self.files() if name.endswith(("-wal", "-shm"))])
        self.run_sql("INSERT INTO accounts (name, password_hash, created) VALUES ('x', 'h', 0)")
        self.assertGreater(self.rows("SELECT MAX(id) FROM accounts")[0][0], 10_000)

    def test_it_takes_only_a_sound_backup_that_it_knows(self) -> None:
        whole = self.copy.read_bytes()
        for spoil, says in (
            (lambda: self.copy.write_bytes(b"x" * 5000), "not a database"),
            (lambda: self.copy.write_bytes(whole[:8192]), "malformed"),
            (lambda: self._in_copy("UPDATE schema_version SET version = version + 900"), "newer"),
            (lambda: self._in_copy("DROP TABLE schema_version"), "no database of a chat server"),
            (lambda: self.copy.write_bytes(b""), "no database of a chat server"),
        ):
            self.copy.write_bytes(whole)
            spoil()
            problem = self.assertRaises(DatabaseUnusable, self.restore)
            self.assertIn(says, str(problem))
            self.assertEqual(len(self.rows("SELECT * FROM messages")), 3)
        self.assertFalse([name for name in self.files() if name.startswith(".")])

    def _in_copy(self, sql: str) -> None:
        with closing(sqlite3.connect(self.copy)) as connection, connection:
            connection.execute(sql)


class ClientTests(ServerCase):
    """What a client that remembers more than the server gets from then on."""

    async def test_new_messages_have_places_that_it_has_not_seen(self) -> None:
        settings = Settings(database=f"sqlite:///{self.database}")
        copy = self.database.with_name("copy.db")
        zhang, client = await self.user("zhang")
        li, li_client = await self.user("li", device="phone", ack=True)
        await client.ask({"msgid": 5, "toid": li, "msg": "one"})
        list(backup_database(settings, Namespace(file=copy, force=False)))
        await client.ask({"msgid": 5, "toid": li, "msg": "two"})
        store = DiskStore(self.database.with_name("positions.db"))
        self.addCleanup(store.close)
        for _ in range(2):
            push = await li_client.next(msgid=5)
            store.note(push["conv"], push["seq"])
        await self.server.stopService()
        list(restore_database(settings, Namespace(file=copy)))
        self.start()
        client, _ = await self.login(zhang)
        await client.ask({"msgid": 5, "toid": li, "msg": "three"})
        li_client, _ = await self.login(li, device="phone", ack=True)
        push = await li_client.next(msgid=5, msg="three")
        self.assertGreater(push["seq"], store.positions().get(push["conv"], 0))


class RunningServerTests(ServerCase):
    """renumber, while a server runs on MariaDB."""

    def setUp(self) -> None:
        _, self.url = mariadb().new_database()
        self.settings = {"database": self.url}
        super().setUp()

    async def test_it_is_refused(self) -> None:
        settings = Settings(database=self.url)
        try:
            await deferToThread(lambda: list(renumber_conversations(settings, Namespace())))
        except CannotDo as problem:
            self.assertIn("stop all of them first", str(problem))
        else:
            self.fail("it was done")


class RenumberTests(SynchronousTestCase):
    """renumber, on MariaDB."""

    def test_conversations_get_new_numbers(self) -> None:
        name, url = mariadb().new_database()
        engine_of(url).prepare()
        for sql in (
            "INSERT INTO conversations VALUES (1, 1, 2), (2, NULL, NULL)",
            "INSERT INTO chat_groups VALUES (1, 'tea', '', 2)",
            "INSERT INTO members VALUES (1, 1, 0, 'normal')",
            "INSERT INTO messages VALUES (1, 1, 1, 1, 0, '#1', 'one'), (1, 2, 1, 1, 0, '#2', 'x')",
            "INSERT INTO nodes VALUES ('long gone', 5, 0)",
        ):
            mariadb().execute(sql, name)
        [line] = renumber_conversations(Settings(database=url), Namespace())
        self.assertIn("conversations have new numbers", line)
        [(pair,), (group,)] = mariadb().execute("SELECT id FROM conversations ORDER BY id", name)
        self.assertGreater(pair, 10**12)
        rows = mariadb().execute("SELECT conversation, seq FROM messages ORDER BY seq", name)
        self.assertEqual(rows, [(pair, 1), (pair, 2)])
        mariadb().execute("INSERT INTO conversations (low, high) VALUES (2, 2)", name)
        [(newest,)] = mariadb().execute("SELECT MAX(id) FROM conversations", name)
        self.assertGreater(newest, group)


# What is shared is no test by itself.
del FileCase
