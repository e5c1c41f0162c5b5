"""Every statement of the store, executed: bound to its conversation, and none a scan."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from chatserver.errors import Exists, Refused
from chatserver.store.administration import Administration
from chatserver.store.backlogs import Span
from chatserver.store.counts import COUNTED, Counts
from chatserver.store.exports import AccountReader, read_account
from chatserver.store.imports import (
    ACCOUNT,
    GROUP,
    Newcomer,
    Relic,
    insert_friends,
    insert_members,
    insert_newcomers,
    insert_relics,
    select_group_conversations,
    select_known,
)
from chatserver.store.mysql import MySQL
from chatserver.store.places import Place
from chatserver.store.sqlite import SQLite
from chatserver.store.store import Store
from tests.store.cases import NOW, StoreCase, all_of, append, append_all, error_of
from tests.store.rules import (
    EXCEPTIONS,
    appends,
    locks_in_order,
    mixes_conversations,
    names_its_conversation,
)
from tests.store.statements import Call, Recording, Statement, calls
from tests.store.test_mariadb import OnMariaDB
from tests.support.mariadb import mariadb

# Not the store's work with the data: these open, check and migrate a database.
OPENING = {
    "apply", "look", "prepare", "check_connection", "check_tables", "collation",
    "_configure", "_idle_timeout", "_migrate", "_use_write_ahead_log", "stream",
}  # fmt: skip
# Nor do these: what they read or change is another program's, or all of the database on purpose.
WHOLE = {f"chatserver/store/{name}.py" for name in ("backup", "classic", "facts", "renumbering")}
# There are few nodes, one chat, hardly ever an order, and one database.
SMALL = {
    SQLite.size,
    MySQL.size,
    "SELECT id, beat, given_up FROM nodes ORDER BY id",
    "SELECT id FROM chat",
    "SELECT id FROM orders",
}
# How an engine hands on what it is given.
HANDING_ON = {"execute", "executemany", "execute_text"}
# Enough rows for the planners to care, with ids far from those of the test's own.
FILL = [
    ("accounts (id, name, password_hash, created)", 2000, lambda n: (n, f"x{n}", "hash", 0)),
    ("devices (id, account, name)", 3000, lambda n: (n, n, "phone")),
    ("tokens (hash, device, expires)", 3000, lambda n: (n.to_bytes(32, "big"), n, NOW + n)),
    ("friends (account, friend)", 5000, lambda n: (n // 5, n)),
    ("conversations (id, low, high)", 4000, lambda n: (n, n, n + 1)),
    ("chat_groups (id, name, description, conversation)", 800, lambda n: (n, f"x{n}", "", n)),
    ("members (account, conversation, joined, role)", 8000, lambda n: (n // 4, n, 0, "normal")),
    ("cursors (device, conversation, seq)", 8000, lambda n: (n // 4, n, 1)),
    ("nodes (id, beat, given_up)", 2, lambda n: (f"{n}", n, 0)),
    ("orders (id, body, for_one)", 1000, lambda n: (f"{n}", "{}", 1)),
    (
        "answers (order_id, node, part, is_last, body)",
        5000,
        lambda n: (f"{n // 10}", "node", n, 0, "{}"),
    ),
    (
        "imported (source, kind, old, name, id)",
        5000,
        lambda n: ("other", "account", n, f"x{n}", n),
    ),
    ("places (account, device, node, holder)", 5000, lambda n: (n, "x", f"{n % 7}", f"{n}")),
    (
        "messages (conversation, seq, sender, device, sent, cid, body)",
        20_000,
        lambda n: (n // 20, n % 20 + 1, n // 40, 1, NOW, f"#{n}", "hi"),
    ),
]


class StatementCase(StoreCase):
    """A store of which everything has been used, and what that executed."""

    def open(self, **settings: Any) -> Store:
        store = super().open(**settings)
        database = store._database
        self.engine = database._engine = Recording(database._engine)
        return store

    def statements(self) -> list[Statement]:
        return [one for transaction in self.engine.transactions for one in transaction]

    async def use_everything(self) -> None:
        """Each function of the store, in each way that leads to another statement."""
        store = self.store
        one, two, three = await self.accounts(3)
        await store.accounts.find(name="user 1")
        await store.accounts.name(two)
        await store.accounts.disabled([one])
        await store.friends.add(one, two)
        group = await store.groups.create(one, "g", "")
        await store.groups.join(two, group.id)
        await store.groups.find(group.id)
        await store.groups.place_of(one, group.id)
        self.assertIsInstance(await error_of(store.groups.create(two, "g", "")), Exists)
        await store.conversations.of_pair((one, two))
        await self._be_a_node(one)
        for name in ("phone", "laptop"):
            await store.devices.is_known(one, name)
            entry = await self.enter(one, name)
            await self._write(one, two, three, group.conversation)
        await self.send(two, group.conversation, "a long text" * 5_000)
        await store.backlogs.page(one, [Span(group.conversation, 0, 10)], 10)
        await store.conversations.membership(two, group.conversation)
        await self._read(one, entry.device, group.conversation)
        for _ in range(17):
            entry = await self.enter(one, "phone")
        owner = await store.devices.owner_of(entry.token, NOW)
        assert owner is not None
        await store.devices.renew(owner, entry.token, NOW)
        await store.devices.revoke(entry.device)
        await self._order()
        await self._administer(one)
        await self._import()
        await self._export(one)
        self.assertIsInstance(await error_of(store.devices.renew(owner, "x", NOW)), Refused)

    async def _be_a_node(self, account: int) -> None:
        nodes, places = self.store.nodes, self.store.shared_places
        await nodes.chat_id()
        await nodes.enter()
        phone = Place(account, "phone", nodes.name, "one")
        await places.claim(phone, exclusive=False)
        await places.claim(phone._replace(holder="another"), exclusive=False)
        await places.claim(phone._replace(device_name="pad"), exclusive=False)
        await places.release(phone._replace(device_name="pad"))
        await places.online([account])
        await places.nodes_of(account)
        await places.lost([phone])
        await nodes.beat()
        [beat] = await nodes.beats()
        await nodes.leave()
        await nodes.give_up(beat)
        while await nodes.empty(nodes.name) is not None:
            pass

    async def _order(self) -> None:
        orders = self.store.orders
        id = await orders.place("{}", for_one=True)
        await orders.read(await orders.ids())
        await orders.claim(id)
        await orders.answer(id, 0, "{}", is_last=True)
        await orders.answers(id, {})
        await orders.delete([id])

    async def _administer(self, account: int) -> None:
        administration = Administration(self.store._database)
        for disabled in (None, True, False):
            await administration.page(0, 10, disabled=disabled)
        await administration.profile(account, NOW)
        await administration.set_password(account, "hash")
        await administration.disable(account)
        await administration.enable(account)
        await administration.revoke(account, "phone")
        counts = Counts(self.store._database)
        for what in COUNTED:
            await counts.of(what)
        await counts.size()

    async def _export(self, account: int) -> None:
        await self.enter(account, "")

        def work(reader: AccountReader) -> None:
            reader.account()
            list(reader.devices())
            list(reader.friends())
            for place in reader.places():
                list(reader.messages(place.membership))

        await read_account(self.store._database, account, work)

    async def _import(self) -> None:
        database = self.store._database
        for kind in (ACCOUNT, GROUP):
            newcomer = Newcomer(70, "new", "new", "", keeps_id=True)
            await database.write(insert_newcomers, "chat", kind, [newcomer], NOW, False)
            for at in range(3):  # the same name, again and again
                newcomer = Newcomer(80, "new", "new", "", keeps_id=False)
                await database.write(insert_newcomers, f"{at}", kind, [newcomer], NOW, False)
        await database.read(select_known, "chat", ACCOUNT, [70])
        await database.write(insert_friends, {(70, 1)}, False)
        conversations = await database.read(select_group_conversations, [70])
        relics = [Relic(70, "c", NOW, "hi", place) for place in ((1, 70), conversations[70])]
        relics[1] = relics[1]._replace(cid="d")
        await database.write(insert_relics, database, relics)
        members = {70: ("creator", None)}
        await database.write(insert_members, database.lock, conversations[70], members, False)

    async def _write(self, one: int, two: int, three: int, group: int) -> None:
        """Batches of several conversations; the second has a repeat, and a new pair."""
        places: list[Any] = [group, (one, two), (one, one)]
        await all_of(append(self.store.log, self.draft(one, place, cid=None)) for place in places)
        for text in ("first", "first"):
            drafts = [self.draft(two, place, text) for place in (*reversed(places), (two, three))]
            repeat = self.draft(one, (one, two), "once", cid="c")
            await append_all(self.store.log, [*drafts, repeat])

    async def _read(self, account: int, device: int, conversation: int) -> None:
        store = self.store
        await store.ties(account)
        await store.welcomes.of(account, device)
        await store.interests([account])
        await store.check()
        await self.send(account, conversation, "ä" * 16384)  # so long that pages are cut
        await store.log.last_seq(conversation)
        await store.log.page_after(conversation, 0, 10)
        for newest in (True, False):
            await store.log.history(conversation, 0, 100, 10, newest=newest)
        for number in (5, 1, 3):
            store.cursors.note(device, conversation, number)
            store.cursors.note(device + 1, conversation, number)
        await store.cursors.flush()


class OnBoth(StatementCase):
    """The rules; the engines below say how they tell a scan and a lock."""

    other_engine = "mysql"

    async def test_every_place_that_executes_something_is_reached(self) -> None:
        """So that no statement escapes the rules below."""
        await self.use_everything()
        places = {statement.place for statement in self.statements()}
        missed = [call for call in self.expected() if not any(map(call.covers, places))]
        self.assertEqual(missed, [])

    def expected(self) -> list[Call]:
        return [
            call
            for call in calls()
            if call.function not in OPENING | HANDING_ON
            and call.file not in {f"chatserver/store/{self.other_engine}.py", *WHOLE}
        ]

    async def test_statements_on_messages_name_their_conversation(self) -> None:
        await self.use_everything()
        nameless = {one.sql for one in self.statements() if not names_its_conversation(one.sql)}
        # Several keys are asked for at once.
        self.assertEqual({sql.partition(" OR ")[0] for sql in nameless}, set(EXCEPTIONS))

    async def test_no_statement_mixes_the_messages_of_several_conversations(self) -> None:
        await self.use_everything()
        self.assertEqual([one for one in self.statements() if mixes_conversations(one.sql)], [])

    async def test_no_statement_scans_a_table(self) -> None:
        await self.use_everything()
        self.fill()
        unique = {statement.sql: statement for statement in self.statements()}
        scans = {sql: found for sql, one in unique.items() if (found := self.scans(one))}
        self.assertEqual(scans.keys() - SMALL, set(), scans)

    async def test_what_would_be_a_scan_is_found(self) -> None:
        await self.use_everything()
        self.fill()
        for sql in (
            "SELECT MAX(seq) FROM messages WHERE device = ?",
            "SELECT account FROM members WHERE joined = ?",
            "SELECT d.id FROM devices d JOIN tokens t ON t.device = d.id WHERE d.name <> ?",
            "DELETE FROM tokens WHERE expires < ?",
        ):
            self.assertTrue(self.scans(Statement(sql, [0], ("", 0))), sql)

    async def test_who_appends_has_locked_its_conversations_in_one_order(self) -> None:
        await self.use_everything()
        appending = list(filter(appends, self.engine.transactions))
        self.assertGreater(len(appending), 4)
        self.assertEqual([each for each in appending if not self.is_locked(each)], [])

    @abstractmethod
    def fill(self) -> None:
        """Put so many rows into the tables that a scan would cost something."""

    @abstractmethod
    def scans(self, statement: Statement) -> list[Any]:
        """The parts of a statement's plan that read a whole table."""

    @abstractmethod
    def is_locked(self, transaction: list[Statement]) -> bool:
        """Whether a transaction that appends has locked what it appends to."""


class SQLiteTests(OnBoth):
    def fill(self) -> None:
        connection = self.connection()
        connection.execute("BEGIN")
        for target, count, row in FILL:
            marks = ", ".join("?" * (target.count(",") + 1))
            rows = map(row, range(100_000, 100_000 + count))
            connection.executemany(f"INSERT INTO {target} VALUES ({marks})", rows)
        connection.execute("COMMIT")

    def scans(self, statement: Statement) -> list[Any]:
        sql, values, _ = statement
        if sql.startswith("BEGIN"):
            return []
        # The result of a subquery is no table, and a search shows by which columns.
        harmless = [f"SCAN {name}" for name in ["CONSTANT ROW", *re.findall(r"\) (\w+)", sql)]]
        plan = self.connection().execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
        return [
            detail
            for *_, detail in plan
            if re.match(r"SCAN (?!\d+ CONSTANT ROWS)|SEARCH [^(]*$", detail)
            and detail not in harmless
        ]

    def is_locked(self, transaction: list[Statement]) -> bool:
        """The whole database is."""
        return transaction[0].sql == "BEGIN IMMEDIATE"


class MariaDBTests(OnMariaDB, OnBoth):
    other_engine = "sqlite"

    def fill(self) -> None:
        for target, count, row in FILL:
            rows = [row(number) for number in range(100_000, 100_000 + count)]
            marks = ", ".join(["%s"] * (target.count(",") + 1))
            for at in range(0, count, 1000):
                part = rows[at : at + 1000]
                values = ", ".join([f"({marks})"] * len(part))
                flat = [value for each in part for value in each]
                mariadb().execute(f"INSERT INTO {target} VALUES {values}", self.name, flat)
            mariadb().execute(f"ANALYZE TABLE {target.split()[0]}", self.name)

    def scans(self, statement: Statement) -> list[Any]:
        sql, values, _ = statement
        if sql.startswith(("SET ", "SHOW ", "START ")):
            return []
        plan = mariadb().execute("EXPLAIN " + sql.replace("?", "%s"), self.name, values)
        return [
            row
            for row in plan
            for kind, table, access in [row[1:4]]
            # The target of an INSERT is not read, and <derived2> is no table.
            if access in ("ALL", "index") and kind != "INSERT" and not table.startswith("<")
        ]

    def is_locked(self, transaction: list[Statement]) -> bool:
        return locks_in_order(transaction)

    async def test_no_row_of_messages_gets_its_key_from_a_counter(self) -> None:
        extras = self.rows(
            "SELECT extra FROM information_schema.columns WHERE table_schema = ? "
            "AND table_name = 'messages'",
            self.name,
        )
        self.assertEqual(set(extras), {("",)})


class RuleTests(SynchronousTestCase):
    """The rules would be broken by what breaks them."""

    def test_statements_without_their_conversation(self) -> None:
        for sql in (
            "SELECT body FROM messages WHERE seq = ?",
            "SELECT m.body FROM messages m JOIN accounts a ON a.id = m.sender WHERE m.seq = ?",
            "SELECT m.seq FROM members c JOIN messages m ON m.sender = c.account"
            " WHERE c.conversation = ?",
            "SELECT COUNT(*) FROM messages",
            "UPDATE messages SET body = '' WHERE sender = ?",
            "DELETE FROM messages WHERE conversation < ?",
            "INSERT INTO messages (seq, body) VALUES (?, ?)",
            "INSERT INTO messages VALUES (?, ?)",
        ):
            self.assertFalse(names_its_conversation(sql), sql)

    def test_statements_with_it(self) -> None:
        for sql in (
            "SELECT body FROM messages WHERE conversation = ? AND seq > ?",
            "SELECT m.body FROM messages m JOIN accounts a ON a.id = m.sender"
            " WHERE m.conversation = ?",
            "SELECT MAX(seq) FROM messages WHERE conversation IN (?, ?) GROUP BY conversation",
            "INSERT INTO messages (conversation, seq, body) VALUES (?, ?, ?)",
            "SELECT name FROM accounts WHERE id = ?",
        ):
            self.assertTrue(names_its_conversation(sql), sql)

    def test_statements_that_mix_conversations(self) -> None:
        one = "FROM messages WHERE conversation = ?"
        many = "FROM messages WHERE conversation IN (?, ?)"
        for sql in (
            f"SELECT COUNT(*) {many}",
            f"SELECT body {many} ORDER BY sent",
            f"SELECT conversation, MAX(seq) {many} GROUP BY conversation LIMIT 1",
        ):
            self.assertTrue(mixes_conversations(sql), sql)
        for sql in (
            f"SELECT body {one} ORDER BY seq LIMIT ?",
            f"SELECT conversation, MAX(seq) {many} GROUP BY conversation",
        ):
            self.assertFalse(mixes_conversations(sql), sql)

    def test_transactions_that_lock_too_little_too_late_or_in_another_order(self) -> None:
        lock = "SELECT id FROM conversations WHERE id IN (?, ?) ORDER BY id FOR UPDATE"
        insert = "INSERT INTO messages (conversation, seq) VALUES (?, ?)"
        make = "INSERT INTO conversations (low, high) VALUES (?, ?)"

        def is_good(*statements: tuple[str, list[int]]) -> bool:
            return locks_in_order([Statement(sql, values, ("", 0)) for sql, values in statements])

        self.assertTrue(is_good((lock, [1, 2]), (insert, [2, 1]), (insert, [1, 1])))
        self.assertTrue(is_good((make, [7, 8]), (lock, [1, 2]), (insert, [3, 1])))
        self.assertFalse(is_good((lock, [2, 1]), (insert, [1, 1])))
        self.assertFalse(is_good((insert, [1, 1]), (lock, [1, 2])))
        self.assertFalse(is_good((lock, [1, 2]), (insert, [3, 1])))
        self.assertFalse(is_good((lock.replace(" ORDER BY id", ""), [1, 2]), (insert, [1, 1])))

    def test_every_place_in_the_code_is_seen(self) -> None:
        functions = {(call.file.rpartition("/")[2], call.function) for call in calls()}
        for place in (
            ("sqlite.py", "insert_messages"), ("mysql.py", "_insert"), ("mysql.py", "lock"),
            ("messages.py", "select_page"), ("sqlite.py", "begin"), ("cursors.py", "_upsert"),
            ("devices.py", "_renew"),
        ):  # fmt: skip
            self.assertIn(place, functions)


# What is shared is no test by itself.
del StatementCase, OnBoth, OnMariaDB
