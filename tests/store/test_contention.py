"""Several nodes on one MariaDB at each other's rows: nobody sees a deadlock, nothing is torn."""

from __future__ import annotations

import random

import MySQLdb
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from chatserver.errors import ChatError, Exists, TryAgain
from chatserver.store.engine import Cursor
from chatserver.store.errors import RowRefused
from chatserver.store.messages import Stored
from chatserver.store.mysql import _options_of
from chatserver.store.store import Store
from tests.store.cases import NOW, all_of, append, error_of, together, where
from tests.store.test_mariadb import OnMariaDB
from tests.support.mariadb import mariadb


class ContentionCase(OnMariaDB):
    def setUp(self) -> None:
        super().setUp()
        self.nodes = [self.store, self.open(), self.open()]
        self.deadlocks_before = self.deadlocks()

    def deadlocks(self) -> int:
        """How many the server has seen so far."""
        ((_, count),) = mariadb().execute("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")
        return int(count)

    def assert_no_deadlocks(self) -> None:
        """The nodes took their locks in one order; not even a transaction was run again."""
        self.assertEqual(self.deadlocks() - self.deadlocks_before, 0)

    def append(self, node: Store, sender: int, place: int | tuple[int, int]) -> Deferred[Stored]:
        """A message that this node stores."""
        return append(node.log, self.draft(sender, place))


class TogetherTests(ContentionCase):
    async def test_new_pairs_that_all_make_at_once_in_opposite_orders(self) -> None:
        accounts = await self.accounts(12)
        pairs = [(one, two) for one in accounts for two in accounts if one < two]
        orders = [pairs, pairs[::-1], random.Random(1).sample(pairs, len(pairs))]
        stored = await all_of(
            self.append(node, pair[0], pair)
            for node, order in zip(self.nodes, orders, strict=True)
            for pair in order
        )
        self.assertEqual(len({(each.conversation, each.seq) for each in stored}), 3 * len(pairs))
        self.assertEqual(self.rows("SELECT COUNT(*) FROM conversations"), [(len(pairs),)])
        self.assert_log_is_whole()
        self.assert_no_deadlocks()

    async def test_new_pairs_of_a_batch_that_has_a_repeat_too(self) -> None:
        """What is rolled back for it lets those who wait into a deadlock: it goes unseen."""
        accounts = await self.accounts(10)
        first = await self.send(accounts[0], (accounts[0], accounts[0]), cid="c")
        pairs = [(one, two) for one in accounts for two in accounts if one < two]
        appends = []
        for node, order in zip(self.nodes, (pairs, pairs[::-1], pairs), strict=True):
            repeat = self.draft(accounts[0], (accounts[0], accounts[0]), cid="c")
            appends.append(append(node.log, repeat))
            appends += [self.append(node, pair[0], pair) for pair in order]
        stored: list[Stored] = await all_of(appends)
        repeats = [each for each in stored if each.is_repeat]
        self.assertEqual([where(each) for each in repeats], [where(first)] * 3)
        self.assertEqual(self.rows("SELECT COUNT(*) FROM messages"), [(3 * len(pairs) + 1,)])
        self.assert_log_is_whole()

    async def test_groups_that_are_made_joined_and_written_to(self) -> None:
        creator, *accounts = await self.accounts(16)
        groups = [await self.store.groups.create(creator, f"group {at}", "") for at in range(8)]
        outcomes: dict[str, int] = {"made": 0, "taken": 0}

        async def create(node: Store, account: int) -> None:
            try:
                await node.groups.create(account, f"wanted by {account % 4}", "")
                outcomes["made"] += 1
            except Exists:
                outcomes["taken"] += 1

        async def live(node: Store, account: int) -> None:
            for group in random.Random(account).sample(groups, len(groups)):
                await node.groups.join(account, group.id)
                await all_of(self.append(node, account, group.conversation) for _ in range(5))
            await create(node, account)

        await together(*(live(self.nodes[at % 3], account) for at, account in enumerate(accounts)))
        self.assertEqual(outcomes, {"made": 4, "taken": 11})
        self.assertEqual(self.rows("SELECT COUNT(*) FROM messages"), [(15 * 8 * 5,)])
        self.assert_log_is_whole()
        self.assert_no_deadlocks()

    async def test_positions_of_the_same_devices(self) -> None:
        keys = [(device, conversation) for device in range(30) for conversation in range(30)]
        for round in range(1, 6):
            for at, node in enumerate(self.nodes):
                for key in random.Random(at + 10 * round).sample(keys, len(keys)):
                    node.cursors.note(*key, round * 10 + at)
            await together(*(node.cursors.flush() for node in self.nodes))
            self.assertEqual(self.rows("SELECT DISTINCT seq FROM cursors"), [(round * 10 + 2,)])
        self.assert_no_deadlocks()

    async def test_a_new_device_that_comes_in_everywhere_at_once_is_one(self) -> None:
        for _ in range(10):
            account = await self.account()
            entries = await together(
                *(node.devices.enter(account, "phone", NOW) for node in self.nodes)
            )
            self.assertEqual(len({entry.device for entry in entries}), 1)
            for entry in entries:
                self.assertIsNotNone(await self.store.devices.owner_of(entry.token, NOW))


class LockedTests(ContentionCase):
    """A row is in the hands of somebody else."""

    async def test_a_lock_that_is_held_for_long_is_told_and_nothing_is_torn(self) -> None:
        one, two = await self.accounts(2)
        first = await self.send(one, (one, two))
        other = MySQLdb.connect(**_options_of(self.url))
        self.addCleanup(other.close)
        other.cursor().execute(
            "SELECT id FROM conversations WHERE id = %s FOR UPDATE", (first.conversation,)
        )
        sends = [self.append(node, one, (one, two)) for node in self.nodes for _ in range(3)]
        for send in sends:
            problem = await error_of(send)
            self.assertIsInstance(problem, TryAgain)
        other.rollback()
        stored = await all_of(self.append(node, one, (one, two)) for node in self.nodes)
        self.assertEqual(sorted(each.seq for each in stored), [2, 3, 4])
        self.assert_log_is_whole()

    async def test_a_lock_that_is_held_for_a_moment_is_waited_for(self) -> None:
        one, two = await self.accounts(2)
        first = await self.send(one, (one, two))
        other = MySQLdb.connect(**_options_of(self.url))
        self.addCleanup(other.close)
        other.cursor().execute(
            "SELECT id FROM conversations WHERE id = %s FOR UPDATE", (first.conversation,)
        )
        reactor.callLater(0.3, other.rollback)
        stored = await all_of(self.append(node, one, (one, two)) for node in self.nodes)
        self.assertEqual(sorted(each.seq for each in stored), [2, 3, 4])


class FailoverTests(OnMariaDB):
    """The server is no primary any more; a new connection may reach its successor."""

    def new_database(self) -> str:
        url = super().new_database()
        mariadb().execute("CREATE USER chat@localhost IDENTIFIED BY 'x'")
        self.addCleanup(mariadb().execute, "DROP USER chat@localhost")
        mariadb().execute(f"GRANT ALL ON {self.name}.* TO chat@localhost")
        return url.replace("root@", "chat:x@")

    async def test_a_connection_that_may_only_read_is_given_up(self) -> None:
        one, two = await self.accounts(2)
        before = await self.store._database.write(_connection)
        mariadb().execute("SET GLOBAL read_only = 1")
        self.addCleanup(mariadb().execute, "SET GLOBAL read_only = 0")
        self.assertIsInstance(await error_of(self.send(one, (one, two))), TryAgain)
        mariadb().execute("SET GLOBAL read_only = 0")
        self.assertEqual((await self.send(one, (one, two))).seq, 1)
        self.assertNotEqual(await self.store._database.write(_connection), before)

    async def test_a_connection_that_ends_in_a_refused_transaction_is_replaced(self) -> None:
        """What trial would find in the log, if adbapi told it as an error of its own."""
        (account,) = await self.accounts(1)

        def refused_and_cut(cursor: Cursor) -> None:
            mariadb().execute(f"KILL {_connection(cursor)}")
            raise MySQLdb.IntegrityError(1062, "refused")

        with self.assertRaises(RowRefused):
            await self.store._database.write(refused_and_cut)
        self.assertEqual((await self.send(account, (account, account))).seq, 1)

    async def test_a_connection_that_the_server_ends_is_replaced_unnoticed(self) -> None:
        (account,) = await self.accounts(1)
        for seq in range(1, 4):
            before = await self.store._database.write(_connection)
            mariadb().execute(f"KILL {before}")
            while before in [row[0] for row in mariadb().execute("SHOW PROCESSLIST")]:
                await deferLater(reactor, 0.01)
            self.assertEqual((await self.send(account, (account, account))).seq, seq)

    async def test_a_connection_on_which_a_row_was_refused_stays(self) -> None:
        one, two = await self.accounts(2)
        before = await self.store._database.write(_connection)
        await self.store.friends.add(one, two)
        self.assertIsInstance(await error_of(self.store.friends.add(one, two)), ChatError)
        self.assertEqual(await self.store._database.write(_connection), before)


def _connection(cursor: Cursor) -> int:
    cursor.execute("SELECT CONNECTION_ID()")
    return int(cursor.fetchone()[0])
