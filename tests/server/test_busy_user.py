"""Somebody in very many groups comes back after a long time."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from contextlib import closing

from tests.server.messages import by_token, chat, group_chat, login, loginout
from tests.support.servers import PASSWORD, ServerCase
from tests.support.wire import WireClient

GROUPS = 200
MISSED = 50  # messages in each
FELLOWS = 30  # in each, besides the user: more together than go into an answer in one turn


class BusyUserTests(ServerCase):
    settings = {"rate": 0.0}

    def setUp(self) -> None:
        super().setUp()
        self.li = self.add_account("li")
        self.writer = self.add_account("writer")
        with closing(sqlite3.connect(self.database, timeout=10)) as connection, connection:
            for group in range(1, GROUPS + 1):
                self._fill_group(connection, group)

    def _fill_group(self, connection: sqlite3.Connection, group: int) -> None:
        connection.execute("INSERT INTO conversations (id) VALUES (?)", (group,))
        connection.execute(
            "INSERT INTO chat_groups (id, name, description, conversation) VALUES (?, ?, '', ?)",
            (group, f"group {group}", group),
        )
        fellows = [(100_000 + 31 * group + at, f"fellow {group} {at}") for at in range(FELLOWS)]
        connection.executemany(
            "INSERT INTO accounts (id, name, password_hash, created) VALUES (?, ?, '', 0)", fellows
        )
        connection.executemany(
            "INSERT INTO members (account, conversation, joined, role) VALUES (?, ?, 0, 'normal')",
            [(id, group) for id in (self.li, self.writer, *(id for id, _ in fellows))],
        )
        connection.executemany(
            "INSERT INTO messages (conversation, seq, sender, device, sent, cid, body) "
            "VALUES (?, ?, ?, 0, 0, ?, ?)",
            [
                (group, seq, self.writer, f"#{group}.{seq}", f"{group} {seq}")
                for seq in range(1, MISSED + 1)
            ],
        )

    async def test_all_comes_once_and_in_order_while_others_chat(self) -> None:
        writer, _ = await self.login(self.writer)
        _, listener = await self.user()
        client = await self.connect()
        client.send(login(self.li, ack=True, device="phone"))
        sent = await self._chat_until_all_is_there(client, writer)
        self.assertGreater(sent, 0)
        reply = await client.next(msgid=2)
        self.assertEqual((reply["errno"], len(reply["groups"])), (0, GROUPS))
        self.assertEqual({len(group["users"]) for group in reply["groups"]}, {FELLOWS + 2})
        self.assertGreaterEqual(reply["pending"], GROUPS * MISSED)
        seqs: dict[int, list[int]] = defaultdict(list)
        for frame in client.frames:
            if frame["msgid"] in (5, 9):
                seqs[frame["conv"]].append(frame["seq"])
        self.assertEqual(sum(map(len, seqs.values())), GROUPS * MISSED + sent)
        for conversation, each in seqs.items():
            self.assertEqual(each, list(range(1, len(each) + 1)), conversation)
        await listener.settled()

    async def _chat_until_all_is_there(self, client: WireClient, writer: WireClient) -> int:
        """Write to the one who comes back, alone and in a group; how much was written."""
        sent = 0
        while len(client.received) < GROUPS * MISSED + sent:
            for request in (chat(self.li, f"live {sent}"), group_chat(1 + sent % GROUPS, "live")):
                reply = await writer.ask(request)
                self.assertEqual(reply["errno"], 0, reply)
                sent += 1
            if sent > 2000:
                raise AssertionError(f"only {len(client.received)} came")
        await client.settled()
        return sent

    async def test_what_was_acknowledged_does_not_come_again(self) -> None:
        client, reply = await self.login(self.li, ack=True, device="phone")
        await self._received(client, GROUPS * MISSED)
        for group in range(1, GROUPS + 1):
            client.send({"msgid": 12, "conv": group, "seq": MISSED - group % 2})
        await client.settled()
        await client.hang_up()
        again = await self.connect()
        reply = await again.ask(by_token(reply["token"], ack=True))
        self.assertEqual((reply["errno"], reply["pending"]), (0, GROUPS // 2))
        await self._received(again, GROUPS // 2)
        self.assertEqual({frame["seq"] for frame in again.frames}, {MISSED})
        await again.ask(loginout())

    async def test_a_classic_client_gets_what_fits(self) -> None:
        client = await self.connect(b"\0")
        client.send_bytes(f'{{"id":{self.li},"msgid":1,"password":"{PASSWORD}"}}'.encode() + b"\0")
        reply = await client.next(msgid=2)
        self.assertEqual((reply["errno"], reply["id"]), (0, self.li))
        self.assertEqual([json.loads(group)["id"] for group in reply["groups"]][:3], [1, 2, 3])
        self.assertLessEqual(max(map(len, client.reads)), 1024)

    async def _received(self, client: WireClient, count: int) -> None:
        """Wait until so many messages are there, and see that no more come."""
        while len(client.frames) < count:
            await client.settled()
        self.assertEqual(len(await client.settled()), count)
