"""Delivery to devices that were away: what comes again, in which order, and what does not."""

from __future__ import annotations

from tests.server.messages import ack, add_group, chat, create_group, group_chat, login, loginout
from tests.support.servers import ServerCase
from tests.support.wire import Json, WireClient


class DeliveryCase(ServerCase):
    """Somebody who writes, and devices that come and go."""

    async def write(self, sender: WireClient, toid: int, *texts: str) -> Json:
        """Send texts one after the other; returns the last reply, when all have been pushed."""
        reply: Json = {}
        for text in texts:
            reply = await sender.ask(chat(toid, text))
            self.assertEqual(reply["errno"], 0, reply)
        if sender.news is not None:
            await sender.news()
        return reply

    async def missed(self, account: int, **fields: object) -> list[str]:
        """The texts that a device gets at its login; it acknowledges nothing, and goes again."""
        client, reply = await self.login_when_free(account, **fields)
        while len(client.frames) < reply["pending"]:
            await client.settled()
        await client.ask(loginout())
        await client.hang_up()
        texts = [frame["msg"] for frame in client.frames]
        self.assertEqual(len(texts), reply["pending"], texts)
        return texts


class AwayTests(DeliveryCase):
    async def test_missed_messages_follow_the_login_reply_in_order(self) -> None:
        li = self.add_account()
        wang, sender = await self.user("wang")
        reply = await self.write(sender, li, "one", "two", "three")
        client, login_reply = await self.login(li)
        self.assertEqual(login_reply["pending"], 3)
        pushes = [await client.next() for _ in range(3)]
        self.assertEqual(
            [(p["msg"], p["seq"]) for p in pushes], [("one", 1), ("two", 2), ("three", 3)]
        )
        self.assertEqual(
            pushes[2],
            {
                "msgid": 5,
                "id": wang,
                "name": "wang",
                "toid": li,
                "msg": "three",
                "time": reply["time"],
                "conv": reply["conv"],
                "seq": 3,
            },
        )

    async def test_missed_messages_of_many_conversations_keep_their_orders(self) -> None:
        li, client = await self.user(device="phone")
        group = (await client.ask(create_group("tea")))["groupid"]
        senders = [(await self.user())[1] for _ in range(3)]
        for sender in senders:
            await sender.ask(add_group(group))
        await client.ask(loginout())
        for number in range(4):
            for sender in senders:
                await sender.ask(chat(li, f"{number}"))
                await sender.ask(group_chat(group, f"{number}"))
        reply = await client.ask(login(li, device="phone"))
        self.assertEqual(reply["pending"], 24)
        seqs: dict[int, list[int]] = {}
        for _ in range(24):
            push = await client.next()
            seqs.setdefault(push["conv"], []).append(push["seq"])
        self.assertEqual(sorted(seqs.values()), sorted([[1, 2, 3, 4]] * 3 + [[*range(1, 13)]]))

    async def test_requests_behind_the_login_are_answered_while_the_missed_come(self) -> None:
        li = self.add_account()
        _, sender = await self.user()
        await self.write(sender, li, "one", "two")
        client = await self.connect()
        client.send(login(li), chat(li, "mine", req=1))
        await client.next(req=1)
        await client.next(msg="two")
        self.assertEqual(client.received[0]["msgid"], 2)
        self.assertEqual([f["msg"] for f in client.received if f["msgid"] == 5], ["one", "two"])

    async def test_logged_out_connection_gets_nothing_more(self) -> None:
        li, client = await self.user()
        _, sender = await self.user()
        await client.ask(loginout())
        await self.write(sender, li, "one")
        self.assertEqual(await client.settled(), [])
        self.assertEqual(await self.missed(li), ["one"])


class WithoutAckTests(DeliveryCase):
    async def test_what_was_written_to_the_socket_does_not_come_again(self) -> None:
        li, client = await self.user()
        _, sender = await self.user()
        await self.write(sender, li, "live")
        await client.next(msgid=5)
        await client.hang_up()
        await self.login_when_free(li)
        await self.clients[-1].ask(loginout())
        await self.write(sender, li, "away")
        self.assertEqual(await self.missed(li), ["away"])
        self.assertEqual(await self.missed(li), [])

    async def test_acknowledging_all_the_same_does_no_harm(self) -> None:
        li, client = await self.user()
        _, sender = await self.user()
        reply = await self.write(sender, li, "one")
        client.send(ack(reply["conv"], 1))
        await self.write(sender, li, "two")
        self.assertEqual([f["msg"] for f in await client.settled()], ["one", "two"])
        await client.ask(loginout())
        self.assertEqual(await self.missed(li), [])


class AckTests(DeliveryCase):
    async def test_unacknowledged_messages_come_again_at_each_login_of_the_device(self) -> None:
        li, client = await self.user(ack=True)
        _, sender = await self.user()
        await self.write(sender, li, "live", "too")
        await client.next(msg="too")
        await client.hang_up()
        await self.write(sender, li, "away")
        for _ in range(2):
            self.assertEqual(await self.missed(li, ack=True), ["live", "too", "away"])

    async def test_acknowledgement_is_cumulative(self) -> None:
        li, client = await self.user(ack=True)
        _, sender = await self.user()
        reply = await self.write(sender, li, "1", "2", "3", "4")
        client.send(ack(reply["conv"], 3))
        await client.ask(loginout())
        self.assertEqual(await self.missed(li, ack=True), ["4"])

    async def test_acknowledgement_is_not_answered(self) -> None:
        li, client = await self.user(ack=True)
        _, sender = await self.user()
        reply = await self.write(sender, li, "1")
        await client.next(msgid=5)
        client.send(ack(reply["conv"], 1, req="r"), ack(reply["conv"], 0), ack(reply["conv"], 5))
        await client.ask(loginout())
        self.assertEqual(client.frames, [])
        self.assertEqual(await self.missed(li, ack=True), [])

    async def test_seq_beyond_the_last_pushed_is_clamped(self) -> None:
        li, client = await self.user(ack=True)
        _, sender = await self.user()
        reply = await self.write(sender, li, "1", "2")
        await client.next(msg="2")
        client.send(ack(reply["conv"], 2**53 - 1))
        await client.ask(loginout())
        await self.write(sender, li, "3")
        self.assertEqual(await self.missed(li, ack=True), ["3"])

    async def test_nothing_is_acknowledged_before_it_is_pushed(self) -> None:
        li, client = await self.user(ack=True)
        _, sender = await self.user()
        reply = await self.write(sender, li, "1")
        client.send(ack(reply["conv"], 1))
        await client.ask(loginout())
        await client.ask(login(li, ack=True))
        client.send(ack(reply["conv"], 9))
        await self.write(sender, li, "2")
        await client.next(msg="2")
        await client.ask(loginout())
        self.assertEqual(await self.missed(li, ack=True), ["2"])

    async def test_seq_below_an_earlier_one_is_ignored(self) -> None:
        li, client = await self.user(ack=True)
        _, sender = await self.user()
        reply = await self.write(sender, li, "1", "2", "3")
        await client.next(msg="3")
        client.send(ack(reply["conv"], 3), ack(reply["conv"], 1), ack(reply["conv"], 0))
        await client.ask(loginout())
        self.assertEqual(await self.missed(li, ack=True), [])

    async def test_each_conversation_is_acknowledged_by_itself(self) -> None:
        li, client = await self.user(ack=True)
        senders = [(await self.user())[1] for _ in range(2)]
        convs = [(await self.write(sender, li, f"of {sender}"))["conv"] for sender in senders]
        client.send(ack(convs[1], 1))
        await client.ask(loginout())
        self.assertEqual(await self.missed(li, ack=True), [f"of {senders[0]}"])

    async def test_refusals(self) -> None:
        _, client = await self.user(ack=True)
        (_, one), (two, _) = await self.user(), await self.user()
        others = (await self.write(one, two, "not li's"))["conv"]
        for conv in (others, others + 1000):
            reply = await client.ask(ack(conv, 1, req=1))
            self.assert_errno(reply, 107)
            self.assertEqual((reply["re"], reply["req"]), (12, 1))
        for wrong in (None, "1", 1.0, True, -1, 2**53):
            self.assert_errno(await client.ask(ack(others, wrong)), 102)
            self.assert_errno(await client.ask(ack(wrong, 1)), 102)
        self.assert_errno(await client.ask(ack(0, 1)), 102)
        await client.ask(loginout())
        self.assert_errno(await client.ask(ack(others, 1)), 103)

    async def test_device_that_changes_to_ack_and_back(self) -> None:
        li, client = await self.user(ack=True)
        _, sender = await self.user()
        await self.write(sender, li, "1")
        await client.next(msgid=5)
        await client.ask(loginout())
        self.assertEqual(await self.missed(li), ["1"])
        self.assertEqual(await self.missed(li, ack=True), [])


class OwnSendsTests(DeliveryCase):
    async def test_own_sends_count_as_received_by_the_device_that_sent(self) -> None:
        li, client = await self.user(ack=True)
        wang, wang_client = await self.user(ack=True)
        await self.write(client, wang, "question")
        conv = (await self.write(wang_client, li, "answer"))["conv"]
        await self.write(client, wang, "thanks")
        await client.next(msg="answer")
        client.send(ack(conv, 2))
        await client.ask(loginout())
        self.assertEqual(await self.missed(li, ack=True), [])
        await wang_client.ask(loginout())
        self.assertEqual(await self.missed(wang, ack=True), ["question", "thanks"])

    async def test_own_send_acknowledges_nothing_before_it(self) -> None:
        li, client = await self.user(ack=True)
        wang, wang_client = await self.user()
        await self.write(wang_client, li, "question")
        await client.next(msg="question")
        await self.write(client, wang, "answer")
        await client.ask(loginout())
        self.assertEqual(await self.missed(li, ack=True), ["question"])

    async def test_other_device_that_was_away_gets_own_sends_with_their_cids(self) -> None:
        li = self.add_account()
        for device in ("phone", "pad"):
            self.assertEqual(await self.missed(li, device=device), [])
        wang = self.add_account()
        phone, _ = await self.login(li, device="phone")
        await phone.ask(chat(wang, "from the phone", cid="c"))
        pad, reply = await self.login(li, device="pad")
        self.assertEqual(reply["pending"], 1)
        push = await pad.next(msgid=5)
        self.assertEqual((push["id"], push["cid"]), (li, "c"))
        await phone.ask(loginout())
        self.assertEqual(await self.missed(li, device="phone"), [])
