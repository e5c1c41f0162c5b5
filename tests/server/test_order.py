"""Many requests at once: what waits for what, and in which order the answers come."""

from __future__ import annotations

import json

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


class OrderTests(ServerCase):
    async def test_answers_come_in_the_order_of_the_requests(self) -> None:
        li, client = await self.user()
        wang = self.add_account()
        requests = [
            chat(li),
            add_friend(wang),
            chat(wang),
            chat(NOBODY),
            create_group("tea"),
            group_chat(1),
            chat(li, ""),
            {"msgid": 99},
            history(toid=li),
            chat(li),
            add_group(1),
            {"msgid": 14},
            signal(toid=NOBODY),
            login(li),
            chat(wang),
            chat(wang),
            loginout(),
            chat(wang),
        ]
        errnos = [0, 0, 0, 105, 0, 0, 102, 101, 0, 0, 112, None, 105, 104, 0, 0, 0, 103]
        client.send(*({**request, "req": n} for n, request in enumerate(requests)))
        await client.next(req=len(requests) - 1)
        answered = [(f["req"], f["errno"]) for f in client.received if "req" in f]
        expected = [(n, errno) for n, errno in enumerate(errnos) if errno is not None]
        self.assertEqual(answered, expected)

    async def test_request_behind_sends_sees_what_they_did(self) -> None:
        li, client = await self.user()
        client.send(*(chat(li, f"{n}") for n in range(20)), history(toid=li), loginout())
        reply = await client.next(re=15)
        self.assertEqual([m["msg"] for m in reply["messages"]], [f"{n}" for n in range(20)])
        self.assertEqual(len([f for f in client.frames if f.get("re") == 5]), 20)

    async def test_sends_behind_a_request_see_what_it_did(self) -> None:
        _, client = await self.user()
        client.send(group_chat(1, req=1), create_group("tea"), group_chat(1, req=2))
        self.assert_errno(await client.next(req=1), 106)
        self.assertEqual((await client.next(req=2))["errno"], 0)

    async def test_sends_of_one_packet_get_seqs_in_their_order(self) -> None:
        li, client = await self.user()
        wang, wang_client = await self.user()
        client.send(*(chat((li, wang)[n % 2], f"{n}", req=n) for n in range(100)))
        await client.next(req=99)
        for replies in (client.received[1::2], client.received[2::2]):
            self.assertEqual([reply["seq"] for reply in replies], [*range(1, len(replies) + 1)])
        await wang_client.settled()
        self.assertEqual([p["msg"] for p in wang_client.frames], [f"{n}" for n in range(1, 100, 2)])

    async def test_ping_overtakes_what_is_being_worked_on(self) -> None:
        client = await self.connect()
        client.send(register("li"), register("wang"), ping(t="first"), chat(1))
        self.assertEqual(await client.next(), {"msgid": 14, "t": "first"})
        self.assertEqual([(await client.next())["msgid"] for _ in range(3)], [4, 4, 11])

    async def test_only_ping_overtakes(self) -> None:
        client = await self.connect()
        client.send(register("li"), {"msgid": 14, "req": []}, {"msgid": 99}, login(1))
        client.send_bytes(b"rubbish\n")
        replies = [await client.next() for _ in range(5)]
        self.assertEqual([reply["errno"] for reply in replies], [0, 102, 101, 0, 100])

    async def test_rubbish_among_requests_is_answered_in_its_place(self) -> None:
        li, client = await self.user()
        lines = [json.dumps(chat(li)), "rubbish", json.dumps(chat(li)), "[]"]
        client.send_bytes("\n".join([*lines, ""]).encode())
        replies = [await client.next(msgid=11) for _ in range(4)]
        self.assertEqual([reply["errno"] for reply in replies], [0, 100, 0, 100])

    async def test_each_request_has_one_answer(self) -> None:
        li, client = await self.user()
        for number in range(3):
            requests: list[Json] = [
                login(li),
                register("x"),
                chat(li),
                add_friend(li),
                create_group(f"g{number}"),
                add_group(number + 1),
                group_chat(number + 1),
                history(toid=li),
                ping(t=number),
                loginout(),
            ]
            client.send(*({**request, "req": request["msgid"]} for request in requests))
            await client.next(re=10)
            await client.settled()
            told = sorted(frame["req"] for frame in client.frames)
            self.assertEqual(told, [1, 3, 5, 6, 7, 8, 9, 13, 15])
            client.frames.clear()
            await client.ask(login(li))


class PacketTests(ServerCase):
    async def test_conversation_sent_byte_by_byte(self) -> None:
        li, wang = self.add_account("li"), self.add_account("wang")
        client = await self.connect()
        lines: list[Json] = [
            login(li),
            chat(wang, "你好 😀"),
            {"msgid": 99},
            history(toid=wang),
            loginout(),
        ]
        text = "\r\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\r\n"
        for byte in text.encode():
            client.send_bytes(bytes([byte]))
            await client.sent()
        await client.next(re=10)
        self.assertEqual([f.get("errno") for f in client.frames], [0, 0, 101, 0])
        self.assertEqual(client.frames[3]["messages"][0]["msg"], "你好 😀")

    async def test_line_may_end_with_cr_lf_and_blank_lines_are_ignored(self) -> None:
        client = await self.connect()
        client.send_bytes(b'\n\r\n\r\n{"msgid":13,"t":1}\r\n\n\r\n{"msgid":13,"t":2}\n')
        self.assertEqual(await client.next(), {"msgid": 14, "t": 1})
        self.assertEqual(await client.next(), {"msgid": 14, "t": 2})
        client.send_bytes(b'\n\n  {"msgid":13,"t":3} \t\r\n')
        self.assertEqual(await client.next(), {"msgid": 14, "t": 3})
        self.assertTrue(b"".join(client.reads).endswith(b"}\n"))
        self.assertNotIn(b"\r", b"".join(client.reads))

    async def test_thousands_of_requests_in_one_write(self) -> None:
        await self.restart(rate=0)
        li, client = await self.user()
        client.send(*(chat(li, "x", req=n) for n in range(5000)))
        await client.next(req=4999)
        self.assertEqual([f.get("req") for f in client.received[1:]], [*range(5000)])
        self.assertEqual({f["errno"] for f in client.received}, {0})

    async def test_nul_in_a_line_is_malformed(self) -> None:
        client = await self.connect()
        client.send(ping(t=0))
        client.send_bytes(b'{"msgid":13,"t":1}\0\n{"msgid":13,"t":2}\n')
        self.assertEqual((await client.next())["t"], 0)
        self.assert_errno(await client.next(), 100)
        self.assertEqual((await client.next())["t"], 2)
