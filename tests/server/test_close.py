"""How connections end: by the client, half of it, or in the middle of a request."""

from __future__ import annotations

from twisted.internet import reactor

from tests.support.servers import PASSWORD, ServerCase


class HalfCloseTests(ServerCase):
    """Scripts that pipe requests into a connection close their side behind the last one."""

    async def test_everything_sent_before_is_answered(self) -> None:
        account = await self.register()
        client = await self.connect()
        login = {"msgid": 1, "id": account, "password": PASSWORD}
        chats = [{"msgid": 5, "toid": account, "msg": str(number)} for number in range(50)]
        client.send(login, *chats)
        client.transport.loseWriteConnection()
        await client.closed
        replies = [frame for frame in client.frames if frame["msgid"] == 11]
        self.assertEqual([reply["seq"] for reply in replies], list(range(1, 51)))

    async def test_place_is_free_soon_after(self) -> None:
        account = await self.register()
        client, _ = await self.login(account)
        begun = reactor.seconds()
        client.transport.loseWriteConnection()
        await client.closed
        await self.login(account)
        self.assertLess(reactor.seconds() - begun, 2.0)

    async def test_connection_that_never_sent_a_frame_is_closed(self) -> None:
        client = await self.connect()
        client.send_bytes(b'{"msgid":13')
        client.transport.loseWriteConnection()
        await client.closed
        self.assertEqual(client.reads, [])


class LostTests(ServerCase):
    async def test_login_whose_connection_is_lost_meanwhile_leaves_nobody_online(self) -> None:
        account = await self.register()
        _friend, friend_client = await self.user()
        await friend_client.ask({"msgid": 6, "friendid": account})
        client = await self.connect()
        client.send({"msgid": 1, "id": account, "password": PASSWORD})
        await client.quiet(0.02)
        client.cut()
        while True:
            client = await self.connect()
            reply = await client.ask({"msgid": 1, "id": account, "password": PASSWORD})
            if reply["errno"] == 0:
                break
            self.assertEqual(reply["errno"], 2)
        await client.hang_up()
        await friend_client.next(msgid=16, id=account, state="online")
        await friend_client.next(msgid=16, id=account, state="offline")

    async def test_message_of_a_sender_who_is_gone_is_delivered(self) -> None:
        li, li_client = await self.user()
        _, client = await self.user()
        client.send({"msgid": 5, "toid": li, "msg": "last words"})
        await client.hang_up()
        self.assertEqual((await li_client.next(msgid=5))["msg"], "last words")
