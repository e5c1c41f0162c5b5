"""A database that can't be used for a while, queues that are full, and random rubbish."""

from __future__ import annotations

import json
import random

from tests.server.messages import ack, add_friend, chat, create_group, history, login, loginout
from tests.support.servers import ServerCase
from tests.support.wire import Json, WireClient

INTERNALS = ("sql", "table", "error", "exception", "traceback")


class DatabaseTests(ServerCase):
    """Statements fail because a table is away."""

    def take_away(self, table: str) -> None:
        self.sql(f"ALTER TABLE {table} RENAME TO away")

    def bring_back(self, table: str) -> None:
        self.sql(f"ALTER TABLE away RENAME TO {table}")

    async def refused(self, client: WireClient, message: Json) -> None:
        reply = await client.ask({**message, "req": "r"})
        self.assert_errno(reply, 110)
        self.assertGreater(reply["retry_after"], 0)
        self.assertEqual(reply["req"], "r")
        for word in INTERNALS:
            self.assertNotIn(word, reply["errmsg"].lower())

    async def test_send_is_refused_and_can_be_sent_again_with_its_cid(self) -> None:
        li, li_client = await self.user()
        _, sender = await self.user()
        await sender.ask(chat(li, "first"))
        self.take_away("messages")
        await self.refused(sender, chat(li, "again", cid="c"))
        self.assertEqual([f["msg"] for f in await li_client.settled()], ["first"])
        self.bring_back("messages")
        reply = await sender.ask(chat(li, "again", cid="c"))
        self.assertEqual((reply["errno"], reply["seq"], reply.get("dup")), (0, 2, None))
        self.assertEqual((await li_client.next(msg="again"))["seq"], 2)

    async def test_other_requests_are_refused_and_work_again(self) -> None:
        li, client = await self.user()
        wang = self.add_account()
        for table, message in (
            ("friends", add_friend(wang)),
            ("chat_groups", create_group("tea")),
            ("members", create_group("coffee")),
            ("messages", history(toid=li)),
        ):
            await client.ask(chat(li))
            self.take_away(table)
            await self.refused(client, message)
            self.bring_back(table)
            self.assertEqual((await client.ask(message))["errno"], 0, table)

    async def test_refused_login_leaves_its_place_free(self) -> None:
        li, client = await self.user()
        await client.ask(chat(li))
        await client.ask(loginout())
        for table in ("accounts", "devices", "tokens", "friends", "cursors", "messages"):
            client = await self.connect()
            self.take_away(table)
            await self.refused(client, login(li))
            self.bring_back(table)
            self.assertEqual((await client.ask(login(li)))["errno"], 0, table)
            await client.ask(loginout())

    async def test_refused_loginout_leaves_the_client_logged_in(self) -> None:
        li, client = await self.user()
        self.take_away("tokens")
        await self.refused(client, loginout())
        self.assertEqual((await client.ask(chat(li)))["errno"], 0)
        self.bring_back("tokens")
        self.assertEqual((await client.ask(loginout()))["errno"], 0)

    async def test_place_is_free_though_the_acknowledgements_cannot_be_written(self) -> None:
        li, client = await self.user(ack=True)
        _, sender = await self.user()
        conv = (await sender.ask(chat(li, "one")))["conv"]
        client.send(ack(conv, 1))
        await client.settled()
        self.take_away("cursors")
        await client.hang_up()
        await sender.settled()
        self.bring_back("cursors")
        _, reply = await self.login_when_free(li, ack=True)
        self.assertEqual(reply["pending"], 0)


class QueueTests(ServerCase):
    settings = {"pending": 5, "hash_queue": 2, "hash_threads": 1}

    async def test_messages_beyond_those_that_may_wait_are_refused(self) -> None:
        li, client = await self.user()
        client.send(*(chat(li, f"{n}", req=n) for n in range(20)))
        replies = [await client.next(req=n) for n in range(20)]
        self.assertEqual([reply["errno"] for reply in replies], [0] * 5 + [110] * 15)
        self.assertGreater(replies[-1]["retry_after"], 0)
        self.assertEqual((await client.ask(chat(li)))["seq"], 6)

    async def test_passwords_beyond_those_that_may_wait_are_refused(self) -> None:
        clients = [await self.connect() for _ in range(5)]
        for number, client in enumerate(clients):
            client.send({"msgid": 3, "name": f"user {number}", "password": "x"})
        replies = [await client.next(msgid=4) for client in clients]
        self.assertEqual(sorted(reply["errno"] for reply in replies), [0, 0, 109, 109, 109])
        for reply in replies:
            self.assertEqual("retry_after" in reply, reply["errno"] == 109)


class RubbishTests(ServerCase):
    settings = {"rate": 0}

    def line(self, source: random.Random) -> bytes:
        """A request that was damaged at random, or nothing but random bytes."""
        if source.random() < 0.3:
            line = source.randbytes(source.randrange(1, 50))
        else:
            fields: Json = {
                "msgid": source.choice([1, 3, 5, 6, 7, 8, 9, 10, 13, 15, 99, "5", None]),
                **{
                    name: source.choice([0, 1, 2, -1, 2**60, "x", "", None, [], {}, True, 1.5])
                    for name in source.sample(
                        ["id", "name", "toid", "msg", "groupid", "conv", "t", "cid", "token"], 4
                    )
                },
            }
            damaged = bytearray(json.dumps(fields).encode())
            for _ in range(source.randrange(3)):
                damaged[source.randrange(len(damaged))] = source.randrange(256)
            line = bytes(damaged)
        return line.replace(b"\n", b"?").strip() or b"?"

    async def test_each_line_of_rubbish_has_one_answer(self) -> None:
        source = random.Random(4711)
        _, client = await self.user()
        lines = [self.line(source) for _ in range(2000)]
        client.send_bytes(b"\n".join([*lines, b'{"msgid":99,"req":"last"}', b""]))
        await client.next(req="last")
        self.assertEqual(len(client.received), len(lines) + 2)
        _, other = await self.user()
        self.assertEqual(await other.settled(), [])
