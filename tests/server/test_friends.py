"""Lists of friends."""

from __future__ import annotations

from tests.server.messages import MAX_ID, NOBODY, add_friend, login, loginout
from tests.support.servers import ServerCase


class FriendTests(ServerCase):
    async def test_friend_is_on_the_list_from_then_on(self) -> None:
        li, client = await self.user()
        wang = self.add_account("wang")
        reply = await client.ask(add_friend(wang, req=1))
        self.assertEqual(
            {name: reply[name] for name in ("re", "req", "errno")}, {"re": 6, "req": 1, "errno": 0}
        )
        entry = {"id": wang, "name": "wang", "state": "offline"}
        await client.ask(loginout())
        self.assertEqual((await client.ask(login(li)))["friends"], [entry])
        await self.restart()
        _, again = await self.login(li)
        self.assertEqual(again["friends"], [entry])

    async def test_it_is_one_way(self) -> None:
        li, client = await self.user()
        wang, wang_client = await self.user()
        await client.ask(add_friend(wang))
        await wang_client.ask(loginout())
        self.assertEqual((await wang_client.ask(login(wang)))["friends"], [])
        self.assertEqual((await wang_client.ask(add_friend(li)))["errno"], 0)

    async def test_list_is_the_accounts_not_the_devices(self) -> None:
        li, client = await self.user(device="phone")
        wang = self.add_account("wang")
        await client.ask(add_friend(wang))
        pad, reply = await self.login(li, device="pad")
        self.assertEqual([friend["id"] for friend in reply["friends"]], [wang])
        self.assert_errno(await pad.ask(add_friend(wang)), 112)

    async def test_refusals(self) -> None:
        li, client = await self.user()
        wang = self.add_account()
        await client.ask(add_friend(wang))
        for friend, errno in ((wang, 112), (li, 108), (NOBODY, 105), (wang + 1, 105)):
            self.assert_errno(await client.ask(add_friend(friend)), errno)
        for wrong in (None, "1", 1.0, True, 0, -1, MAX_ID + 1):
            reply = await client.ask(add_friend(wrong))
            self.assert_errno(reply, 102)
            self.assertIn("friendid", reply["errmsg"])
        self.assert_errno(await client.ask({"msgid": 6}), 102)
        self.assertEqual(self.sql("SELECT friend FROM friends"), [(wang,)])

    async def test_one_of_two_devices_that_race_adds(self) -> None:
        li, wang = self.add_account(), self.add_account()
        clients = [(await self.login(li, device=name))[0] for name in "ab"]
        for client in clients:
            client.send(add_friend(wang))
        replies = [await client.next(msgid=11) for client in clients]
        self.assertEqual(sorted(reply["errno"] for reply in replies), [0, 112])
