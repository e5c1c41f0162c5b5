"""Signals: for who is online now, never stored."""

from __future__ import annotations

import json

from tests.server.messages import (
    MAX_ID,
    NOBODY,
    add_group,
    chat,
    create_group,
    loginout,
    signal,
)
from tests.support.servers import ServerCase
from tests.support.wire import Json


class SignalTests(ServerCase):
    async def test_all_devices_of_the_addressee_get_it_and_it_is_not_answered(self) -> None:
        li = self.add_account()
        phone, _ = await self.login(li, device="phone")
        pad, _ = await self.login(li, device="pad")
        wang, sender = await self.user()
        data = {"typing": True, "\0": [1, -2.5, None, "你好 😀"]}
        sender.send(signal(data, toid=li, req="not told"))
        await sender.ask(chat(wang))
        for client in (phone, pad):
            push = await client.next(msgid=18)
            self.assertEqual(push, {"msgid": 18, "id": wang, "toid": li, "data": data})
        self.assertEqual(sender.frames, [])

    async def test_data_is_any_json_value(self) -> None:
        li, li_client = await self.user()
        _, sender = await self.user()
        values: list[object] = [None, False, 0, -1.5, "", [], {}, 2**63, 10**40, "😀"]
        for data in values:
            sender.send(signal(data, toid=li))
            push = await li_client.next(msgid=18)
            self.assertEqual((push["data"], type(push["data"])), (data, type(data)))

    async def test_group_signal_reaches_the_other_members(self) -> None:
        li = self.add_account()
        sender, _ = await self.login(li, device="phone")
        other, _ = await self.login(li, device="pad")
        _, member = await self.user()
        _, outsider = await self.user()
        group = (await sender.ask(create_group("tea")))["groupid"]
        await member.ask(add_group(group))
        sender.send(signal([1], groupid=group))
        self.assertEqual(
            await member.next(msgid=18), {"msgid": 18, "id": li, "groupid": group, "data": [1]}
        )
        for client in (sender, other, outsider):
            self.assertEqual(await client.settled(), [])

    async def test_own_devices_never_get_it(self) -> None:
        li = self.add_account()
        sender, _ = await self.login(li, device="phone")
        other, _ = await self.login(li, device="pad")
        sender.send(signal(toid=li))
        await sender.ask(chat(li, "after it"))
        self.assertEqual([f["msgid"] for f in await other.settled()], [5])
        self.assertEqual(await sender.settled(), [])

    async def test_order_of_a_senders_signals_and_chats_is_kept(self) -> None:
        li, li_client = await self.user()
        _, sender = await self.user()
        sender.send(*(signal(n, toid=li) for n in range(100)), chat(li, "last"))
        await li_client.next(msg="last")
        self.assertEqual([frame["data"] for frame in li_client.frames], [*range(100)])

    async def test_it_is_not_kept_for_who_is_away(self) -> None:
        li, li_client = await self.user()
        _, sender = await self.user()
        await li_client.ask(loginout())
        sender.send(signal(toid=li))
        await sender.ask(chat(li, "kept"))
        self.assertEqual(await li_client.settled(), [])
        client, reply = await self.login(li)
        self.assertEqual(reply["pending"], 1)
        await client.next(msg="kept")
        self.assertEqual(await client.settled(), [])


class RefusalTests(ServerCase):
    async def refused(self, message: Json, errno: int, named: str = "") -> None:
        reply = await self.clients[0].ask({**message, "req": "why"})
        self.assert_errno(reply, errno)
        self.assertEqual(reply["req"], "why")
        self.assertIn(named, reply["errmsg"])

    async def test_unknown_addressees(self) -> None:
        await self.user()
        _, owner = await self.user()
        group = (await owner.ask(create_group("tea")))["groupid"]
        await self.refused(signal(toid=NOBODY), 105)
        await self.refused(signal(groupid=NOBODY), 106)
        await self.refused(signal(groupid=group), 107)
        self.assertEqual(await owner.settled(), [])

    async def test_toid_and_groupid_exclude_each_other(self) -> None:
        li, client = await self.user()
        group = (await client.ask(create_group("tea")))["groupid"]
        await self.refused(signal(toid=li, groupid=group), 102)
        await self.refused(signal(), 102)

    async def test_wrong_fields_are_refused_by_name(self) -> None:
        li, _ = await self.user()
        for wrong in (None, "1", 1.0, True, 0, -1, MAX_ID + 1):
            await self.refused(signal(toid=wrong), 102, "toid")
            await self.refused(signal(groupid=wrong), 102, "groupid")
        await self.refused({"msgid": 18, "toid": li}, 102, "data")

    async def test_data_has_up_to_4_kib_as_compact_utf_8(self) -> None:
        li, li_client = await self.user()
        _, sender = await self.user()
        for data in ("x" * 4094, "你" * 1364 + "xx", ["x" * 4092], [0] * 2047):
            sender.send_bytes(
                json.dumps(signal(data, toid=li), indent=2).replace("\n", " ").encode() + b"\n"
            )
            self.assertEqual((await li_client.next(msgid=18))["data"], data)
            size = len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())
            self.assertIn(size, (4094, 4095, 4096))
        for data in ("x" * 4095, "你" * 1365, [0] * 2048):
            reply = await sender.ask(signal(data, toid=li))
            self.assert_errno(reply, 102)
            self.assertIn("data", reply["errmsg"])
        self.assertEqual(await li_client.settled(), [])

    async def test_logged_out_client_cannot_signal(self) -> None:
        await self.connect()
        await self.refused(signal(toid=self.add_account()), 103)

    async def test_one_to_somebody_not_met_before_takes_effect_before_what_follows(self) -> None:
        li, li_client = await self.user()
        _, sender = await self.user()
        sender.send(signal(1, toid=li), signal(2, toid=li), chat(li), signal(3, toid=li))
        await li_client.next(msgid=18, data=3)
        told = [
            frame.get("data", "chat") for frame in li_client.received if frame["msgid"] in (5, 18)
        ]
        self.assertEqual(told, [1, 2, "chat", 3])
