"""What chatserver-admin has several nodes do."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from twisted.internet.defer import Deferred

from chatserver.admin.commands import CannotDo
from chatserver.orders import Announce, Answer
from tests.cluster.cases import ClusterCase
from tests.server.messages import login
from tests.store.cases import error_of
from tests.support.admin import admin, admin_json


class AdminCase(ClusterCase):
    """Two nodes, and who runs them."""

    async def admin(self, *arguments: str) -> list[str]:
        return await admin(self.url, *arguments)

    def order_book(self, node: int) -> Any:
        return self.nodes[node]._node.order_book  # type: ignore[union-attr]


class SessionTests(AdminCase):
    async def test_sessions_on_all_nodes_are_shown_and_closed(self) -> None:
        li, phone = await self.user_on(0, device="phone")
        pad, _ = await self.login_on(1, li, device="pad")
        _, other = await self.user_on(1)
        found = await admin_json(self.url, "sessions", "--user", f"id:{li}")
        self.assertEqual(sorted(one["device"] for one in found), ["pad", "phone"])
        states = await admin_json(self.url, "stats")
        self.assertEqual(sorted(s["logged_in"] for s in states[0]["servers"]), [1, 2])
        printed = await self.admin("kick", f"id:{li}", "--for", "30")
        self.assertIn("2 sessions closed", printed[-1])
        for client in (phone, pad):
            self.assertEqual((await client.next(msgid=17))["reason"], "shutdown")
            await client.closed
        for node in range(2):  # wherever it comes back
            client = await self.connect(node=node)
            self.assert_errno(await client.ask(login(li, device="phone")), 109)
        await other.settled()

    async def test_a_node_that_is_dead_is_not_waited_for_in_vain(self) -> None:
        """It is given up while its answer is waited for."""
        self.sql("INSERT INTO nodes (id, beat, given_up) VALUES ('dead', 5, 0)")
        li, _ = await self.user_on(0, device="phone")
        asking = Deferred.fromCoroutine(admin_json(self.url, "sessions"))
        while not self.sql("SELECT 1 FROM answers"):
            self.assertFalse(asking.called)
            await self.news()
        self.sql("DELETE FROM nodes WHERE id = 'dead'")
        self.assertEqual([one["id"] for one in await asking], [li])

    async def test_a_node_that_is_not_given_up_and_does_not_answer_is_told_of(self) -> None:
        self.order_book(1)._is_looking = True
        li, client = await self.user_on(0, device="phone")
        problem = await error_of(self.admin("kick", f"id:{li}"))
        self.assertIsInstance(problem, CannotDo)
        self.assertIn("1 server did not answer", str(problem))
        self.assertIn("run this again", str(problem))
        await client.closed


class AnnounceTests(AdminCase):
    async def test_who_is_on_any_node_or_away_gets_it_once(self) -> None:
        here = [await self.user_on(number % 2, device="phone") for number in range(4)]
        away = [self.add_account() for _ in range(250)]
        printed = await self.admin("announce", "Hello 世界")
        self.assertEqual(printed[-1], f"{len(here) + len(away)} accounts got it")
        for _, client in here:
            self.assertEqual((await client.next(msgid=5))["msg"], "Hello 世界")
            self.assertEqual(await client.settled(), [])
        counts = self.sql(
            "SELECT c.low, COUNT(*) FROM messages m JOIN conversations c ON c.id = m.conversation "
            "GROUP BY c.low"
        )
        self.assertEqual(dict(counts), dict.fromkeys([*(id for id, _ in here), *away], 1))

    async def test_another_node_goes_on_where_one_falls_silent(self) -> None:
        li, client = await self.user_on(0, device="phone")
        silence: Deferred[None] = Deferred()

        async def hang(order: Announce) -> AsyncGenerator[Answer, None]:
            await silence
            return
            yield

        carriers = self.order_book(1)._carriers
        works, carriers[Announce] = carriers[Announce], hang
        self.order_book(0)._is_looking = True
        announcing = Deferred.fromCoroutine(self.admin("announce", "Hello"))
        while not self.sql("SELECT 1 FROM orders WHERE node <> ''"):
            self.assertFalse(announcing.called)
            await self.news()
        carriers[Announce] = works
        self.order_book(0)._is_looking = False
        printed = await announcing
        self.assertEqual(printed[-1], "1 account got it")
        self.assertEqual((await client.next(msgid=5))["toid"], li)


del AdminCase
