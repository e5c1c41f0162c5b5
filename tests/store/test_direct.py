"""The database without a reactor."""

from __future__ import annotations

import sqlite3
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from chatserver.errors import Refused
from chatserver.store import direct
from chatserver.store.accounts import Accounts
from chatserver.store.direct import DirectDatabase, at_once
from chatserver.store.engine import Cursor
from chatserver.store.engines import engine_of
from chatserver.store.errors import DatabaseUnusable
from tests.store.cases import NOW
from tests.support.folders import temporary_folder


class DirectTests(SynchronousTestCase):
    """DirectDatabase."""

    def setUp(self) -> None:
        self.path = temporary_folder(self) / "chat.db"
        engine = engine_of(f"sqlite:///{self.path}")
        engine.prepare()
        self.database = DirectDatabase(engine)
        self.addCleanup(self.database.close)
        self.accounts = Accounts(self.database)

    def test_what_is_written_can_be_read_at_once(self) -> None:
        id = at_once(self.accounts.create("li", "hash", NOW))
        found = at_once(self.accounts.find(name="li"))
        assert found is not None
        self.assertEqual(found.id, id)

    def test_it_is_committed(self) -> None:
        at_once(self.accounts.create("li", "hash", NOW))
        with sqlite3.connect(self.path) as connection:
            self.assertEqual(connection.execute("SELECT name FROM accounts").fetchall(), [("li",)])
        connection.close()

    def test_what_is_refused_is_told_and_changes_nothing(self) -> None:
        at_once(self.accounts.create("li", "hash", NOW))
        with self.assertRaises(Refused):
            at_once(self.accounts.create("li", "hash", NOW))
        self.assertIsNotNone(at_once(self.accounts.find(name="li")))

    def test_a_transaction_that_fails_in_the_midst_is_rolled_back(self) -> None:
        def write(cursor: Cursor) -> None:
            cursor.execute("INSERT INTO friends (account, friend) VALUES (1, 2)")
            raise ValueError

        with self.assertRaises(ValueError):
            at_once(self.database.write(write))
        self.assertEqual(at_once(self.database.read(friendships)), 0)

    def test_a_database_out_of_reach_is_told(self) -> None:
        self.path.write_bytes(b"this is no database " * 1000)
        with self.assertRaises(DatabaseUnusable) as told:
            at_once(self.database.read(friendships))
        self.assertIn(str(self.path), str(told.exception))
        self.assertIn("not a database", str(told.exception))

    def test_what_waits_is_not_for_it(self) -> None:
        async def wait() -> Any:
            return await Deferred()

        with self.assertRaises(AssertionError):
            direct.at_once(wait())


class LookTests(SynchronousTestCase):
    """Engine.look() on SQLite; tests/store/test_mysql.py has it on MariaDB."""

    def test_a_missing_file_is_told_and_not_made(self) -> None:
        path = temporary_folder(self) / "chat.db"
        with self.assertRaises(DatabaseUnusable) as told:
            engine_of(f"sqlite:///{path}").look()
        self.assertIn(str(path), str(told.exception))
        self.assertFalse(path.exists())

    def test_the_versions_are_told(self) -> None:
        path = temporary_folder(self) / "chat.db"
        engine = engine_of(f"sqlite:///{path}")
        path.touch()
        self.assertEqual(engine.look().found, 0)
        engine.prepare()
        self.assertTrue(engine.look().is_current)


def friendships(cursor: Cursor) -> int:
    cursor.execute("SELECT COUNT(*) FROM friends")
    return int(cursor.fetchone()[0])
