"""Orders to running servers, and their answers."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from tests.store.cases import StoreCase, together
from tests.store.test_mariadb import OnMariaDB
from tests.support.mariadb import mariadb
from tests.support.waiting import until


class OrderCase(StoreCase):
    """Who orders, and two nodes."""

    def setUp(self) -> None:
        super().setUp()
        self.desk = self.store.orders
        self.nodes = [self.open().orders for _ in range(2)]

    async def test_an_order_is_seen_until_it_is_deleted(self) -> None:
        [one, two] = [await self.desk.place(body, for_one=False) for body in ("one", "two")]
        for node in self.nodes:
            self.assertEqual(await node.ids(), {one, two})
            [row] = await node.read([two])
            self.assertEqual(row, (two, "two", False))
        await self.desk.delete([one])
        self.assertEqual(await self.nodes[0].ids(), {two})
        self.assertEqual(await self.nodes[0].read([one]), [])

    async def test_only_one_node_gets_what_any_one_may_do(self) -> None:
        for _ in range(5):
            id = await self.desk.place("{}", for_one=True)
            claims = await together(*(node.claim(id) for node in self.nodes))
            self.assertEqual(sorted(claims), [False, True])

    async def test_what_was_called_off_can_not_be_claimed(self) -> None:
        id = await self.desk.place("{}", for_one=True)
        await self.desk.delete([id])
        self.assertFalse(await self.nodes[0].claim(id))

    async def test_answers_are_read_in_parts_and_in_order(self) -> None:
        id = await self.desk.place("{}", for_one=False)
        one, two = self.nodes
        for part in range(70):
            self.assertTrue(await one.answer(id, part, f"{part}", is_last=part == 69))
        self.assertTrue(await two.answer(id, 0, "other 世界", is_last=True))
        known: dict[str, int] = {}
        read: dict[str, list[str]] = {}
        while rows := await self.desk.answers(id, known):
            for row in rows:
                self.assertEqual(row.part, known.get(row.node, 0))
                self.assertEqual(row.is_last, row.body in ("69", "other 世界"))
                known[row.node] = row.part + 1
                read.setdefault(row.node, []).append(row.body)
        self.assertEqual(sorted(read.values()), [[f"{part}" for part in range(70)], ["other 世界"]])

    async def test_nothing_is_left_of_an_order_that_is_answered_too_late(self) -> None:
        id = await self.desk.place("{}", for_one=False)
        await self.nodes[0].answer(id, 0, "{}", is_last=False)
        await self.desk.delete([id])
        self.assertFalse(await self.nodes[0].answer(id, 1, "{}", is_last=True))
        self.assertEqual(self.rows("SELECT * FROM orders"), [])
        self.assertEqual(self.rows("SELECT * FROM answers"), [])

    async def test_answers_that_race_with_the_deletion_leave_nothing(self) -> None:
        for _ in range(10):
            id = await self.desk.place("{}", for_one=False)
            await together(
                *(node.answer(id, 0, "{}", is_last=True) for node in self.nodes),
                self.desk.delete([id]),
            )
        self.assertEqual(self.rows("SELECT * FROM answers"), [])


class SQLiteTests(OrderCase):
    """In a file."""


class MariaDBTests(OnMariaDB, OrderCase):
    """On a real MariaDB."""

    async def test_an_answer_waits_for_the_deletion_that_has_begun(self) -> None:
        id = await self.desk.place("{}", for_one=False)
        deleting = mariadb().connect(self.name)
        self.addCleanup(deleting.close)
        deleting.cursor().execute("DELETE FROM orders WHERE id = %s", [id])
        answering = Deferred.fromCoroutine(self.nodes[0].answer(id, 0, "{}", is_last=True))
        await until(lambda: answering.called or self.waits_for_a_lock(), "the answer waits")
        deleting.commit()
        self.assertFalse(await answering)

    def waits_for_a_lock(self) -> bool:
        [(_, waits)] = mariadb().execute("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")
        return str(waits) != "0"


del OrderCase, OnMariaDB
