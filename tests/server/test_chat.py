"""Sending to one user: who gets what, and what the sender is told."""

from __future__ import annotations

from tests.server.messages import MAX_ID, NOBODY, chat, group_chat, history, login
from tests.support.servers import ServerCase
from tests.support.wire import Json

INJECTIONS = (
    "'; DROP TABLE messages; --",
    '" OR ""="',
    "%s %d {} ? :name $1 \\' \\",
    "'); DELETE FROM accounts; /*",
)


class OneChatTests(ServerCase):
    async def test_reaches_the_addressee_as_sent(self) -> None:
        li, li_client = await self.user("li")
        zhang, zhang_client = await self.user("zhang san")
        text = ' 你好 😀 \u0000 "quoted" \\ \n\t\u2028\u202e '
        reply = await zhang_client.ask({"msgid": 5, "toid": li, "msg": text, "req": "r1"})
        push = await li_client.next(msgid=5)
        self.assertEqual(
            push,
            {
                "msgid": 5,
                "id": zhang,
                "name": "zhang san",
                "toid": li,
                "msg": text,
                "time": reply["time"],
                "conv": reply["conv"],
                "seq": 1,
            },
        )
        self.assertEqual(
            reply,
            {
                "msgid": 11,
                "re": 5,
                "req": "r1",
                "errno": 0,
                "conv": push["conv"],
                "seq": 1,
                "time": push["time"],
            },
        )
        self.assertRegex(reply["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    async def test_both_directions_share_one_conversation(self) -> None:
        (li, li_client), (wang, wang_client) = await self.user(), await self.user()
        _, zhao_client = await self.user()
        replies = [
            await li_client.ask(chat(wang)),
            await wang_client.ask(chat(li)),
            await li_client.ask(chat(wang)),
        ]
        self.assertEqual([reply["seq"] for reply in replies], [1, 2, 3])
        self.assertEqual(len({reply["conv"] for reply in replies}), 1)
        other = await zhao_client.ask(chat(wang))
        self.assertEqual(other["seq"], 1)
        self.assertNotEqual(other["conv"], replies[0]["conv"])

    async def test_it_is_committed_when_it_is_answered(self) -> None:
        li, client = await self.user()
        for text in ("first", "second"):
            await client.ask(chat(li, text))
            self.assertIn((text,), self.sql("SELECT body FROM messages"))

    async def test_the_sender_is_who_is_logged_in(self) -> None:
        li, li_client = await self.user("li")
        wang, wang_client = await self.user("wang")
        claims: list[object] = [li, "x", None, -1, {}]
        for claimed in claims:
            await wang_client.ask(chat(li, id=claimed, name=claimed, time=claimed))
            push = await li_client.next(msgid=5)
            self.assertEqual((push["id"], push["name"]), (wang, "wang"))
            self.assertRegex(push["time"], r"Z$")

    async def test_to_means_toid_and_toid_wins(self) -> None:
        li, li_client = await self.user()
        wang, wang_client = await self.user()
        await wang_client.ask({"msgid": 5, "to": li, "msg": "to"})
        await wang_client.ask({"msgid": 5, "to": wang, "toid": li, "msg": "both"})
        pushes = [await li_client.next(msgid=5) for _ in range(2)]
        self.assertEqual([(p["toid"], p["msg"]) for p in pushes], [(li, "to"), (li, "both")])

    async def test_sql_in_a_text_is_text(self) -> None:
        li, li_client = await self.user()
        _, wang_client = await self.user("'; DROP TABLE accounts; --")
        for text in INJECTIONS:
            await wang_client.ask(chat(li, text, cid=text, req=text))
            push = await li_client.next(msgid=5)
            self.assertEqual((push["msg"], push["name"]), (text, "'; DROP TABLE accounts; --"))
        self.assertEqual(len(self.sql("SELECT * FROM messages")), len(INJECTIONS))


class OwnDevicesTests(ServerCase):
    async def test_the_senders_other_devices_get_it_with_its_cid(self) -> None:
        li, li_client = await self.user("li")
        wang = self.add_account("wang")
        sender, _ = await self.login(wang, device="phone")
        other, _ = await self.login(wang, device="pad")
        reply = await sender.ask(chat(li, "both see it", cid="c1"))
        self.assertEqual(
            await other.next(msgid=5),
            {
                "msgid": 5,
                "id": wang,
                "name": "wang",
                "toid": li,
                "msg": "both see it",
                "time": reply["time"],
                "conv": reply["conv"],
                "seq": 1,
                "cid": "c1",
            },
        )
        self.assertNotIn("cid", await li_client.next(msgid=5))
        self.assertEqual(await sender.settled(), [])

    async def test_without_a_cid_none_is_told(self) -> None:
        li, sender = await self.user(device="phone")
        other, _ = await self.login(li, device="pad")
        await sender.ask(chat(li))
        self.assertNotIn("cid", await other.next(msgid=5))

    async def test_message_to_oneself_with_one_device_is_stored_and_not_pushed(self) -> None:
        li, client = await self.user(ack=True)
        reply = await client.ask(chat(li, "note"))
        self.assertEqual((reply["errno"], reply["seq"]), (0, 1))
        self.assertEqual(await client.settled(), [])
        (stored,) = (await client.ask(history(toid=li)))["messages"]
        self.assertEqual((stored["id"], stored["toid"], stored["msg"]), (li, li, "note"))
        await client.hang_up()
        _, again = await self.login_when_free(li, ack=True)
        self.assertEqual(again["pending"], 0)

    async def test_message_to_oneself_reaches_the_other_device_once(self) -> None:
        li, sender = await self.user(device="phone")
        other, _ = await self.login(li, device="pad")
        await sender.ask(chat(li, "note", cid="c"))
        push = await other.next(msgid=5)
        self.assertEqual((push["id"], push["toid"], push["cid"]), (li, li, "c"))
        self.assertEqual(await other.settled(), [])
        self.assertEqual(await sender.settled(), [])


class RefusalTests(ServerCase):
    settings = {"max_text": 10}

    async def refused(self, message: Json, errno: int, named: str = "") -> None:
        client = self.clients[0]
        reply = await client.ask(message)
        self.assert_errno(reply, errno)
        self.assertEqual(reply["re"], message["msgid"])
        self.assertIn(named, reply["errmsg"])

    async def test_nobody_has_the_id(self) -> None:
        li, client = await self.user()
        await self.refused(chat(NOBODY), 105)
        await self.refused(chat(li + 1), 105)
        self.assertEqual(self.sql("SELECT * FROM conversations"), [])
        later = self.add_account()
        self.assertEqual((await client.ask(chat(later)))["errno"], 0)

    async def test_wrong_addressees_are_refused_by_name(self) -> None:
        await self.user()
        for toid in (None, "1", 1.0, True, 0, -1, MAX_ID + 1, 2**70, [1]):
            await self.refused(chat(toid), 102, "toid")
        await self.refused({"msgid": 5, "to": "1", "msg": "x"}, 102, "to")
        await self.refused({"msgid": 5, "msg": "x"}, 102, "toid")

    async def test_wrong_texts_are_refused_by_name(self) -> None:
        li, _ = await self.user()
        for text in ("", "x" * 11, "😀" * 11, None, 5, ["x"], {"x": 1}):
            await self.refused(chat(li, text), 102, "msg")
            await self.refused(group_chat(1, text), 102, "msg")
        await self.refused({"msgid": 5, "toid": li}, 102, "msg")
        self.assertEqual(self.sql("SELECT * FROM messages"), [])

    async def test_longest_text_is_counted_in_code_points(self) -> None:
        li, client = await self.user()
        for text in ("x" * 10, "😀" * 10, "\0" * 10):
            self.assertEqual((await client.ask(chat(li, text)))["errno"], 0)

    async def test_logged_out_client_cannot_send(self) -> None:
        li = self.add_account()
        client = await self.connect()
        await self.refused(chat(li), 103)
        await self.refused(chat(NOBODY, ""), 103)
        await client.ask(login(li))
        self.assertEqual(self.sql("SELECT * FROM messages"), [])


class DefaultLimitTests(ServerCase):
    async def test_text_has_up_to_16384_characters(self) -> None:
        li, client = await self.user(device="phone")
        other, _ = await self.login(li, device="pad")
        for text in ("x" * 16384, "😀" * 16300):
            self.assertEqual((await client.ask(chat(li, text)))["errno"], 0)
            self.assertEqual((await other.next(msgid=5))["msg"], text)
        self.assert_errno(await client.ask(chat(li, "x" * 16385)), 102)
