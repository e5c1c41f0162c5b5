"""Ids, cids, tokens and device names of others: they do nothing, and tell nothing."""

from __future__ import annotations

from typing import Any

from tests.server.messages import (
    NOBODY,
    ack,
    by_token,
    chat,
    create_group,
    group_chat,
    history,
    loginout,
    signal,
)
from tests.store.statements import Recording
from tests.support.servers import ServerCase
from tests.support.wire import Json, WireClient

TABLES = (
    "accounts", "devices", "tokens", "friends", "conversations", "chat_groups", "members",
    "messages", "cursors",
)  # fmt: skip


class OthersTests(ServerCase):
    """Li and Wang have a conversation and a group; Mallory is in neither."""

    def start(self, **settings: Any) -> None:
        super().start(**settings)
        node: Any = self.server._node
        self.node = node
        database = node.store._database
        self.engine = database._engine = Recording(database._engine)

    async def everybody(self) -> None:
        self.li, self.li_client = await self.user("li", device="phone", ack=True)
        self.wang, self.wang_client = await self.user("wang", device="phone", ack=True)
        self.mallory, self.client = await self.user("mallory", device="phone")
        self.conv = (await self.li_client.ask(chat(self.wang, "a secret", cid="cid")))["conv"]
        made = await self.li_client.ask(create_group("secret plans", groupdesc="a secret"))
        self.group = made["groupid"]
        await self.wang_client.ask({"msgid": 8, "groupid": self.group})
        sent = await self.li_client.ask(group_chat(self.group, "a secret"))
        self.group_conv = sent["conv"]
        for client in (self.li_client, self.wang_client):
            await client.settled()
            client.frames.clear()
        seen = -1
        while seen != len(self.engine.transactions):  # until what a join leads to has been read
            seen = len(self.engine.transactions)
            await self.client.quiet(0.1)

    async def everything(self) -> dict[str, list[Any]]:
        """All that is in the database."""
        await self.node.flush_cursors()
        return {table: self.sql(f"SELECT * FROM {table}") for table in TABLES}

    async def answer(self, request: Json) -> tuple[bytes, list[str]]:
        """The bytes that Mallory gets, and the statements that it took."""
        self.client.reads.clear()
        self.engine.transactions.clear()
        await self.client.ask(request)
        statements = [one.sql for each in self.engine.transactions for one in each]
        return b"".join(self.client.reads), statements

    async def assert_nothing_came(self) -> None:
        for client in (self.li_client, self.wang_client):
            self.assertEqual(await client.settled(), [])

    async def test_conversations_of_others_are_as_if_there_were_none(self) -> None:
        await self.everybody()
        before = await self.everything()
        for conv in (self.conv, self.group_conv):
            for request in (ack(conv, 1), history(conv=conv), history(conv=conv, before=9)):
                nothing = {**request, "conv": NOBODY}
                self.assertEqual(await self.answer(request), await self.answer(nothing))
                # Not the second time either, when something might be in a cache.
                self.assertEqual(await self.answer(request), await self.answer(nothing))
                self.assertEqual(len((await self.answer(request))[1]), 1)
        self.assertEqual(await self.everything(), before)
        await self.assert_nothing_came()

    async def test_groups_of_others_take_nothing_and_show_nothing(self) -> None:
        """That there is a group is no secret: anybody may join it."""
        await self.everybody()
        before = await self.everything()
        g = self.group
        for request in (history(groupid=g), group_chat(g, "hi"), signal(groupid=g)):
            self.client.send(request)
            reply = await self.client.next(msgid=11)
            self.assert_errno(reply, 107)
            self.assertEqual(set(reply), {"msgid", "re", "errno", "errmsg"})
            self.assertNotIn("secret", str(reply))
            self.client.send({**request, "groupid": NOBODY})
            self.assert_errno(await self.client.next(msgid=11), 106)
        self.assertEqual(await self.everything(), before)
        await self.assert_nothing_came()

    async def test_what_was_said_before_one_joined_stays_unknown(self) -> None:
        await self.everybody()
        await self.client.ask({"msgid": 8, "groupid": self.group})
        for request in (
            history(groupid=self.group),
            history(conv=self.group_conv, after=0),
            history(conv=self.group_conv, before=2),
        ):
            reply = await self.client.ask(request)
            self.assertEqual((reply["messages"], reply["more"]), ([], False))

    async def test_history_with_a_user_is_ones_own(self) -> None:
        await self.everybody()
        for other in (self.li, self.wang):
            reply = await self.client.ask(history(toid=other))
            self.assertEqual((reply["messages"], reply["more"]), ([], False))
            self.assertNotIn("conv", reply)

    async def test_cids_of_others_are_free(self) -> None:
        await self.everybody()
        for text in ("a secret", "something else"):
            first = await self.client.ask(chat(self.wang, text, cid=f"cid{text[:1]}"))
            self.assertEqual(first["errno"], 0)
        reply = await self.client.ask(chat(self.wang, "a secret", cid="cid"))
        self.assertEqual((reply["errno"], reply.get("dup")), (0, None))
        self.assertNotEqual(reply["conv"], self.conv)
        again = await self.li_client.ask(chat(self.wang, "a secret", cid="cid"))
        self.assertEqual((again["conv"], again["dup"]), (self.conv, True))

    async def test_cids_that_the_server_made_can_not_be_hit(self) -> None:
        await self.everybody()
        [(made,)] = self.sql("SELECT cid FROM messages WHERE conversation = ?", self.group_conv)
        for cid in (made, made[1:], f"={made[1:]}"):
            reply = await self.li_client.ask(group_chat(self.group, "a secret", cid=cid[:64]))
            self.assertEqual((reply["errno"], reply.get("dup")), (0, None))

    async def test_others_as_the_sender_are_ignored(self) -> None:
        await self.everybody()
        forged = chat(self.wang, "hi", id=self.li, name="li", time="x", sender=self.li, conv=1)
        await self.client.ask(forged)
        push = await self.wang_client.next(msgid=5)
        self.assertEqual((push["id"], push["name"]), (self.mallory, "mallory"))

    async def test_devices_of_the_same_name_are_not_the_same(self) -> None:
        await self.everybody()
        before = self.sql("SELECT hash FROM tokens WHERE device IN (1, 2)")
        await self.client.ask(loginout())
        again, _ = await self.login(self.mallory, device="phone")
        self.assertEqual(self.sql("SELECT hash FROM tokens WHERE device IN (1, 2)"), before)
        self.assertEqual(len(before), 2)
        self.assertEqual(await again.settled(), [])
        await self.assert_nothing_came()

    async def test_a_token_is_good_for_its_device_only_and_lasts_no_longer_for_trying(
        self,
    ) -> None:
        await self.everybody()
        other, reply = await self.login(self.li, device="laptop")
        before = self.sql("SELECT * FROM tokens")
        client = await self.connect()
        for device in ("phone", "x", " "):
            self.assert_errno(await client.ask(by_token(reply["token"], device=device)), 1)
        self.assertEqual(self.sql("SELECT * FROM tokens"), before)
        await self.assert_nothing_came()
        self.assertEqual(await other.settled(), [])

    async def test_a_token_names_its_account_whatever_else_is_asked(self) -> None:
        await self.everybody()
        _, reply = await self.login(self.mallory, device="laptop")
        client: WireClient = await self.connect()
        entered = await client.ask(
            by_token(reply["token"], id=self.li, name="li", password="secret")
        )
        self.assertEqual((entered["errno"], entered["id"]), (0, self.mallory))

    async def test_acknowledging_for_others_moves_nothing(self) -> None:
        await self.everybody()
        before = await self.everything()
        for conv in (self.conv, self.group_conv):
            self.assert_errno(await self.client.ask(ack(conv, 2**53 - 1)), 107)
        self.assertEqual(await self.everything(), before)
        _, reply = await self.login(self.wang, device="phone", ack=True)
        self.assertEqual(reply["pending"], 2)
