"""The C++ client's side of the protocol, byte for byte as that client sends it."""

from __future__ import annotations

import json
import re
from typing import Any

from twisted.internet import reactor

from tests.support.servers import PASSWORD, ServerCase
from tests.support.wire import Json, WireClient

LONGEST = 1024  # what one recv of the C++ client takes, the NUL counted


class ClassicCase(ServerCase):
    """Clients that speak the classic dialect."""

    # Longer than by default, so that a machine with other work reads the frames one by one, too.
    settings = {"classic_gap": 0.03}

    async def classic(self) -> WireClient:
        return await self.connect(terminator=b"\0")

    async def classic_login(self, account: int) -> tuple[WireClient, Json]:
        client = await self.classic()
        client.send_bytes(b'{"id":%d,"msgid":1,"password":"secret"}\0' % account)
        return client, await client.next(msgid=2)

    def assert_reads_fit(self, client: WireClient) -> None:
        """Each read of the socket was one frame, as the C++ client needs it."""
        for read in client.reads:
            self.assertLessEqual(len(read), LONGEST)
            self.assertTrue(read.endswith(b"\0"), read)
            self.assertEqual(read.count(b"\0"), 1, read)


class BytesTests(ClassicCase):
    """Whole exchanges, compared as bytes."""

    async def test_registration(self) -> None:
        client = await self.classic()
        client.send_bytes(b'{"msgid":3,"name":"zhang san","password":"123456"}\0')
        await client.next(msgid=4)
        self.assertEqual(b"".join(client.reads), b'{"msgid":4,"errno":0,"id":1}\0')

    async def test_refused_registration_says_why(self) -> None:
        await self.register("zhang san")
        client = await self.classic()
        client.send_bytes(b'{"msgid":3,"name":"zhang san","password":"123456"}\0')
        reply = await client.next(msgid=4)
        self.assertEqual(reply["errno"], 1)
        self.assertIn("zhang san", reply["errmsg"])

    async def test_first_login_leaves_out_what_is_empty(self) -> None:
        account = await self.register("zhang san")
        client, _ = await self.classic_login(account)
        self.assertEqual(
            b"".join(client.reads),
            b'{"msgid":2,"errno":0,"id":%d,"name":"zhang san"}\0' % account,
        )

    async def test_refused_login_has_errno_and_errmsg(self) -> None:
        account = await self.register()
        client = await self.classic()
        client.send_bytes(b'{"id":%d,"msgid":1,"password":"wrong"}\0' % account)
        await client.next(msgid=2)
        self.assertEqual(
            b"".join(client.reads),
            b'{"msgid":2,"errno":1,"errmsg":"wrong id, name or password"}\0',
        )

    async def test_second_login_of_the_account_is_refused_with_2(self) -> None:
        account = await self.register()
        await self.classic_login(account)
        _, reply = await self.classic_login(account)
        self.assertEqual(reply["errno"], 2)
        self.assertTrue(reply["errmsg"])

    async def test_login_reply_nests_strings_as_the_client_parses_them(self) -> None:
        zhang = await self.register("zhang san")
        li, li_client = await self.user("li")
        group = (await li_client.ask({"msgid": 7, "groupname": "g", "groupdesc": "d"}))["groupid"]
        client, _ = await self.classic_login(zhang)
        client.send_bytes(b'{"friendid":%d,"id":%d,"msgid":6}\0' % (li, zhang))
        client.send_bytes(b'{"groupid":%d,"id":%d,"msgid":8}\0' % (group, zhang))
        client.send_bytes(b'{"id":%d,"msgid":10}\0' % zhang)
        client.send_bytes(b'{"id":%d,"msgid":1,"password":"secret"}\0' % zhang)
        await client.next(msgid=2)
        friend = f'{{\\"id\\":{li},\\"name\\":\\"li\\",\\"state\\":\\"online\\"}}'

        def user(id: int, name: str, role: str) -> str:
            quote = '\\\\\\"'
            fields = (
                f"{quote}id{quote}:{id},{quote}name{quote}:{quote}{name}{quote},"
                f"{quote}state{quote}:{quote}online{quote},{quote}role{quote}:{quote}{role}{quote}"
            )
            return f'\\"{{{fields}}}\\"'

        users = f"{user(zhang, 'zhang san', 'normal')},{user(li, 'li', 'creator')}"
        group_text = (
            f'{{\\"id\\":{group},\\"groupname\\":\\"g\\",\\"groupdesc\\":\\"d\\",'
            f'\\"users\\":[{users}]}}'
        )
        self.assertEqual(
            client.reads[-1].decode(),
            f'{{"msgid":2,"errno":0,"id":{zhang},"name":"zhang san",'
            f'"friends":["{friend}"],"groups":["{group_text}"]}}\0',
        )

    async def test_chat_between_two_classic_clients(self) -> None:
        zhang, li = await self.register("zhang san"), await self.register("li")
        zhang_client, _ = await self.classic_login(zhang)
        li_client, _ = await self.classic_login(li)
        zhang_client.send_bytes(
            b'{"id":%d,"msg":"hello","msgid":5,"name":"zhang san",'
            b'"time":"2026-11-23 03:45:12","toid":%d}\0' % (zhang, li)
        )
        await li_client.next(msgid=5)
        self.assertRegex(
            li_client.reads[-1].decode(),
            rf'^{{"msgid":5,"id":{zhang},"name":"zhang san","toid":{li},"msg":"hello",'
            r'"time":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d","conv":1,"seq":1}' + "\0$",
        )

    async def test_create_group_and_group_chat_without_terminators(self) -> None:
        zhang = await self.register("zhang san")
        _li, li_client = await self.user("li")
        client, _ = await self.classic_login(zhang)
        client.send_bytes(b'{"groupdesc":"d","groupname":"g","id":%d,"msgid":7}' % zhang)
        await self.until(lambda: li_client.ask({"msgid": 8, "groupid": 1}))
        client.send_bytes(
            b'{"groupid":1,"id":%d,"msg":"hi","msgid":9,"name":"zhang san","time":"x"}' % zhang
        )
        push = await li_client.next(msgid=9)
        self.assertEqual((push["id"], push["groupid"], push["msg"]), (zhang, 1, "hi"))
        self.assertEqual(len(client.reads), 1, "nothing but the login was answered")

    async def until(self, ask: Any) -> Json:
        """Ask again and again until it is not refused."""
        for _ in range(100):
            reply: Json = await ask()
            if reply["errno"] == 0:
                return reply
        raise AssertionError(reply)


class FramingTests(ClassicCase):
    async def test_login_that_comes_byte_by_byte(self) -> None:
        account = await self.register()
        client = await self.classic()
        login = b'{"id":%d,"msgid":1,"password":"secret"}\0' % account
        for at in range(len(login)):
            client.send_bytes(login[at : at + 1])
            if at % 5 == 0:
                await client.quiet(0.001)
        self.assertEqual((await client.next(msgid=2))["errno"], 0)

    async def test_pipelined_requests_all_count(self) -> None:
        zhang = await self.register("zhang san")
        li, li_client = await self.user("li")
        client = await self.classic()
        chats = b"".join(
            b'{"id":%d,"msg":"%d","msgid":5,"name":"zhang san","time":"","toid":%d}\0'
            % (zhang, number, li)
            for number in range(100)
        )
        client.send_bytes(b'{"id":%d,"msgid":1,"password":"secret"}\0' % zhang + chats)
        texts = [(await li_client.next(msgid=5))["msg"] for _ in range(100)]
        self.assertEqual(texts, [str(number) for number in range(100)])

    async def test_rubbish_is_answered_with_silence_and_the_connection_stays(self) -> None:
        account = await self.register()
        client, _ = await self.classic_login(account)
        for rubbish in (b"rubbish\0", b'{"msgid":99}\0', b'{"msgid":5}\0', b"[]\0", b"{]\0\0 \n\0"):
            client.send_bytes(rubbish)
        client.send_bytes(b'{"id":%d,"msgid":10}\0' % account)
        client.send_bytes(b'{"id":%d,"msgid":1,"password":"secret"}\0' % account)
        self.assertEqual((await client.next(msgid=2))["errno"], 0)
        self.assertEqual(len(client.reads), 2)

    async def test_too_long_a_frame_closes_without_a_word(self) -> None:
        account = await self.register()
        client, _ = await self.classic_login(account)
        client.send_bytes(b'{"id":1,"msg":"' + b"x" * 70_000)
        await client.closed
        self.assertEqual(len(client.reads), 1)

    async def test_request_that_is_refused_at_login_keeps_to_login_acks(self) -> None:
        client = await self.classic()
        client.send_bytes(b'{"msgid":1,"password":"x"}\0')
        self.assertEqual((await client.next(msgid=2))["errno"], 102)
        client.send_bytes(b'{"msgid":3,"name":"","password":"x"}\0')
        self.assertEqual((await client.next(msgid=4))["errno"], 102)


class DeliveryTests(ClassicCase):
    async def test_each_frame_is_a_read_of_its_own(self) -> None:
        zhang = await self.register("zhang san")
        _li, li_client = await self.user("li")
        client, _ = await self.classic_login(zhang)
        li_client.send(*({"msgid": 5, "toid": zhang, "msg": str(n)} for n in range(40)))
        texts = [(await client.next(msgid=5))["msg"] for _ in range(40)]
        self.assertEqual(texts, [str(n) for n in range(40)])
        self.assert_reads_fit(client)

    async def test_missed_messages_come_in_the_reply_and_behind_it(self) -> None:
        zhang = await self.register("zhang san")
        li, li_client = await self.user("li")
        for number in range(30):
            await li_client.ask({"msgid": 5, "toid": zhang, "msg": f"message {number}"})
        client, reply = await self.classic_login(zhang)
        in_reply = [json.loads(text) for text in reply["offlinemsg"]]
        behind = [await client.next(msgid=5) for _ in range(30 - len(in_reply))]
        self.assertGreater(len(in_reply), 3)
        self.assertGreater(len(behind), 3)
        self.assertEqual(
            [one["msg"] for one in in_reply + behind], [f"message {n}" for n in range(30)]
        )
        for one in in_reply:
            self.assertEqual((one["msgid"], one["id"], one["name"]), (5, li, "li"))
            self.assertTrue(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", one["time"]))
        self.assert_reads_fit(client)

    async def test_missed_messages_come_once(self) -> None:
        zhang = await self.register("zhang san")
        _, li_client = await self.user("li")
        await li_client.ask({"msgid": 5, "toid": zhang, "msg": "once"})
        client, reply = await self.classic_login(zhang)
        self.assertEqual(len(reply["offlinemsg"]), 1)
        await client.hang_up()
        client, reply = await self.until_free(zhang)
        self.assertNotIn("offlinemsg", reply)
        self.assertEqual(await client.quiet(), [])

    async def test_long_text_comes_in_parts_and_is_stored_whole(self) -> None:
        zhang = await self.register("zhang san")
        _li, li_client = await self.user("li")
        client, _ = await self.classic_login(zhang)
        text = '你好😀"\\\n\u0000' * 400
        sent = await li_client.ask({"msgid": 5, "toid": zhang, "msg": text})
        parts: list[str] = []
        while sum(map(len, parts)) < len(text):
            part = await client.next(msgid=5)
            self.assertEqual(part["seq"], sent["seq"])
            parts.append(part["msg"])
        self.assertEqual("".join(parts), text)
        self.assertGreater(len(parts), 5)
        self.assert_reads_fit(client)
        history = await li_client.ask({"msgid": 15, "toid": zhang})
        self.assertEqual(history["messages"][0]["msg"], text)

    async def test_login_reply_of_a_popular_user_is_shortened(self) -> None:
        zhang = await self.register("zhang san")
        _, client = await self.user("creator")
        for number in range(8):
            group = await client.ask(
                {"msgid": 7, "groupname": f"group {number}", "groupdesc": "d" * 60}
            )
            joiner, _ = await self.login(zhang, device=f"d{number}")
            await joiner.ask({"msgid": 8, "groupid": group["groupid"]})
            await joiner.hang_up()
        classic, reply = await self.classic_login(zhang)
        self.assert_reads_fit(classic)
        groups = [json.loads(text) for text in reply["groups"]]
        self.assertGreater(len(groups), 2)
        self.assertEqual(
            [one["groupname"] for one in groups], [f"group {n}" for n in range(len(groups))]
        )
        self.assertTrue(all(isinstance(one["users"], list) for one in groups))

    async def test_no_event_comes_but_chats(self) -> None:
        zhang = await self.register("zhang san")
        li = await self.register("li")
        client, _ = await self.classic_login(zhang)
        client.send_bytes(b'{"friendid":%d,"id":%d,"msgid":6}\0' % (li, zhang))
        client.send_bytes(b'{"msgid":13,"t":1}\0{"msgid":15,"toid":%d}\0' % li)
        li_client, _ = await self.login(li)
        li_client.send({"msgid": 18, "toid": zhang, "data": 1})
        await li_client.ask({"msgid": 5, "toid": zhang, "msg": "last"})
        await client.next(msgid=5)
        self.assertEqual(client.frames, [])

    async def test_wrong_login_in_between_does_not_mix_with_chats(self) -> None:
        """Between a request 1 and its reply nothing else may come."""
        zhang = await self.register("zhang san")
        _, li_client = await self.user("li")
        client, _ = await self.classic_login(zhang)
        for number in range(20):
            li_client.send({"msgid": 5, "toid": zhang, "msg": str(number)})
            client.send_bytes(b'{"id":%d,"msgid":1,"password":"secret"}\0' % zhang)
            self.assertEqual((await client.next(msgid=2))["errno"], 104)
        texts = [(await client.next(msgid=5))["msg"] for _ in range(20)]
        self.assertEqual(texts, [str(number) for number in range(20)])
        self.assert_reads_fit(client)

    async def until_free(self, account: int) -> tuple[WireClient, Json]:
        """Log in as soon as the place is free, which it is soon after a close."""
        deadline = reactor.seconds() + 2.0
        while True:
            client, reply = await self.classic_login(account)
            if reply["errno"] == 0 or reactor.seconds() > deadline:
                self.assertEqual(reply["errno"], 0, reply)
                return client, reply
            await client.hang_up()


class RateTests(ClassicCase):
    settings = {**ClassicCase.settings, "rate": 50.0, "burst": 5}

    async def test_classic_over_the_rate_waits_instead_of_being_refused(self) -> None:
        zhang = await self.register("zhang san")
        li, li_client = await self.user("li", device="pc")
        client, _ = await self.classic_login(zhang)
        for number in range(20):
            client.send_bytes(b'{"msg":"%d","msgid":5,"toid":%d}\0' % (number, li))
        texts = [(await li_client.next(msgid=5))["msg"] for _ in range(20)]
        self.assertEqual(texts, [str(number) for number in range(20)])


assert PASSWORD == "secret", "the byte strings above have it"
