"""The commands that need no server: showing accounts, and naming them."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from chatserver.admin.commands import CannotDo
from chatserver.admin.credentials import check_name
from chatserver.admin.program import lines
from chatserver.admin.users import find_user
from chatserver.store.accounts import Accounts
from chatserver.store.direct import DirectDatabase, at_once
from chatserver.store.engines import engine_of
from chatserver.store.errors import DatabaseUnusable
from tests.store.cases import NOW
from tests.support.folders import temporary_folder


class AccountCase(SynchronousTestCase):
    """A database with some accounts."""

    def setUp(self) -> None:
        self.url = f"sqlite:///{temporary_folder(self) / 'chat.db'}"
        engine = engine_of(self.url)
        engine.prepare()
        self.database = DirectDatabase(engine)
        self.addCleanup(self.database.close)
        self.accounts = Accounts(self.database)

    def add(self, *names: str) -> list[int]:
        return [at_once(self.accounts.create(name, "hash", NOW)) for name in names]

    def run_command(self, *arguments: str) -> list[str]:
        return list(lines([*arguments, "--database", self.url]))

    def refusal(self, *arguments: str) -> str:
        return str(self.assertRaises(CannotDo, self.run_command, *arguments))


class ListTests(AccountCase):
    def test_pages_lead_to_each_other(self) -> None:
        self.add(*(f"user {number}" for number in range(1, 6)))
        first = self.run_command("user", "list", "--limit", "2")
        self.assertEqual([line.split()[0] for line in first], ["ID", "1", "2", "there"])
        self.assertIn("user list --after 2", first[-1])
        last = self.run_command("user", "list", "--limit", "3", "--after", "2")
        self.assertEqual([line.split()[0] for line in last], ["ID", "3", "4", "5"])

    def test_objects_a_line_for_programs(self) -> None:
        self.add("li", "世界")
        found = list(map(json.loads, self.run_command("user", "list", "--json")))
        self.assertEqual([(one["id"], one["name"]) for one in found], [(1, "li"), (2, "世界")])
        self.assertEqual(found[0]["disabled"], False)
        self.assertRegex(found[0]["created"], "Z$")

    def test_one_account(self) -> None:
        self.add("li")
        shown = self.run_command("user", "show", "li")
        self.assertEqual(shown[0], "account        1 (li), enabled")
        [text] = self.run_command("user", "show", "li", "--json")
        found: Any = json.loads(text)
        self.assertEqual((found["id"], found["devices"], found["groups"]), (1, [], []))

    def test_a_limit_that_makes_no_sense_is_refused(self) -> None:
        self.assertIn("--limit", self.refusal("user", "list", "--limit", "0"))


class NameTests(AccountCase):
    def find(self, text: str) -> int:
        return find_user(self.accounts, text).id

    def test_by_id_and_by_name(self) -> None:
        li, seven, name, prefixed = self.add("li", "77", "name", "id:x")
        for text, id in (
            ("li", li), ("1", li), ("id:1", li), ("77", seven), ("name:77", seven), ("name", name),
            ("name:id:x", prefixed),
        ):  # fmt: skip
            self.assertEqual(self.find(text), id, text)

    def test_what_could_be_two_has_to_be_said(self) -> None:
        li, two = self.add("li", "1")
        self.assertIn("id:1 or name:1", str(self.assertRaises(CannotDo, self.find, "1")))
        self.assertEqual((self.find("id:1"), self.find("name:1")), (li, two))

    def test_nobody(self) -> None:
        self.add("li")
        for text in ("", "LI", "li ", "0", "-1", "1.0", "²", "9" * 30, "id:li", "\udcff", "x\x1b"):
            told = str(self.assertRaises(CannotDo, self.find, text))
            self.assertIn("there is no account", told)
            self.assertNotIn("\x1b", told)

    def test_names_that_the_server_takes(self) -> None:
        for name in ("li", "zhang san", "世界", "x" * 50):
            check_name(name)
        for name in ("", " li", "x" * 51, "a\nb", "\u202eli", "\udcff"):
            self.assertRaises(CannotDo, check_name, name)


class RefusalTests(AccountCase):
    def test_arguments_that_make_no_sense(self) -> None:
        self.add("li")
        for arguments, says in (
            (["kick", "li", "--for", "0"], "--for"),
            (["kick", "li", "--for", "nan"], "--for"),
            (["announce", ""], "empty"),
            (["announce", "x" * 20_000], "16,384"),
            (["announce", "x", "--id", "a b"], "--id"),
            (["announce", "\udcff"], "UTF-8"),
        ):
            self.assertIn(says, self.refusal(*arguments), arguments)

    def test_a_database_that_is_none(self) -> None:
        self.url = f"sqlite:///{temporary_folder(self) / 'none.db'}"
        told = self.assertRaises(DatabaseUnusable, self.run_command, "stats")
        self.assertIn("there is no database file", str(told))
