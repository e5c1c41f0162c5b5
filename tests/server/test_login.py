"""Logging in and out: who gets in, what they are told, and what is left behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.server.messages import (
    MAX_ID,
    NOBODY,
    WRONG,
    add_friend,
    add_group,
    by_token,
    chat,
    create_group,
    login,
    loginout,
    register,
)
from tests.support.servers import PASSWORD, ServerCase


class ReplyTests(ServerCase):
    async def test_first_login_tells_all_there_is(self) -> None:
        li = self.add_account("li")
        before = datetime.now(UTC)
        _, reply = await self.login(li, req="first")
        token, expires = reply.pop("token"), reply.pop("expires")
        self.assertEqual(
            reply,
            {
                "msgid": 2,
                "req": "first",
                "errno": 0,
                "id": li,
                "name": "li",
                "friends": [],
                "groups": [],
                "pending": 0,
            },
        )
        self.assertRegex(token, r"^\S{32,}$")
        self.assertRegex(expires, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        valid = datetime.fromisoformat(expires) - before
        self.assertAlmostEqual(valid / timedelta(days=30), 1, places=4)

    async def test_friends_and_groups_come_with_their_states_and_roles(self) -> None:
        li, li_client = await self.user("li")
        wang, _ = await self.user("wang")
        zhao = self.add_account("zhao")
        group = (await li_client.ask(create_group("tea", groupdesc="green\0'\"")))["groupid"]
        zhao_client, _ = await self.login(zhao)
        await zhao_client.ask(add_group(group))
        await zhao_client.ask(loginout())
        for friend in (zhao, wang):
            await li_client.ask(add_friend(friend))
        await li_client.ask(loginout())
        reply = await li_client.ask(login(li))
        self.assertEqual(
            reply["friends"],
            [
                {"id": wang, "name": "wang", "state": "online"},
                {"id": zhao, "name": "zhao", "state": "offline"},
            ],
        )
        self.assertEqual(
            reply["groups"],
            [
                {
                    "id": group,
                    "groupname": "tea",
                    "groupdesc": "green\0'\"",
                    "users": [
                        {"id": li, "name": "li", "state": "online", "role": "creator"},
                        {"id": zhao, "name": "zhao", "state": "offline", "role": "normal"},
                    ],
                }
            ],
        )

    async def test_name_logs_in_where_no_id_is_given(self) -> None:
        li = self.add_account("li si")
        client = await self.connect()
        reply = await client.ask({"msgid": 1, "name": "li si", "password": PASSWORD})
        self.assertEqual((reply["errno"], reply["id"]), (0, li))

    async def test_id_wins_over_name(self) -> None:
        self.add_account("li")
        wang = self.add_account("wang")
        client = await self.connect()
        reply = await client.ask(login(wang, name="li"))
        self.assertEqual((reply["errno"], reply["id"], reply["name"]), (0, wang, "wang"))
        client = await self.connect()
        self.assert_errno(await client.ask(login(NOBODY, name="li")), 1)


class RefusalTests(ServerCase):
    settings = {"login_failures": 0}

    async def test_unknown_users_and_wrong_passwords_are_told_the_same(self) -> None:
        li = self.add_account("li")
        client = await self.connect()
        replies = [
            await client.ask({"msgid": 1, "password": WRONG, **who})
            for who in (
                {"id": li},
                {"name": "li"},
                {"id": NOBODY},
                {"name": "nobody"},
                {"name": "li' OR '1'='1"},
                {"name": "\0"},
                {"name": " li"},
            )
        ]
        for reply in replies:
            self.assert_errno(reply, 1)
            self.assertEqual(reply, replies[0])

    async def test_wrong_fields_are_refused_by_name(self) -> None:
        li = self.add_account("li")
        client = await self.connect()
        wrong: dict[str, list[object]] = {
            "id": [None, "1", 1.0, True, 0, -1, MAX_ID + 1, [li]],
            "name": [None, 5, "", "x" * 51],
            "password": [None, 5, "", "x" * 129],
            "token": [None, 5, "", "x" * 129],
            "device": [None, 5, "", "x" * 65],
            "ack": [None, 0, 1, "true"],
        }
        for field, values in wrong.items():
            for value in values:
                reply = await client.ask(login(li, req=field, **{field: value}))
                self.assert_errno(reply, 102)
                self.assertIn(field, reply["errmsg"])
                self.assertEqual(reply["req"], field)
        self.assert_errno(await client.ask({"msgid": 1, "id": li}), 102)
        self.assert_errno(await client.ask({"msgid": 1, "password": PASSWORD}), 102)
        self.assertEqual((await client.ask(login(li)))["errno"], 0)

    async def test_login_while_logged_in_is_refused_and_changes_nothing(self) -> None:
        wang = self.add_account("wang")
        li, client = await self.user("li")
        for message in (login(wang), login(li), login(li, device="x"), {"msgid": 1, "id": "?"}):
            self.assert_errno(await client.ask(message), 104)
        await client.ask(chat(wang))
        _, reply = await self.login(wang)
        self.assertEqual(reply["pending"], 1)

    async def test_disabled_account_is_told_so_only_with_its_password_or_token(self) -> None:
        li = self.add_account("li")
        client, reply = await self.login(li, device="phone")
        await client.hang_up()
        self.sql("UPDATE accounts SET disabled = 1 WHERE id = ?", li)
        client = await self.connect()
        self.assert_errno(await client.ask(login(li)), 108)
        self.assert_errno(await client.ask(by_token(reply["token"])), 108)
        self.assert_errno(await client.ask(login(li, password=WRONG)), 1)
        self.assert_errno(await client.ask(chat(li)), 103)
        self.sql("UPDATE accounts SET disabled = 0 WHERE id = ?", li)
        self.assertEqual((await client.ask(login(li)))["errno"], 0)


class LogoutTests(ServerCase):
    async def test_connection_stays_and_is_logged_out(self) -> None:
        wang, wang_client = await self.user("wang")
        li, client = await self.user("li")
        reply = await client.ask(loginout(req=1))
        self.assertEqual(reply, {"msgid": 11, "re": 10, "req": 1, "errno": 0})
        self.assert_errno(await client.ask(chat(wang)), 103)
        self.assert_errno(await client.ask(loginout()), 103)
        await wang_client.ask(chat(li))
        self.assertEqual(await client.settled(), [])
        self.assertEqual((await client.ask(register("zhao")))["errno"], 0)

    async def test_another_account_can_log_in_on_the_connection(self) -> None:
        wang = self.add_account("wang")
        _, client = await self.user("li")
        await client.ask(loginout())
        self.assertEqual((await client.ask(login(wang)))["name"], "wang")
        zhao, zhao_client = await self.user("zhao")
        await client.ask(chat(zhao))
        self.assertEqual((await zhao_client.next(msgid=5))["name"], "wang")

    async def test_login_and_logout_of_one_packet_take_effect_in_order(self) -> None:
        li = self.add_account("li")
        wang, wang_client = await self.user("wang")
        client = await self.connect()
        client.send(
            chat(wang, "too early", req=1),
            login(li),
            chat(wang, "in time", req=2),
            loginout(req=3),
            chat(wang, "too late", req=4),
            login(wang, device="second", req=5),
        )
        self.assertEqual((await client.next(msgid=2, req=5))["name"], "wang")
        self.assertEqual(
            [(frame["msgid"], frame.get("req"), frame["errno"]) for frame in client.frames],
            [(11, 1, 103), (2, None, 0), (11, 2, 0), (11, 3, 0), (11, 4, 103)],
        )
        await wang_client.settled()
        self.assertEqual([frame["msg"] for frame in wang_client.frames], ["in time"])


class VanishedTests(ServerCase):
    settings = {"hash_threads": 1}  # so that passwords are checked in the order sent

    async def test_client_that_goes_during_its_login_leaves_nothing_behind(self) -> None:
        li = await self.register("li")  # with a password that takes a while to check
        _, friend_client = await self.user("friend")
        await friend_client.ask(add_friend(li))
        client = await self.connect()
        client.send(login(li))
        await client.settled()
        client.cut()
        client, _ = await self.login_when_free(li)
        await client.ask(loginout())
        await friend_client.settled()
        self.assertEqual(friend_client.frames[-1], {"msgid": 16, "id": li, "state": "offline"})
