"""Taking over a chat of the C++ server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from argparse import Namespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from chatserver.admin.classic.texts import find_encoding, mended, name_of
from chatserver.admin.commands import CannotDo
from chatserver.admin.import_classic import import_classic
from chatserver.settings import Settings
from chatserver.store.engines import engine_of
from chatserver.store.errors import DatabaseUnusable
from tests.store.cases import StoreCase
from tests.support.classic import TIME, ClassicChat
from tests.support.mariadb import mariadb
from tests.support.servers import ServerCase


def run_import(classic: ClassicChat, database: str, **options: Any) -> list[str]:
    """What the command prints."""
    given = {"origin": classic.url, "encoding": None, "dry_run": False} | options
    return list(import_classic(Settings(database=database), Namespace(**given)))


def small_chat() -> ClassicChat:
    classic = ClassicChat()
    for id, name in ((13, "zhang san"), (15, "li si"), (21, "王五")):
        classic.user(id, name)
    classic.run("INSERT INTO friend VALUES (13, 15), (15, 13), (13, 99), (15, 15)")
    classic.group(2, "tea", 13, 15, 21)
    classic.chat(13, 15, "one")
    classic.group_chat(13, 2, "tea?", 15, 21)
    classic.chat(13, 15, "two", time="2024-03-01 08:31:00")
    classic.group_chat(15, 2, "茶!", 21)
    return classic


class RowTests(StoreCase):
    """What stands in the new database."""

    def test_ids_names_and_roles_stay(self) -> None:
        lines = run_import(small_chat(), self.url)
        self.assertEqual(
            lines,
            [
                "texts there: declared",
                "accounts: 3 imported",
                "groups: 1 imported",
                "friends: 2 imported, 1 not used (no such user), 1 not used (the same user)",
                "  not used: friend 99 of user 13: no such user",
                "  not used: friend 15 of user 15: the same user",
                "offline messages: 4 imported",
                "group members: 3 imported",
            ],
        )
        self.assertEqual(
            self.rows("SELECT id, name FROM accounts ORDER BY id"),
            [(13, "zhang san"), (15, "li si"), (21, "王五")],
        )
        self.assertEqual(
            self.rows("SELECT account, friend FROM friends ORDER BY account"), [(13, 15), (15, 13)]
        )
        self.assertEqual(
            self.rows("SELECT id, name, description FROM chat_groups"), [(2, "tea", "about")]
        )
        self.assertEqual(
            self.rows("SELECT account, role FROM members WHERE role = 'creator'"),
            [(13, "creator")],
        )
        self.assert_log_is_whole()

    def test_a_message_of_a_group_is_one_message(self) -> None:
        classic = small_chat()
        classic.group_chat(13, 2, "tea?", 15, 21)  # the very same once more
        run_import(classic, self.url)
        [(group,)] = self.rows("SELECT conversation FROM chat_groups")
        texts = self.rows("SELECT body FROM messages WHERE conversation = ? ORDER BY seq", group)
        self.assertEqual(texts, [("tea?",), ("茶!",), ("tea?",)])

    def test_repeating_changes_nothing(self) -> None:
        classic = small_chat()
        run_import(classic, self.url)
        self.execute("UPDATE accounts SET password_hash = 'changed' WHERE id = 13")
        tables = ("accounts", "friends", "chat_groups", "members", "messages", "devices")
        before = [sorted(self.rows(f"SELECT * FROM {table}")) for table in tables]
        lines = run_import(classic, self.url)
        self.assertEqual([sorted(self.rows(f"SELECT * FROM {table}")) for table in tables], before)
        self.assertIn("accounts: 0 imported, 3 here already", lines)
        self.assertIn("offline messages: 0 imported, 4 here already", lines)

    def test_what_was_written_meanwhile_comes_with_the_next_run(self) -> None:
        classic = small_chat()
        run_import(classic, self.url)
        classic.user(22, "new")
        classic.chat(22, 15, "hello")
        lines = run_import(classic, self.url)
        self.assertIn("accounts: 1 imported, 3 here already", lines)
        self.assertIn("offline messages: 1 imported, 4 here already", lines)

    def test_ids_and_names_that_are_taken_are_told(self) -> None:
        self.execute("INSERT INTO accounts VALUES (13, 'li si', 'hash', 0, 0)")
        classic = small_chat()
        lines = run_import(classic, self.url)
        self.assertIn("  account 15 'li si' is now 15 'li si (15)'", lines)
        [(id,)] = self.rows("SELECT id FROM accounts WHERE name = 'zhang san'")
        self.assertGreater(id, 21)
        self.assertIn(f"  account 13 'zhang san' is now {id} 'zhang san'", lines)
        [(creator,)] = self.rows("SELECT account FROM members WHERE role = 'creator'")
        self.assertEqual(creator, id)
        self.assertEqual(self.rows("SELECT password_hash FROM accounts WHERE id = 13"), [("hash",)])
        again = run_import(classic, self.url)
        self.assertIn("accounts: 0 imported, 3 here already", again)

    def test_names_that_are_none_are_changed(self) -> None:
        classic = ClassicChat()
        classic.user(1, "  li\x07 ")
        classic.user(2, "\t")
        classic.user(3, "li")
        lines = run_import(classic, self.url)
        self.assertEqual(
            self.rows("SELECT id, name FROM accounts ORDER BY id"),
            [(1, "li"), (2, "user 2"), (3, "li (3)")],
        )
        self.assertIn(r"  account 1 '  li\x07 ' is now 1 'li'", lines)

    def test_rows_that_can_not_be_used_stop_nothing(self) -> None:
        classic = small_chat()
        classic.chat(77, 15, "from nobody")
        classic.chat(13, 77, "to nobody")
        classic.chat(13, 15, "")
        classic.group_chat(13, 9, "no group", 15)
        classic.offline(15, id=13, msg="hi", msgid=6)
        classic.run('INSERT INTO offlinemessage VALUES (15, \'{"id":13,"msg":"cut o\')')
        classic.run("INSERT INTO groupuser VALUES (2, 88, 'normal'), (8, 13, 'normal')")
        classic.chat(13, 15, "last")
        lines = run_import(classic, self.url)
        sums = [line for line in lines if not line.startswith("  ")]
        self.assertIn(
            "offline messages: 5 imported, 1 not used (no such sender), 1 not used (no such "
            "addressee), 1 not used (empty text), 1 not used (no such group), 1 not used (neither "
            "a chat (5) nor a group chat (9)), 1 not used (no JSON object)",
            sums,
        )
        self.assertEqual(len([line for line in lines if line.startswith("  not used: for")]), 6)
        self.assertEqual(
            self.rows("SELECT body FROM messages m JOIN conversations c ON c.id = m.conversation "
            "WHERE low = 13 AND high = 15 ORDER BY seq"),
            [("one",), ("two",), ("last",)],
        )  # fmt: skip

    def test_the_times_are_those_of_the_messages(self) -> None:
        run_import(small_chat(), self.url)
        [(sent,)] = self.rows("SELECT sent FROM messages WHERE body = 'one'")
        self.assertEqual(time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(sent / 1000)), TIME)

    def test_a_dry_run_changes_nothing(self) -> None:
        lines = run_import(small_chat(), self.url, dry_run=True)
        self.assertIn("accounts: 3 imported", lines)
        self.assertIn("offline messages: 5 imported", lines)
        self.assertEqual(lines[-1], "nothing was changed (--dry-run)")
        for table in ("accounts", "imported", "messages", "chat_groups", "members", "friends"):
            self.assertEqual(self.rows(f"SELECT * FROM {table}"), [], table)

    def test_another_chat_by_the_same_name_is_refused(self) -> None:
        classic = small_chat()
        run_import(classic, self.url)
        classic.run("UPDATE user SET name = 'other' WHERE id = 13")
        self.assertRaises(CannotDo, run_import, classic, self.url)

    def test_another_database_is_refused(self) -> None:
        classic = ClassicChat()
        classic.run("DROP TABLE groupuser")
        problem = self.assertRaises(DatabaseUnusable, run_import, classic, self.url)
        self.assertIn("no table groupuser", str(problem))


class RowsOnMariaDBTests(RowTests):
    """The same on a MariaDB."""

    def new_database(self) -> str:
        self.name, url = mariadb().new_database()
        return url

    def execute(self, sql: str) -> None:
        mariadb().execute(sql, self.name)

    def rows(self, sql: str, *values: object) -> list[Any]:
        return mariadb().execute(sql.replace("?", "%s"), self.name, values)


class LoginTests(ServerCase):
    """What people get at their first login."""

    async def test_everybody_gets_what_waited_and_nothing_else(self) -> None:
        classic = small_chat()
        classic.run("UPDATE user SET password = 'zhang''s' WHERE id = 13")
        run_import(classic, f"sqlite:///{self.database}")
        for id, device, texts in (
            (13, "phone", []),
            (15, "phone", ["one", "two", "tea?"]),
            (15, "pc", []),
            (21, "phone", ["tea?", "茶!"]),
        ):
            password = "zhang's" if id == 13 else "secret"
            client = await self.connect()
            reply = await client.ask({"msgid": 1, "id": id, "password": password, "device": device})
            self.assertEqual((reply["errno"], reply["pending"]), (0, len(texts)), (id, reply))
            got = [await client.next() for _ in texts]
            self.assertEqual(sorted(one["msg"] for one in got), sorted(texts))
            history = await client.ask({"msgid": 15, "groupid": 2})
            self.assertEqual(
                [one["msg"] for one in history["messages"]],
                {13: [], 15: ["tea?", "茶!"], 21: ["tea?", "茶!"]}[id],
            )
            await client.ask({"msgid": 10})  # what was pushed counts as delivered
            await client.hang_up()

    async def test_cpp_clients_get_it_in_the_answer_to_their_login(self) -> None:
        run_import(small_chat(), f"sqlite:///{self.database}")
        client = await self.connect(b"\0")
        client.send_bytes(b'{"id":15,"msgid":1,"password":"secret"}\0')
        reply = await client.next(msgid=2)
        texts = [json.loads(one)["msg"] for one in reply["offlinemsg"]]
        self.assertEqual(sorted(texts), ["one", "tea?", "two"])
        self.assertEqual(json.loads(reply["groups"][0])["groupname"], "tea")

    async def test_a_sender_with_the_unnamed_device_does_not_get_its_own(self) -> None:
        run_import(small_chat(), f"sqlite:///{self.database}")
        client = await self.connect()
        reply = await client.ask({"msgid": 1, "id": 13, "password": "secret"})
        self.assertEqual(reply["pending"], 0)


class KillTests(SynchronousTestCase):
    """kill -9 in the midst."""

    def test_repeating_completes_it(self) -> None:
        classic = ClassicChat()
        for start in range(1, 211):
            classic.run("INSERT INTO user (name, password) VALUES (%s, 'p')", f"user {start}")
        classic.group(1, "g", 1, 2, 3)
        for number in range(60):
            classic.group_chat(1, 1, f"text {number}", 2, 3)
        name, url = mariadb().new_database()
        engine_of(url).prepare()
        command = [sys.executable, "-m", "chatserver.admin", "import-classic", "--database", url]
        environment = os.environ | {"CLASSIC_DATABASE": classic.url}
        for least in (1, 101):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
            self.addCleanup(process.kill)
            deadline = time.monotonic() + 60
            while mariadb().execute("SELECT COUNT(*) FROM accounts", name)[0][0] < least:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            os.kill(process.pid, signal.SIGKILL)
            self.assertEqual(process.wait(), -signal.SIGKILL)
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True, timeout=60, env=environment
        )
        self.assertIn("here already", done.stdout)
        rows = mariadb().execute("SELECT COUNT(*), COUNT(DISTINCT name) FROM accounts", name)
        self.assertEqual(rows, [(210, 210)])
        texts = mariadb().execute("SELECT body FROM messages ORDER BY seq", name)
        self.assertEqual(texts, [(f"text {number}",) for number in range(60)])
        joined = mariadb().execute("SELECT account, joined FROM members ORDER BY account", name)
        self.assertEqual(joined, [(1, 60), (2, 0), (3, 0)])


class EncodingTests(SynchronousTestCase):
    """Texts whose encoding was passed off as another."""

    texts = ["你好,世界", "张三", "plain", "晚上一起喝茶吗?"]

    def test_right_texts_stay(self) -> None:
        for texts in (self.texts, ["Müller", "Ærø", "naïve"], ["héllo", "你好"], []):
            self.assertEqual(find_encoding(texts), "declared")

    def test_wrong_ones_are_found_and_mended(self) -> None:
        wrong = {
            "utf8-as-latin1": [text.encode().decode("latin1") for text in self.texts],
            "utf8-as-gbk": ["浣犲ソ", "plain"],
            "gbk-as-latin1": [text.encode("gbk").decode("latin1") for text in self.texts],
        }
        for encoding, texts in wrong.items():
            self.assertEqual(find_encoding(texts), encoding)
        self.assertEqual(mended("浣犲ソ", "utf8-as-gbk"), "你好")
        self.assertEqual(
            [mended(text, "utf8-as-latin1") for text in wrong["utf8-as-latin1"]], self.texts
        )
        self.assertEqual(mended("你好", "utf8-as-gbk"), "你好", "it was stored well")

    def test_names_follow_the_rules(self) -> None:
        self.assertEqual(name_of(" a\u202eb ", 3), "ab")
        self.assertEqual(name_of("x" * 60, 3), "x" * 50)
        self.assertEqual(name_of("", 3), "user 3")

    def test_texts_come_over_from_tables_of_any_character_set(self) -> None:
        name, url = mariadb().new_database()
        engine_of(url).prepare()
        for charset, client in (("gbk", "utf8mb4"), ("latin1", "latin1"), ("utf8mb3", "gbk")):
            classic = ClassicChat(charset)
            connection = mariadb().connect(classic.name)
            self.addCleanup(connection.close)
            # As a client that sends UTF-8, whatever it has told the server.
            cursor = connection.cursor()
            cursor.execute(f"SET NAMES {client}".encode())
            cursor.execute("INSERT INTO user VALUES (7, '你好', 'p', 'offline')".encode())
            connection.commit()
            run_import(classic, url)
            mariadb().execute("DELETE FROM accounts WHERE name = '你好'", name)
            self.assertEqual(mariadb().execute("SELECT * FROM accounts", name), [], charset)
