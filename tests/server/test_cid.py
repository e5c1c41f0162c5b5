"""The cid: sending again what may have arrived, and having it once."""

from __future__ import annotations

from tests.server.messages import chat, create_group, group_chat, history
from tests.support.servers import ServerCase
from tests.support.wire import Json, WireClient


def place(reply: Json) -> tuple[int, int, int, str]:
    return reply["errno"], reply["conv"], reply["seq"], reply["time"]


class RepeatTests(ServerCase):
    async def texts(self, client: WireClient, **conversation: int) -> list[str]:
        reply = await client.ask(history(**conversation))
        return [message["msg"] for message in reply["messages"]]

    async def test_repeat_is_told_where_the_first_stands_and_is_not_pushed(self) -> None:
        li, li_client = await self.user()
        wang = self.add_account()
        wang_client, _ = await self.login(wang, device="phone")
        other, _ = await self.login(wang, device="pad")
        first = await wang_client.ask(chat(li, "once", cid="c"))
        await wang_client.ask(chat(li, "between"))
        again = await wang_client.ask(chat(li, "once", cid="c", req=2))
        self.assertEqual(again, {**first, "dup": True, "req": 2})
        self.assertNotIn("dup", first)
        for client in (li_client, other):
            await client.settled()
            self.assertEqual([push["msg"] for push in client.frames], ["once", "between"])
        self.assertEqual(await self.texts(wang_client, toid=li), ["once", "between"])

    async def test_repeat_in_a_group(self) -> None:
        _, client = await self.user()
        group = (await client.ask(create_group("tea")))["groupid"]
        first = await client.ask(group_chat(group, "once", cid="c"))
        again = await client.ask(group_chat(group, "once", cid="c"))
        self.assertEqual(place(again), place(first))
        self.assertIs(again["dup"], True)
        self.assertEqual(await self.texts(client, groupid=group), ["once"])

    async def test_repeats_in_one_packet_are_stored_once(self) -> None:
        li, client = await self.user()
        client.send(*(chat(li, "once", cid="c", req=n) for n in range(5)), chat(li, "then"))
        replies = [await client.next(msgid=11, req=n) for n in range(5)]
        self.assertEqual({place(reply) for reply in replies}, {place(replies[0])})
        self.assertEqual([reply.get("dup") for reply in replies], [None, True, True, True, True])
        self.assertEqual((await client.next(msgid=11))["seq"], 2)

    async def test_two_devices_that_race_with_one_cid_store_it_once(self) -> None:
        li = self.add_account()
        devices = [(await self.login(li, device=name))[0] for name in "abc"]
        for client in devices:
            client.send(chat(li, "once", cid="c"))
        replies = [await client.next(msgid=11) for client in devices]
        self.assertEqual({place(reply) for reply in replies}, {place(replies[0])})
        self.assertEqual(sum("dup" in reply for reply in replies), 2)

    async def test_repeat_after_a_reconnect_from_another_device(self) -> None:
        li, client = await self.user()
        first = await client.ask(chat(li, "once", cid="c"))
        await client.hang_up()
        client, _ = await self.login(li, device="pad")
        again = await client.ask(chat(li, "once", cid="c"))
        self.assertEqual((place(again), again["dup"]), (place(first), True))

    async def test_cid_is_remembered_across_a_restart(self) -> None:
        li, client = await self.user()
        first = await client.ask(chat(li, "once", cid="c"))
        await self.restart()
        client, _ = await self.login(li)
        again = await client.ask(chat(li, "once", cid="c"))
        self.assertEqual((place(again), again["dup"]), (place(first), True))

    async def test_same_text_without_or_with_another_cid_is_another_message(self) -> None:
        li, client = await self.user()
        fields: list[Json] = [{}, {}, {"cid": "a"}, {"cid": "A"}, {"cid": "a "}]
        replies = [await client.ask(chat(li, "same", **more)) for more in fields]
        self.assertEqual([reply["seq"] for reply in replies], [1, 2, 3, 4, 5])

    async def test_each_sender_has_cids_of_their_own(self) -> None:
        (li, li_client), (wang, wang_client) = await self.user(), await self.user()
        first = await li_client.ask(chat(wang, "same", cid="c"))
        second = await wang_client.ask(chat(li, "same", cid="c"))
        self.assertEqual((first["seq"], second["seq"]), (1, 2))
        self.assertNotIn("dup", second)

    async def test_history_shows_cids_to_their_sender_only(self) -> None:
        (li, li_client), (wang, wang_client) = await self.user(), await self.user()
        await li_client.ask(chat(wang, cid="of li"))
        await wang_client.ask(chat(li, cid="of wang"))
        await li_client.ask(chat(wang))
        for client, cids in (
            (li_client, ["of li", None, None]),
            (wang_client, [None, "of wang", None]),
        ):
            conversation = li if client is wang_client else wang
            reply = await client.ask(history(toid=conversation))
            self.assertEqual([message.get("cid") for message in reply["messages"]], cids)


class ConflictTests(ServerCase):
    async def test_cid_used_for_another_text_or_addressee_is_a_conflict(self) -> None:
        li, client = await self.user()
        wang, zhao = self.add_account(), self.add_account()
        group = (await client.ask(create_group("tea")))["groupid"]
        first = await client.ask(chat(wang, "text", cid="c"))
        await client.ask(chat(zhao, "makes a conversation"))
        for message in (
            chat(wang, "text ", cid="c"),
            chat(wang, "Text", cid="c"),
            chat(zhao, "text", cid="c"),
            chat(li, "text", cid="c"),
            group_chat(group, "text", cid="c"),
        ):
            reply = await client.ask(message)
            self.assert_errno(reply, 111)
            self.assertNotIn("seq", reply)
        again = await client.ask(chat(wang, "text", cid="c"))
        self.assertEqual((place(again), again["dup"]), (place(first), True))
        self.assertEqual(len(self.sql("SELECT * FROM messages")), 2)

    async def test_conflict_takes_down_no_message_beside_it(self) -> None:
        li, client = await self.user()
        client.send(
            chat(li, "a", cid="c", req=1),
            chat(li, "b", cid="c", req=2),
            chat(li, "c", req=3),
            chat(li, "a", cid="c", req=4),
            chat(li, "d", cid="d", req=5),
        )
        replies = [await client.next(msgid=11, req=n) for n in range(1, 6)]
        self.assertEqual([reply["errno"] for reply in replies], [0, 111, 0, 0, 0])
        self.assertEqual([reply.get("seq") for reply in replies], [1, None, 2, 1, 3])

    async def test_conflict_makes_no_conversation(self) -> None:
        _, client = await self.user()
        wang, zhao = self.add_account(), self.add_account()
        await client.ask(chat(wang, "text", cid="c"))
        self.assert_errno(await client.ask(chat(zhao, "text", cid="c")), 111)
        reply = await client.ask(history(toid=zhao))
        self.assertNotIn("conv", reply)


class FormTests(ServerCase):
    async def test_cid_is_any_text_of_1_to_64_code_points(self) -> None:
        li, client = await self.user(device="phone")
        other, _ = await self.login(li, device="pad")
        for cid in ("x", " ", "\0", "😀" * 64, "'; --", "#0", "=x", "#", "null"):
            reply = await client.ask(chat(li, "text", cid=cid))
            self.assertEqual(reply["errno"], 0, reply)
            self.assertNotIn("dup", reply)
            self.assertEqual((await other.next(msgid=5))["cid"], cid)

    async def test_other_cids_are_refused(self) -> None:
        li, client = await self.user()
        for cid in ("", "x" * 65, None, 5, True, ["x"]):
            for message in (chat(li, "text", cid=cid), group_chat(1, "text", cid=cid)):
                reply = await client.ask(message)
                self.assert_errno(reply, 102)
                self.assertIn("cid", reply["errmsg"])
        self.assertEqual(self.sql("SELECT * FROM messages"), [])
