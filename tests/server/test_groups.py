"""Groups: creating, joining, and who gets what is sent to them."""

from __future__ import annotations

from tests.server.messages import (
    MAX_ID,
    NOBODY,
    add_group,
    create_group,
    group_chat,
    history,
    login,
    loginout,
)
from tests.support.servers import ServerCase
from tests.support.wire import WireClient


async def texts(client: WireClient) -> list[str]:
    """The group messages that have come, in their order."""
    return [frame["msg"] for frame in await client.settled() if frame["msgid"] == 9]


class CreationTests(ServerCase):
    async def test_creator_is_told_the_id_and_is_a_member(self) -> None:
        li, client = await self.user("li")
        reply = await client.ask(create_group("tea", groupdesc="green", req="g"))
        group = reply.pop("groupid")
        self.assertEqual(reply, {"msgid": 11, "re": 7, "req": "g", "errno": 0})
        await client.ask(loginout())
        again = await client.ask(login(li))
        self.assertEqual(
            again["groups"],
            [
                {
                    "id": group,
                    "groupname": "tea",
                    "groupdesc": "green",
                    "users": [{"id": li, "name": "li", "state": "online", "role": "creator"}],
                }
            ],
        )

    async def test_description_may_be_left_out_and_holds_any_text(self) -> None:
        li, client = await self.user()
        descriptions = ["", "😀" * 200, " \0\n\u202e'; DROP TABLE chat_groups; -- "]
        await client.ask(create_group("0"))
        for number, description in enumerate(descriptions[1:], 1):
            reply = await client.ask(create_group(str(number), groupdesc=description))
            self.assertEqual(reply["errno"], 0)
        _, reply = await self.login(li, device="pad")
        self.assertEqual([group["groupdesc"] for group in reply["groups"]], descriptions)

    async def test_names_follow_the_rules_of_account_names(self) -> None:
        _, client = await self.user()
        for name in ("tea 'time' \"; --", "茶" * 50, "😀" * 50):
            self.assertEqual((await client.ask(create_group(name)))["errno"], 0)
        for wrong in ("", "x" * 51, " tea", "tea\u3000", "t\0ea", "te\u202ea", None, 5, ["tea"]):
            reply = await client.ask(create_group(wrong))
            self.assert_errno(reply, 102)
            self.assertIn("groupname", reply["errmsg"])
        self.assert_errno(await client.ask({"msgid": 7}), 102)

    async def test_wrong_descriptions_are_refused(self) -> None:
        _, client = await self.user()
        for wrong in ("x" * 201, None, 5, ["x"]):
            reply = await client.ask(create_group("tea", groupdesc=wrong))
            self.assert_errno(reply, 102)
            self.assertIn("groupdesc", reply["errmsg"])

    async def test_taken_name_is_refused(self) -> None:
        (_, li_client), (_, wang_client) = await self.user(), await self.user()
        await li_client.ask(create_group("tea"))
        for client in (li_client, wang_client):
            reply = await client.ask(create_group("tea"))
            self.assert_errno(reply, 112)
            self.assertNotIn("groupid", reply)
        self.assertEqual((await wang_client.ask(create_group("Tea")))["errno"], 0)

    async def test_one_of_those_who_race_for_a_name_gets_it(self) -> None:
        clients = [(await self.user())[1] for _ in range(3)]
        for client in clients:
            client.send(create_group("tea"))
        replies = [await client.next(msgid=11) for client in clients]
        self.assertEqual(sorted(reply["errno"] for reply in replies), [0, 112, 112])
        self.assertEqual(len(self.sql("SELECT * FROM members")), 1)


class MemberTests(ServerCase):
    async def test_message_goes_to_every_member_but_the_sender(self) -> None:
        _, li_client = await self.user("li")
        wang, zhao = self.add_account("wang"), self.add_account("zhao")
        wang_client, _ = await self.login(wang, device="phone")
        wang_pad, _ = await self.login(wang, device="pad")
        zhao_client, _ = await self.login(zhao)
        _, outsider = await self.user()
        group = (await li_client.ask(create_group("tea")))["groupid"]
        for client in (wang_client, zhao_client):
            await client.ask(add_group(group))
        reply = await wang_client.ask(group_chat(group, "hello", cid="c"))
        push = await li_client.next(msgid=9)
        self.assertEqual(
            push,
            {
                "msgid": 9,
                "id": wang,
                "name": "wang",
                "groupid": group,
                "msg": "hello",
                "time": reply["time"],
                "conv": reply["conv"],
                "seq": 1,
            },
        )
        self.assertEqual(await zhao_client.next(msgid=9), push)
        self.assertEqual(await wang_pad.next(msgid=9), {**push, "cid": "c"})
        for client in (wang_client, outsider):
            self.assertEqual(await client.settled(), [])

    async def test_all_members_share_one_row_of_seqs(self) -> None:
        _, li_client = await self.user()
        _, wang_client = await self.user()
        group = (await li_client.ask(create_group("tea")))["groupid"]
        await wang_client.ask(add_group(group))
        replies = [
            await client.ask(group_chat(group)) for client in (li_client, wang_client, li_client)
        ]
        self.assertEqual([reply["seq"] for reply in replies], [1, 2, 3])
        self.assertEqual(len({reply["conv"] for reply in replies}), 1)

    async def test_sender_in_a_group_is_who_is_logged_in(self) -> None:
        li, li_client = await self.user("li")
        _, wang_client = await self.user()
        group = (await li_client.ask(create_group("tea")))["groupid"]
        await wang_client.ask(add_group(group))
        await li_client.ask(group_chat(group, id=1000, name="boss", time="never"))
        push = await wang_client.next(msgid=9)
        self.assertEqual((push["id"], push["name"]), (li, "li"))

    async def test_joining_is_for_all_devices_of_the_account(self) -> None:
        _, li_client = await self.user()
        wang = self.add_account()
        phone, _ = await self.login(wang, device="phone")
        pad, _ = await self.login(wang, device="pad")
        group = (await li_client.ask(create_group("tea")))["groupid"]
        await phone.ask(add_group(group))
        await li_client.ask(group_chat(group, "one"))
        for client in (phone, pad):
            self.assertEqual((await client.next(msgid=9))["msg"], "one")
        self.assertEqual((await pad.ask(group_chat(group, "two")))["errno"], 0)

    async def test_what_was_said_before_joining_is_not_the_new_members(self) -> None:
        _, li_client = await self.user()
        wang, wang_client = await self.user(device="phone")
        group = (await li_client.ask(create_group("tea")))["groupid"]
        for text in ("one", "two"):
            conv = (await li_client.ask(group_chat(group, text)))["conv"]
        reply = await wang_client.ask(add_group(group, req=1))
        self.assertEqual((reply["errno"], reply["req"]), (0, 1))
        await li_client.ask(group_chat(group, "three"))
        self.assertEqual(await texts(wang_client), ["three"])
        pad, login_reply = await self.login(wang, device="pad", ack=True)
        self.assertEqual(login_reply["pending"], 0)
        for by in ({"conv": conv}, {"groupid": group}, {"conv": conv, "after": 0}):
            reply = await pad.ask(history(**by))
            self.assertEqual([m["msg"] for m in reply["messages"]], ["three"])
            self.assertIs(reply["more"], False)

    async def test_members_that_are_away_get_it_later(self) -> None:
        _, li_client = await self.user()
        wang, wang_client = await self.user(device="phone")
        group = (await li_client.ask(create_group("tea")))["groupid"]
        await li_client.ask(group_chat(group, "too early"))
        await wang_client.ask(add_group(group))
        await wang_client.hang_up()
        await li_client.ask(group_chat(group, "one"))
        await li_client.ask(group_chat(group, "two"))
        client, reply = await self.login(wang, device="phone")
        self.assertEqual(reply["pending"], 2)
        self.assertEqual([(await client.next(msgid=9))["msg"] for _ in range(2)], ["one", "two"])


class RefusalTests(ServerCase):
    async def test_group_that_does_not_exist(self) -> None:
        _, client = await self.user()
        for group in (1, NOBODY, MAX_ID):
            for message in (add_group(group), group_chat(group), history(groupid=group)):
                self.assert_errno(await client.ask(message), 106)

    async def test_outsider_is_told_that_it_is_not_a_member(self) -> None:
        (_, li_client), (_, wang_client) = await self.user(), await self.user()
        reply = await li_client.ask(create_group("tea"))
        group = reply["groupid"]
        for message in (group_chat(group), history(groupid=group)):
            self.assert_errno(await wang_client.ask(message), 107)
        self.assertEqual(await li_client.settled(), [])
        self.assertEqual(self.sql("SELECT * FROM messages"), [])

    async def test_member_cannot_join_again(self) -> None:
        (_, li_client), (_, wang_client) = await self.user(), await self.user()
        group = (await li_client.ask(create_group("tea")))["groupid"]
        self.assert_errno(await li_client.ask(add_group(group)), 112)
        await wang_client.ask(add_group(group))
        await li_client.ask(group_chat(group, "kept"))
        self.assert_errno(await wang_client.ask(add_group(group)), 112)
        reply = await wang_client.ask(history(groupid=group))
        self.assertEqual([message["msg"] for message in reply["messages"]], ["kept"])

    async def test_wrong_ids_are_refused_by_name(self) -> None:
        _, client = await self.user()
        for wrong in (None, "1", 1.0, True, 0, -1, MAX_ID + 1):
            for message in (add_group(wrong), group_chat(wrong)):
                reply = await client.ask(message)
                self.assert_errno(reply, 102)
                self.assertIn("groupid", reply["errmsg"])
