"""Delivery to each device of an account, across restarts, and while much is going on."""

from __future__ import annotations

from tests.server.messages import (
    ack,
    add_group,
    chat,
    create_group,
    group_chat,
    login,
    loginout,
)
from tests.server.test_delivery import DeliveryCase
from tests.support.wire import WireClient


class PerDeviceTests(DeliveryCase):
    async def test_device_that_was_away_gets_what_another_has_acknowledged(self) -> None:
        li = self.add_account()
        self.assertEqual(await self.missed(li, device="pad"), [])
        phone, _ = await self.login(li, device="phone", ack=True)
        _, sender = await self.user()
        reply = await self.write(sender, li, "one")
        await phone.next(msgid=5)
        phone.send(ack(reply["conv"], 1))
        await phone.ask(loginout())
        self.assertEqual(await self.missed(li, device="phone", ack=True), [])
        self.assertEqual(await self.missed(li, device="pad"), ["one"])
        self.assertEqual(await self.missed(li, device="pad"), [])

    async def test_first_device_of_an_account_gets_all_that_waits(self) -> None:
        li = self.add_account()
        _, sender = await self.user()
        await self.write(sender, li, "one", "two")
        self.assertEqual(await self.missed(li, device="phone", ack=True), ["one", "two"])

    async def test_new_device_begins_with_what_no_device_has_received_or_sent(self) -> None:
        li, phone = await self.user(device="phone", ack=True)
        wang, sender = await self.user()
        reply = await self.write(sender, li, "acknowledged", "pushed only")
        await phone.next(msg="pushed only")
        phone.send(ack(reply["conv"], 1))
        await self.write(phone, wang, "sent by the phone")
        await phone.hang_up()
        await self.write(sender, li, "while away")
        fresh = await self.missed(li, device="pad", ack=True)
        self.assertEqual(fresh, ["pushed only", "while away"])
        old = await self.missed(li, device="phone", ack=True)
        self.assertEqual(old, ["pushed only", "while away"])

    async def test_new_device_beside_one_that_has_everything_gets_nothing_old(self) -> None:
        li, _phone = await self.user(device="phone")
        wang, sender = await self.user()
        await self.write(sender, li, "one", "two")
        await self.write(self.clients[0], wang, "three")
        self.assertEqual(await self.missed(li, device="pad", ack=True), [])
        await self.login(li, device="pad", ack=True)
        await self.write(sender, li, "four")
        self.assertEqual((await self.clients[-1].next(msgid=5))["msg"], "four")

    async def test_sends_from_a_device_after_another_was_first_seen_reach_it(self) -> None:
        li, phone = await self.user(device="phone")
        wang = self.add_account()
        await self.write(phone, wang, "before")
        self.assertEqual(await self.missed(li, device="pad", ack=True), [])
        await self.write(phone, wang, "after")
        self.assertEqual(await self.missed(li, device="pad", ack=True), ["after"])


class RestartTests(DeliveryCase):
    async def test_only_what_was_not_acknowledged_comes_again(self) -> None:
        li, client = await self.user(ack=True)
        _, sender = await self.user()
        reply = await self.write(sender, li, "1", "2", "3")
        await client.next(msg="3")
        client.send(ack(reply["conv"], 2))
        await client.settled()
        await self.restart()
        self.assertEqual(await self.missed(li, ack=True), ["3"])

    async def test_seqs_go_on(self) -> None:
        li, client = await self.user()
        first = await self.write(client, li, "1", "2")
        await self.restart()
        client, _ = await self.login(li)
        third = await self.write(client, li, "3")
        self.assertEqual((third["conv"], third["seq"]), (first["conv"], 3))

    async def test_group_and_its_members_stay(self) -> None:
        li, client = await self.user()
        wang, wang_client = await self.user(ack=True)
        group = (await client.ask(create_group("tea")))["groupid"]
        await wang_client.ask(add_group(group))
        await client.ask(group_chat(group, "before"))
        await self.restart()
        client, _ = await self.login(li)
        await client.ask(group_chat(group, "after"))
        self.assertEqual(await self.missed(wang, ack=True), ["before", "after"])


class LiveTests(DeliveryCase):
    """A long backlog, and messages that come while it is being pushed."""

    settings = {"rate": 0}

    async def seqs(self, client: WireClient, last: int) -> list[int]:
        """The seqs of the messages that come, up to the last one."""
        seqs: list[int] = []
        while not seqs or seqs[-1] != last:
            seqs.append((await client.next(msgid=5))["seq"])
        self.assertEqual([f for f in await client.settled() if f["msgid"] == 5], [])
        return seqs

    async def test_messages_that_come_during_a_backlog_join_it(self) -> None:
        li = self.add_account()
        _, sender = await self.user()
        sender.send(*(chat(li, f"{n}", req=n) for n in range(1000)))
        await sender.next(req=999)
        client = await self.connect()
        client.send(login(li))
        sender.send(*(chat(li, f"{n}", req=n) for n in range(1000, 2000)))
        self.assertEqual(await self.seqs(client, 2000), [*range(1, 2001)])

    async def test_pushes_of_a_connection_have_no_hole_and_no_repeat(self) -> None:
        li = self.add_account()
        _, sender = await self.user()
        _, other = await self.user()
        for round in range(8):
            first, last = round * 100, round * 100 + 100
            for client in (sender, other):
                client.send(*(chat(li, f"{n}", req=n) for n in range(first, last)))
            receiver, _ = await self.login_when_free(li)
            for client in (sender, other):
                await client.next(req=last - 1)
                await receiver.next(seq=last)
            await receiver.ask(loginout())
            by_conv: dict[int, list[int]] = {}
            for frame in receiver.received:
                if frame["msgid"] == 5:
                    by_conv.setdefault(frame["conv"], []).append(frame["seq"])
            for seqs in by_conv.values():
                self.assertEqual(seqs, [*range(seqs[0], last + 1)])
                self.assertLessEqual(seqs[0], first + 1)
