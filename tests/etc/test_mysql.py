"""A real MariaDB with etc/mysql: who may do what, and what is kept through a power cut."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import MySQLdb
from twisted.trial.unittest import TestCase

from chatserver.store.engines import engine_of
from cluster.mariadb import MariaDB
from cluster.process import free_port
from tests.support.folders import temporary_folder

_ETC = Path(__file__).parents[2] / "etc/mysql"
_GRANTS = (_ETC / "grants.sql").read_text(encoding="utf-8")
_CONFIG = _ETC / "chatserver.cnf"


class MySQLTests(TestCase):
    timeout = 120

    def setUp(self) -> None:
        self.port = free_port()
        self.server = MariaDB(temporary_folder(self), port=self.port, config=_CONFIG)
        self.addCleanup(self.server.remove)
        self.server.start()
        for statement in re.sub("--.*", "", _GRANTS).split(";"):
            if statement.strip():
                self.server.execute(statement)
        for user in ("chat", "chat_migrate"):
            self.server.execute(f"RENAME USER '{user}'@'10.0.0.%' TO '{user}'@'127.0.0.1'")

    def url(self, user: str, password: str) -> str:
        """Such as the comments in grants.sql show."""
        shown = f"mysql://{user}:{password}@10.0.0.10/chat"
        self.assertIn(f"CHATSERVER_DATABASE={shown}", _GRANTS)
        return shown.replace("10.0.0.10", f"127.0.0.1:{self.port}")

    def run_as(self, url: str, sql: str) -> Any:
        """Run a statement as one of the users."""
        user, password = url.removeprefix("mysql://").split("@")[0].split(":")
        connection = MySQLdb.connect(
            host="127.0.0.1", port=self.port, user=user, passwd=password, db="chat"
        )
        try:
            cursor = connection.cursor()
            cursor.execute(sql)
            return cursor.fetchall()
        finally:
            connection.close()

    def test_one_user_makes_the_tables_and_the_other_serves(self) -> None:
        engine_of(self.url("chat_migrate", "CHANGE-ME-2")).prepare()
        serving = self.url("chat", "CHANGE-ME-1")
        for sql in (
            "INSERT INTO conversations VALUES (1, 2, 3)", "SELECT * FROM conversations FOR UPDATE",
            "UPDATE conversations SET high = 4", "DELETE FROM conversations",
            "SELECT version FROM schema_version", "SELECT GET_LOCK('chatserver', 1)",
        ):  # fmt: skip
            self.run_as(serving, sql)

    def test_the_serving_user_changes_no_table(self) -> None:
        serving, migrating = (
            self.url("chat", "CHANGE-ME-1"),
            self.url("chat_migrate", "CHANGE-ME-2"),
        )
        engine_of(migrating).prepare()
        for sql in (
            "CREATE TABLE t (id INT)", "DROP TABLE accounts", "ALTER TABLE accounts ADD c INT",
            "CREATE INDEX i ON accounts (created)", "TRUNCATE accounts", "CREATE DATABASE d",
            "SELECT * FROM mysql.global_priv", "GRANT SELECT ON chat.* TO chat_migrate@'%'",
        ):  # fmt: skip
            problem = self.assertRaises(MySQLdb.Error, self.run_as, serving, sql)
            self.assertIn("denied", str(problem), sql)

    def test_the_migrating_user_may_do_what_later_migrations_may_need(self) -> None:
        migrating = self.url("chat_migrate", "CHANGE-ME-2")
        engine_of(migrating).prepare()
        for sql in (
            "ALTER TABLE accounts ADD c INT", "CREATE INDEX i ON accounts (c)",
            "DROP INDEX i ON accounts", "UPDATE accounts SET c = 1", "DROP TABLE friends",
        ):  # fmt: skip
            self.run_as(migrating, sql)
        self.assertRaises(MySQLdb.Error, self.run_as, migrating, "CREATE DATABASE d")

    def test_the_server_takes_every_setting(self) -> None:
        lines = _CONFIG.read_text(encoding="utf-8").splitlines()
        settings = dict(line.split(" = ") for line in lines if line and line[0] not in "#[")
        self.assertGreater(len(settings), 5)
        for name, shown in settings.items():
            [[real]] = self.server.execute(f"SELECT @@GLOBAL.{name}")
            expected = {"1G": 2**30, "ON": 1}.get(shown, shown)
            self.assertEqual(str(real), str(expected), name)
