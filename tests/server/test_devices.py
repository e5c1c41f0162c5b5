"""Devices: several of an account at once, one connection each."""

from __future__ import annotations

from tests.server.messages import by_token, chat, history, login, loginout
from tests.support.servers import ServerCase


class NamedTests(ServerCase):
    async def test_all_devices_of_an_account_get_what_is_sent_to_it(self) -> None:
        li = self.add_account()
        devices = [
            (await self.login(li, **fields))[0]
            for fields in ({}, {"device": "phone"}, {"device": "pad"})
        ]
        _, wang_client = await self.user()
        await wang_client.ask(chat(li, "to all"))
        pushes = [await client.next(msgid=5) for client in devices]
        self.assertEqual(pushes[0]["msg"], "to all")
        self.assertEqual(pushes, [pushes[0]] * 3)

    async def test_login_from_the_same_device_replaces_the_older_connection(self) -> None:
        li = self.add_account()
        older, _ = await self.login(li, device="phone")
        newer, _ = await self.login(li, device="phone")
        self.assertEqual(await older.next(msgid=17), {"msgid": 17, "reason": "replaced"})
        await older.closed
        _, wang_client = await self.user()
        await wang_client.ask(chat(li, "to the newer"))
        self.assertEqual((await newer.next(msgid=5))["msg"], "to the newer")
        self.assertEqual(older.frames, [])

    async def test_login_by_token_replaces_as_well(self) -> None:
        older, reply = await self.login(self.add_account(), device="phone")
        newer = await self.connect()
        await newer.ask(by_token(reply["token"]))
        self.assertEqual((await older.next(msgid=17))["reason"], "replaced")

    async def test_devices_are_told_apart_by_account_and_code_points(self) -> None:
        li, wang = self.add_account(), self.add_account()
        clients = [
            (await self.login(account, device=device))[0]
            for account, device in (
                (li, "phone"),
                (wang, "phone"),
                (li, "Phone"),
                (li, " phone"),
                (li, "😀" * 64),
                (li, "'; DROP TABLE devices; --"),
                (li, "\0"),
            )
        ]
        for client in clients:
            self.assertEqual(await client.settled(), [])

    async def test_logged_out_device_is_not_replaced(self) -> None:
        li = self.add_account()
        older, _ = await self.login(li, device="phone")
        await older.ask(loginout())
        await self.login(li, device="phone")
        self.assertEqual(await older.settled(), [])

    async def test_what_the_replaced_connection_sent_is_answered_or_dropped(self) -> None:
        li, wang = self.add_account(), self.add_account()
        older, reply = await self.login(li, device="phone")
        newer = await self.connect()
        older.send(*(chat(wang, f"number {n}", req=n) for n in range(300)))
        self.assertEqual((await newer.ask(by_token(reply["token"])))["errno"], 0)
        await older.closed
        self.assertEqual(older.frames.pop()["reason"], "replaced")
        self.assertEqual([frame["req"] for frame in older.frames], [*range(len(older.frames))])
        self.assertEqual({frame["errno"] for frame in older.frames} - {0}, set())
        stored = (await newer.ask(history(toid=wang, after=0, limit=200)))["messages"]
        for answered, message in zip(older.frames, stored, strict=False):
            self.assertEqual(message["msg"], f"number {answered['req']}")
        self.assertGreaterEqual(len(stored), min(len(older.frames), 200))


class UnnamedTests(ServerCase):
    async def test_second_one_is_refused_and_the_first_is_left_alone(self) -> None:
        li, first = await self.user()
        second = await self.connect()
        reply = await second.ask(login(li, req=1))
        self.assert_errno(reply, 2)
        self.assertEqual(reply["req"], 1)
        self.assert_errno(await second.ask(chat(li)), 103)
        self.assertEqual(await first.settled(), [])
        self.assertEqual((await first.ask(chat(li)))["errno"], 0)

    async def test_refused_connection_can_try_again(self) -> None:
        li, first = await self.user()
        second = await self.connect()
        self.assert_errno(await second.ask(login(li)), 2)
        await first.ask(loginout())
        self.assertEqual((await second.ask(login(li)))["errno"], 0)

    async def test_one_of_two_that_race_gets_in(self) -> None:
        li = self.add_account()
        clients = [await self.connect() for _ in range(4)]
        for client in clients:
            client.send(login(li))
        replies = [await client.next(msgid=2) for client in clients]
        self.assertEqual(sorted(reply["errno"] for reply in replies), [0, 2, 2, 2])

    async def test_place_is_free_after_a_close(self) -> None:
        li, client = await self.user()
        await client.hang_up()
        await self.login_when_free(li)

    async def test_place_is_free_after_a_reset(self) -> None:
        li, client = await self.user()
        client.cut()
        await self.login_when_free(li)

    async def test_named_devices_do_not_take_its_place(self) -> None:
        li = self.add_account()
        phone, _ = await self.login(li, device="phone")
        unnamed, _ = await self.login(li)
        pad, _ = await self.login(li, device="pad")
        for client in (phone, unnamed, pad):
            self.assertEqual(await client.settled(), [])

    async def test_it_is_one_device_across_logins(self) -> None:
        li, client = await self.user(ack=True)
        _, wang_client = await self.user()
        await wang_client.ask(chat(li, "first"))
        await client.next(msgid=5)
        await client.ask(loginout())
        reply = await client.ask(login(li, ack=True))
        self.assertEqual(reply["pending"], 1)
        self.assertEqual((await client.next(msgid=5))["msg"], "first")
