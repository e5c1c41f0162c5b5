"""Reading back: ranges, limits, and whose conversations they may be."""

from __future__ import annotations

from tests.server.messages import (
    MAX_ID,
    NOBODY,
    add_group,
    chat,
    create_group,
    group_chat,
    history,
)
from tests.support.servers import ServerCase
from tests.support.wire import Json, WireClient


async def ask(client: WireClient, **fields: object) -> tuple[list[int], bool]:
    """The seqs of the messages, and whether there are more."""
    reply = await client.ask(history(**fields))
    assert reply["errno"] == 0, reply
    return [message["seq"] for message in reply["messages"]], reply["more"]


class RangeTests(ServerCase):
    async def written(self, count: int) -> tuple[int, WireClient]:
        """A conversation with oneself of so many messages: its id, and its only client."""
        li, client = await self.user()
        client.send(*(chat(li, f"{n}", req=n) for n in range(1, count + 1)))
        reply = await client.next(req=count)
        client.frames.clear()
        return int(reply["conv"]), client

    async def test_newest_of_the_range_oldest_first(self) -> None:
        conv, client = await self.written(10)
        self.assertEqual(await ask(client, conv=conv), ([*range(1, 11)], False))
        self.assertEqual(await ask(client, conv=conv, limit=3), ([8, 9, 10], True))
        self.assertEqual(await ask(client, conv=conv, limit=10), ([*range(1, 11)], False))
        self.assertEqual(await ask(client, conv=conv, limit=9), ([*range(2, 11)], True))

    async def test_before_is_exclusive(self) -> None:
        conv, client = await self.written(10)
        self.assertEqual(await ask(client, conv=conv, before=5), ([1, 2, 3, 4], False))
        self.assertEqual(await ask(client, conv=conv, before=5, limit=2), ([3, 4], True))
        self.assertEqual(await ask(client, conv=conv, before=11, limit=1), ([10], True))
        self.assertEqual(await ask(client, conv=conv, before=MAX_ID, limit=1), ([10], True))
        for before in (0, 1):
            self.assertEqual(await ask(client, conv=conv, before=before), ([], False))

    async def test_after_alone_begins_with_the_oldest(self) -> None:
        conv, client = await self.written(10)
        self.assertEqual(await ask(client, conv=conv, after=7), ([8, 9, 10], False))
        self.assertEqual(await ask(client, conv=conv, after=0, limit=2), ([1, 2], True))
        self.assertEqual(await ask(client, conv=conv, after=8, limit=2), ([9, 10], False))
        for after in (10, MAX_ID):
            self.assertEqual(await ask(client, conv=conv, after=after), ([], False))

    async def test_both_are_between_and_begin_with_the_newest(self) -> None:
        conv, client = await self.written(10)
        between = {"conv": conv, "after": 2, "before": 7}
        self.assertEqual(await ask(client, **between), ([3, 4, 5, 6], False))
        self.assertEqual(await ask(client, **between, limit=2), ([5, 6], True))
        self.assertEqual(await ask(client, conv=conv, after=4, before=5), ([], False))
        self.assertEqual(await ask(client, conv=conv, after=7, before=2), ([], False))

    async def test_limit_is_50_where_none_is_given_and_200_at_most(self) -> None:
        conv, client = await self.written(201)
        self.assertEqual(await ask(client, conv=conv), ([*range(152, 202)], True))
        self.assertEqual(await ask(client, conv=conv, limit=200), ([*range(2, 202)], True))
        self.assertEqual(await ask(client, conv=conv, after=0), ([*range(1, 51)], True))

    async def test_pages_in_both_directions_meet_all_messages_once(self) -> None:
        conv, client = await self.written(25)
        forth: list[int] = []
        more = True
        while more:
            page, more = await ask(client, conv=conv, after=len(forth), limit=7)
            forth += page
        back: list[int] = []
        more = True
        while more:
            page, more = await ask(client, conv=conv, before=(back or [26])[0], limit=7)
            back = page + back
        self.assertEqual((forth, back), ([*range(1, 26)], [*range(1, 26)]))

    async def test_wrong_fields_are_refused_by_name(self) -> None:
        conv, client = await self.written(1)
        for field, wrong in {
            "conv": (None, "1", 1.0, True, 0, -1, MAX_ID + 1),
            "toid": (None, "1", 0),
            "groupid": (None, "1", 0),
            "before": (None, "1", 1.0, -1, MAX_ID + 1, True),
            "after": (None, "1", 1.0, -1, MAX_ID + 1, True),
            "limit": (None, "1", 0, 201, -1, 5.0),
        }.items():
            for value in wrong:
                reply = await client.ask(history(**{"conv": conv, field: value}))
                self.assert_errno(reply, 102)
                self.assertIn(field, reply["errmsg"])
        self.assert_errno(await client.ask(history()), 102)


class ConversationTests(ServerCase):
    async def test_messages_are_as_they_were_pushed(self) -> None:
        li = self.add_account("li")
        sender, _ = await self.login(li, device="phone")
        pad, _ = await self.login(li, device="pad")
        wang, wang_client = await self.user("wang")
        group = (await sender.ask(create_group("tea")))["groupid"]
        await wang_client.ask(add_group(group))
        await sender.ask(chat(wang, "你好 \0", cid="c1"))
        await sender.ask(group_chat(group, "hi", cid="c2"))
        for client in (pad, wang_client):
            for by in ({"toid": wang if client is pad else li}, {"groupid": group}):
                push = await client.next()
                reply = await client.ask(history(**by))
                self.assertEqual(reply["messages"], [push])
                self.assertEqual(reply["conv"], push["conv"])

    async def test_conversation_is_named_by_conv_toid_or_groupid(self) -> None:
        li, client = await self.user()
        (wang, _), (zhao, _) = await self.user(), await self.user()
        group = (await client.ask(create_group("tea")))["groupid"]
        convs: list[tuple[Json, int]] = []
        for by, message in (
            ({"toid": wang}, chat(wang, "to wang")),
            ({"toid": zhao}, chat(zhao, "to zhao")),
            ({"toid": li}, chat(li, "to li")),
            ({"groupid": group}, group_chat(group, "to the group")),
        ):
            convs.append((by, (await client.ask(message))["conv"]))
        for by, conv in convs:
            by_name = await client.ask(history(**by))
            self.assertEqual(by_name, await client.ask(history(conv=conv)))
            self.assertEqual((by_name["conv"], len(by_name["messages"])), (conv, 1))

    async def test_user_never_written_to_has_an_empty_one_without_conv(self) -> None:
        li, client = await self.user()
        wang = self.add_account()
        for user in (li, wang):
            reply = await client.ask(history(toid=user, req=1))
            self.assertEqual(
                reply,
                {"msgid": 11, "re": 15, "req": 1, "errno": 0, "messages": [], "more": False},
            )
        self.assertEqual(self.sql("SELECT * FROM conversations"), [])

    async def test_group_without_messages_is_empty(self) -> None:
        _, client = await self.user()
        group = (await client.ask(create_group("tea")))["groupid"]
        self.assertEqual(await ask(client, groupid=group), ([], False))

    async def test_others_conversations_are_refused_existing_or_not(self) -> None:
        (_, li_client), (wang, wang_client) = await self.user(), await self.user()
        zhao = self.add_account()
        pair = (await wang_client.ask(chat(zhao)))["conv"]
        group = (await wang_client.ask(create_group("tea")))["groupid"]
        in_group = (await wang_client.ask(group_chat(group)))["conv"]
        own = (await wang_client.ask(chat(wang)))["conv"]
        replies = [
            await li_client.ask(history(conv=conv))
            for conv in (pair, in_group, own, own + 1, NOBODY, MAX_ID)
        ]
        for reply in replies:
            self.assert_errno(reply, 107)
            self.assertEqual(reply, replies[0])

    async def test_nobody_and_no_group(self) -> None:
        _, client = await self.user()
        self.assert_errno(await client.ask(history(toid=NOBODY)), 105)
        self.assert_errno(await client.ask(history(groupid=NOBODY)), 106)
