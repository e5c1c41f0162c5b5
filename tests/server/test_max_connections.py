"""More connections than there may be."""

from __future__ import annotations

from typing import Any

from tests.support.servers import ServerCase
from tests.support.wire import WireClient


class MaxConnectionsTests(ServerCase):
    settings: dict[str, Any] = {"max_connections": 3}

    async def undecided(self) -> WireClient:
        """A connection that the server has accepted, and that says nothing."""
        node: Any = self.server._node
        before = node.connections.opened
        client = await self.connect()
        while node.connections.opened == before:
            await client.sent()
        return client

    async def test_one_that_says_nothing_gives_way(self) -> None:
        silent = await self.undecided()
        zhang, client = await self.user()
        await self.undecided()
        li, other = await self.user()
        await silent.closed
        self.assertEqual(silent.received, [])
        await client.ask({"msgid": 5, "toid": li, "msg": "hello"})
        self.assertEqual((await other.next(msgid=5))["id"], zhang)

    async def test_one_that_has_not_logged_in_is_told(self) -> None:
        guest = await self.connect()
        await guest.settled()
        await self.undecided()
        await self.undecided()
        await self.undecided()
        await guest.closed
        self.assertEqual(guest.received[1:], [{"msgid": 17, "reason": "idle"}])

    async def test_where_all_are_logged_in_the_newest_is_told_to_try_again(self) -> None:
        people = [await self.user() for _ in range(3)]
        newest = await self.connect()
        await newest.closed
        [refusal] = newest.received
        self.assertEqual((refusal["msgid"], refusal["errno"]), (11, 110))
        self.assertNotIn("re", refusal)
        self.assertGreater(refusal["retry_after"], 0)
        for _, client in people:
            await client.settled()
        await people[0][1].hang_up()
        await self.user()

    async def test_one_that_has_logged_out_gives_way(self) -> None:
        people = [await self.user() for _ in range(3)]
        await people[1][1].ask({"msgid": 10})
        await self.user()
        await people[1][1].closed
        await people[0][1].settled()
