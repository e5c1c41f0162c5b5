"""A database that changes texts, or takes different ones for the same, is refused at start."""

from __future__ import annotations

import re

import MySQLdb
from twisted.trial.unittest import SynchronousTestCase

from chatserver.store import charset
from chatserver.store.engines import engine_of
from chatserver.store.errors import DatabaseUnusable
from chatserver.store.migrations import tables
from chatserver.store.mysql import _options_of
from tests.support.mariadb import mariadb


class CharsetCase(SynchronousTestCase):
    """A database that is ready."""

    def setUp(self) -> None:
        self.name, self.url = mariadb().new_database()
        engine_of(self.url).prepare()

    def execute(self, sql: str) -> None:
        mariadb().execute(sql, self.name)

    def refusal(self) -> str:
        """The one line with which a start ends."""
        text = str(self.assertRaises(DatabaseUnusable, lambda: engine_of(self.url).prepare()))
        self.assertNotIn("\n", text)
        return text


class TableTests(CharsetCase):
    def test_a_table_that_cannot_hold_every_text(self) -> None:
        self.execute("ALTER TABLE messages CONVERT TO CHARACTER SET latin1")
        text = self.refusal()
        self.assertIn("messages (latin1_swedish_ci)", text)
        self.assertNotIn("accounts", text)

    def test_a_single_column_that_takes_different_texts_for_the_same(self) -> None:
        self.execute(
            "ALTER TABLE accounts MODIFY name VARCHAR(50)"
            " CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL"
        )
        self.assertIn("accounts (utf8mb4_general_ci)", self.refusal())

    def test_what_it_says_to_run_makes_it_usable(self) -> None:
        for table in ("devices", "messages"):
            self.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET latin1")
        statements = re.findall(r"ALTER TABLE [^;]*", self.refusal())
        self.assertEqual(len(statements), 2)
        for statement in statements:
            self.execute(statement)
        engine_of(self.url).prepare()

    def test_tables_of_other_programs_are_their_own_business(self) -> None:
        self.execute("CREATE TABLE notes (text TEXT) CHARACTER SET latin1")
        engine_of(self.url).prepare()

    def test_all_of_our_tables_are_known(self) -> None:
        there = mariadb().execute("SHOW TABLES", self.name)
        self.assertEqual(tables("mysql") | {"schema_version"}, {table for (table,) in there})


class ConnectionTests(CharsetCase):
    def test_a_connection_that_changes_texts(self) -> None:
        engine = engine_of(self.url)
        for variable in ("client", "connection", "results"):
            connection = MySQLdb.connect(**_options_of(self.url))
            self.addCleanup(connection.close)
            cursor = engine.adapt(connection.cursor())
            charset.check_connection(cursor, "chat")
            cursor.execute(f"SET SESSION character_set_{variable} = latin1")
            problem = self.assertRaises(DatabaseUnusable, charset.check_connection, cursor, "chat")
            self.assertIn("speaks latin1", str(problem))
