"""Refusals: the rows of the errno table that concern any request, and the order of the checks."""

from __future__ import annotations

from tests.server.messages import (
    NOBODY,
    add_friend,
    add_group,
    chat,
    create_group,
    group_chat,
    history,
    login,
    loginout,
    ping,
    register,
    signal,
)
from tests.support.servers import ServerCase
from tests.support.wire import Json

MALFORMED = (
    b"GET / HTTP/1.1",
    b"hello",
    b"{",
    b"}",
    b"{}{}",
    b'{"msgid":13} {"msgid":13}',
    b'{"msgid":13}x',
    b'[{"msgid":13}]',
    b'"msgid"',
    b"13",
    b"null",
    b"true",
    b"{'msgid':13}",
    b'{"msgid":13,}',
    b'{"msgid":13 "t":1}',
    b"{msgid:13}",
    b'{"msgid":13,"t":01}',
    b'{"msgid":13,"t":"a\tb"}',
    b'{"msgid":13,"t":"\0"}',
    b'{"msgid":13,"t":"\\x41"}',
    b'{"msgid":13}\0',
    b'\xef\xbb\xbf{"msgid":13}',
    b'{"msgid":13,"t":"\xff"}',
    b'{"msgid":13,"t":"\xc0\xaf"}',
    b'{"msgid":13,"t":"\xed\xa0\x80"}',
    b'{"msgid":13,"unknown":"\xff"}',
    b'{"msgid":13,"\xff":1}',
    b'{"msgid":13,"t":"\\ud800"}',
    b'{"msgid":13,"unknown":"\\udc00\\ud800"}',
    b'{"msgid":13,"t":NaN}',
    b'{"msgid":13,"t":Infinity}',
    b'{"msgid":13,"t":-Infinity}',
    b'{"msgid":13,"t":1e999}',
    b'{"msgid":13,"t":' + b"9" * 10_000 + b"}",
    b'{"msgid":13,"t":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    b'{"msgid":13,"unknown":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
    bytes(range(1, 10)) + bytes(range(11, 256)),
)
MALFORMED_REPLY = {"msgid", "errno", "errmsg"}


class MalformedTests(ServerCase):
    async def test_each_is_told_without_re_and_the_connection_stays(self) -> None:
        _, client = await self.user()
        for frame in MALFORMED:
            client.send_bytes(frame + b"\n")
            reply = await client.next(msgid=11)
            self.assert_errno(reply, 100)
            self.assertEqual(set(reply), MALFORMED_REPLY, frame[:60])
        self.assertEqual((await client.ask(create_group("still logged in")))["errno"], 0)

    async def test_first_frame_of_a_connection_may_be_rubbish(self) -> None:
        client = await self.connect()
        client.send_bytes(b"GET / HTTP/1.1\r\nHost: chat\r\n\r\n")
        for _ in range(2):
            self.assert_errno(await client.next(msgid=11), 100)
        self.assertEqual(await client.settled(), [])

    async def test_no_depth_of_nesting_is_too_much_for_the_server(self) -> None:
        li, client = await self.user()
        for depth in range(860, 1000):
            nested = b"[" * depth + b"]" * depth
            client.send_bytes(b'{"msgid":18,"toid":%d,"data":%s}\n' % (li, nested))
        await client.ask(loginout())
        self.assertGreater(len(client.frames), 0)
        for reply in client.frames:
            self.assert_errno(reply, 100)
            self.assertEqual(set(reply), MALFORMED_REPLY)


class MsgidTests(ServerCase):
    async def test_integers_that_no_client_message_has(self) -> None:
        _, client = await self.user()
        other = await self.connect()
        for asked in (client, other):
            for msgid in (2, 4, 11, 16, 17, 19, 0, -1, 1000, 2**53 - 1):
                asked.send({"msgid": msgid, "req": "r"})
                reply = await asked.next(msgid=11)
                self.assert_errno(reply, 101)
                self.assertEqual((reply["re"], reply["req"]), (msgid, "r"))

    async def test_msgid_that_is_no_integer(self) -> None:
        client = await self.connect()
        messages: list[Json] = [{}, {"req": "r"}, {"msg": "hello"}]
        wrong: list[object] = [None, "13", 13.0, 13.5, True, [13], {"msgid": 13}]
        messages += [{"msgid": msgid} for msgid in wrong]
        for message in messages:
            client.send(message)
            reply = await client.next(msgid=11)
            self.assert_errno(reply, 102)
            self.assertIn("msgid", reply["errmsg"])
            self.assertEqual(reply.get("req"), message.get("req"))
            self.assertNotIn("re", reply)


class ReqTests(ServerCase):
    async def test_it_comes_back_in_replies_and_refusals_of_every_kind(self) -> None:
        li, client = await self.user()
        logged_out = await self.connect()
        for req in ("", "x", "😀" * 64, "\0", 0, -1, 2**53, -(2**53)):
            for asked, message in (
                (client, chat(li)),
                (client, chat(NOBODY)),
                (client, chat(None)),
                (client, login(li)),
                (client, register("x")),
                (client, signal(toid=NOBODY)),
                (client, {"msgid": 12, "conv": NOBODY, "seq": 1}),
                (client, {"msgid": 99}),
                (logged_out, chat(li)),
                (logged_out, login(li)),
                (logged_out, {"msgid": 1}),
                (logged_out, {"msgid": 3}),
            ):
                reply = await asked.ask({**message, "req": req})
                self.assertEqual((reply["req"], type(reply["req"])), (req, type(req)))

    async def test_without_one_none_comes_back(self) -> None:
        li, client = await self.user()
        for message in (chat(li), chat(NOBODY), {"msgid": 99}, login(li)):
            self.assertNotIn("req", await client.ask(message))

    async def test_other_values_are_refused_without_req(self) -> None:
        li, client = await self.user()
        values: list[object] = [None, 1.0, 1.5, True, [], {}, "x" * 65, "😀" * 65]
        values += [2**53 + 1, -(2**53) - 1, 2**64, 10**30]
        for req in values:
            for message in (chat(li), login(li), register("x"), loginout(), ping(t=1)):
                reply = await client.ask({**message, "req": req})
                self.assert_errno(reply, 102)
                self.assertNotIn("req", reply)
                self.assertIn("req", reply["errmsg"])
        self.assertEqual(self.sql("SELECT * FROM messages"), [])


class FieldTests(ServerCase):
    async def test_unknown_fields_are_ignored(self) -> None:
        li, client = await self.user()
        extra = {"unknown": [1, {"a": None}], "errno": 5, "": "", "toid2": "x", "re": 3}
        client.send(ping(t=1, **extra))
        self.assertEqual(await client.next(), {"msgid": 14, "t": 1})
        self.assertEqual((await client.ask(create_group("tea", **extra)))["errno"], 0)
        for message in (
            chat(li),
            add_group(1),
            group_chat(1),
            history(toid=li),
            add_friend(NOBODY),
        ):
            plain = await client.ask(message)
            self.assertEqual((await client.ask({**message, **extra}))["errno"], plain["errno"])
        await client.ask(loginout(**extra))
        self.assertEqual((await client.ask(login(li, **extra)))["errno"], 0)
        other = await self.connect()
        self.assertEqual((await other.ask(register("new", **extra)))["errno"], 0)

    async def test_of_a_repeated_key_the_last_counts(self) -> None:
        li, client = await self.user()
        for text, errno in (
            (b'{"msgid":5,"toid":0,"toid":%d,"msg":1,"msg":"last"}', 0),
            (b'{"msgid":5,"toid":%d,"msg":"last","msg":""}', 102),
            (b'{"msgid":99,"toid":%d,"msg":"last","msgid":5}', 0),
            (b'{"msgid":5,"toid":%d,"msg":"last","msgid":99}', 101),
        ):
            client.send_bytes(text % li + b"\n")
            self.assertEqual((await client.next(msgid=11))["errno"], errno)
        self.assertEqual(self.sql("SELECT DISTINCT body FROM messages"), [("last",)])


class OrderOfChecksTests(ServerCase):
    settings = {"rate": 0.001, "burst": 4}

    async def test_bad_msgid_or_req_is_told_right_after_malformed(self) -> None:
        client = await self.connect()
        for message in (
            {"msgid": 99, "req": []},
            {"msgid": 5, "req": []},
            {"msgid": "5"},
            {"msgid": 1, "req": []},
        ):
            client.send(message)
            self.assert_errno(await client.next(), 102)

    async def test_login_state_then_rate_then_fields_then_the_rest(self) -> None:
        client = await self.connect()
        li = self.add_account()
        for message in (chat(""), {"msgid": 12}, {"msgid": 18}, loginout()):
            self.assert_errno(await client.ask(message), 103)
        await client.ask(login(li))
        for errno in (102, 102, 105, 105, 109, 109):
            self.assert_errno(await client.ask(chat(0 if errno == 102 else NOBODY)), errno)
        self.assert_errno(await client.ask(chat("")), 109)
        self.assert_errno(await client.ask({"msgid": 1}), 104)
        self.assert_errno(await client.ask({"msgid": 3, "name": ""}), 104)
        self.assert_errno(await client.ask({"msgid": 99}), 101)
        client.send_bytes(b"rubbish\n")
        self.assert_errno(await client.next(), 100)
        self.assert_errno(await client.ask({"msgid": 12}), 102)

    async def test_every_request_but_login_register_and_pings_needs_a_login(self) -> None:
        client = await self.connect()
        for msgid in (5, 6, 7, 8, 9, 10, 12, 15, 18):
            self.assert_errno(await client.ask({"msgid": msgid}), 103)
        client.send({"msgid": 14})
        self.assertEqual(await client.settled(), [])
