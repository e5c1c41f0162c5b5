"""What chatserver-admin has a running server do."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from chatserver.admin.commands import CannotDo
from tests.server.messages import by_token, chat, login, loginout
from tests.store.cases import all_of, error_of
from tests.support.admin import admin, admin_json
from tests.support.servers import PASSWORD, ServerCase
from tests.support.wire import WireClient


class AdminCase(ServerCase):
    """A server, and who runs it."""

    async def admin(self, *arguments: str) -> list[str]:
        return await admin(f"sqlite:///{self.database}", *arguments)

    async def admin_json(self, *arguments: str) -> list[Any]:
        return await admin_json(f"sqlite:///{self.database}", *arguments)

    async def dismissed(self, client: WireClient) -> float:
        """Wait until the server has said goodbye and closed; when the client may come again."""
        goodbye = await client.next(msgid=17)
        self.assertEqual(goodbye["reason"], "shutdown")
        await client.closed
        return float(goodbye["retry_after"])


class SessionTests(AdminCase):
    async def test_who_is_logged_in_is_shown_with_all_that_is_known(self) -> None:
        li, _ = await self.user("li", device="phone")
        await self.login(li)
        wang = self.add_account("世界")
        classic = await self.connect(b"\0")
        classic.send_bytes(b'{"id":%d,"msgid":1,"password":"%s"}\0' % (wang, PASSWORD.encode()))
        await classic.next(msgid=2)
        await self.connect()
        found = await self.admin_json("sessions")
        self.assertEqual(
            sorted((one["id"], one["name"], one["device"], one["dialect"]) for one in found),
            [(li, "li", "", "lines"), (li, "li", "phone", "lines"), (wang, "世界", "", "classic")],
        )
        for one in found:
            self.assertEqual((one["address"], one["unsent"]), ("127.0.0.1", 0))
            self.assertRegex(one["connected"], r"^20\d\d-\d\d-\d\dT.*Z$")
            self.assertGreaterEqual(one["idle"], 0)
        head, *rows, total = await self.admin("sessions", "--user", "li")
        self.assertEqual(total, "2 sessions")
        self.assertEqual(
            [row.split()[:3] for row in rows], [["1", "li", "-"], ["1", "li", "phone"]]
        )
        self.assertEqual(head.split()[:3], ["ID", "NAME", "DEVICE"])

    async def test_very_many_sessions_come_in_parts(self) -> None:
        li = self.add_account()
        await self.login(li, device="phone")
        node: Any = self.server._node
        account = node.registry.account(li)
        [session] = account.sessions
        account.sessions = (session,) * 250
        wang, _ = await self.user()
        found = await self.admin_json("sessions")
        self.assertEqual(sorted({one["id"] for one in found}), [li, wang])
        self.assertEqual(len(found), 251)
        account.sessions = (session,)


class KickTests(AdminCase):
    async def test_all_sessions_of_an_account_are_closed_and_no_others(self) -> None:
        li, phone = await self.user(device="phone")
        pad, _ = await self.login(li, device="pad")
        _, other = await self.user()
        printed = await self.admin("kick", f"{li}", "--for", "0.5")
        self.assertRegex(printed[-1], "2 sessions closed")
        for client in (phone, pad):
            self.assertEqual(await self.dismissed(client), 0.5)
        await other.settled()

    async def test_a_single_device_is_kicked(self) -> None:
        li, phone = await self.user(device="phone")
        unnamed, _ = await self.login(li)
        await self.admin("kick", f"id:{li}", "--device", "")
        await self.dismissed(unnamed)
        await phone.settled()
        reply = await (await self.connect()).ask(login(li))
        self.assert_errno(reply, 109)
        self.assertGreater(reply["retry_after"], 0)
        pad, _ = await self.login(li, device="pad")
        await pad.settled()

    async def test_who_was_kicked_may_come_back_after_a_while(self) -> None:
        li, client = await self.user(device="phone")
        await self.admin("kick", f"{li}", "--for", "0.2")
        await self.dismissed(client)
        while (reply := await (await self.connect()).ask(login(li, device="phone")))["errno"]:
            self.assert_errno(reply, 109)
            self.assertLessEqual(reply["retry_after"], 0.2)

    async def test_tokens_stay_unless_they_are_revoked(self) -> None:
        li = self.add_account()
        client, ack = await self.login(li, device="phone")
        await self.admin("kick", f"{li}", "--for", "0.001")
        await self.dismissed(client)
        client, _ = await self.login(li, token=ack["token"])
        await self.admin("kick", f"{li}", "--for", "0.001", "--logout")
        await self.dismissed(client)
        reply = await (await self.connect()).ask(by_token(ack["token"]))
        self.assert_errno(reply, 1)

    async def test_a_login_under_way_is_refused(self) -> None:
        """It has shown its password before, and moves in after."""
        node: Any = self.server._node
        li = self.add_account()
        move_in = node.entries._move_in

        def kicked_just_before(*args: Any) -> Any:
            node.entries._exclusions.exclude(li, None, 30)
            return move_in(*args)

        node.entries._move_in = kicked_just_before
        client = await self.connect()
        self.assert_errno(await client.ask(login(li, device="phone")), 109)
        self.assertIsNone(node.registry.account(li))

    async def test_unknown_and_ambiguous_users_are_told(self) -> None:
        li = self.add_account("li")
        other = self.add_account(f"{li}")
        for user, says in (
            ("nobody", "no account 'nobody'"),
            ("99", "no account '99'"),
            (f"{li}", f"id:{li} or name:{li}"),
            ("id:x", "no account"),
        ):
            problem = await error_of(self.admin("kick", user))
            self.assertIsInstance(problem, CannotDo)
            self.assertIn(says, str(problem))
        for user, account in ((f"id:{li}", li), (f"name:{li}", other), ("name:li", li)):
            [printed] = await self.admin("kick", user)
            self.assertIn(f"account {account} ", printed)


class DisableTests(AdminCase):
    async def test_who_is_disabled_is_out_at_once_and_can_not_come_back(self) -> None:
        li = self.add_account("li")
        client, ack = await self.login(li, device="phone")
        printed = await self.admin("user", "disable", "li")
        self.assertEqual(printed[-1], "1 session closed")
        await self.dismissed(client)
        again = await self.connect()
        self.assert_errno(await again.ask(login(li)), 108)
        self.assert_errno(await again.ask(by_token(ack["token"])), 1)
        await self.admin("user", "enable", "li")
        self.assert_errno(await again.ask(login(li)), 109)  # for a moment, as after any kick

    async def test_a_server_that_stood_still_meanwhile_finds_out_itself(self) -> None:
        li, client = await self.user(device="phone")
        _, other = await self.user()
        self.sql("UPDATE accounts SET disabled = 1 WHERE id = ?", li)
        node: Any = self.server._node
        node.order_book._looked -= 60
        await self.dismissed(client)
        await other.settled()


class AnnounceTests(AdminCase):
    async def test_everybody_gets_it_once_now_or_at_the_next_login(self) -> None:
        li, here = await self.user()
        classic_user = self.add_account()
        classic = await self.connect(b"\0")
        classic.send_bytes(
            b'{"id":%d,"msgid":1,"password":"%s"}\0' % (classic_user, PASSWORD.encode())
        )
        await classic.next(msgid=2)
        away, disabled = self.add_account(), self.add_account()
        self.sql("UPDATE accounts SET disabled = 1 WHERE id = ?", disabled)
        first, last = await self.admin("announce", "Hello 世界", "--id", "news.1")
        self.assertIn("announcement news.1", first)
        self.assertEqual(last, "3 accounts got it")
        for client in (here, classic):
            push = await client.next(msgid=5)
            self.assertEqual((push["name"], push["msg"]), ("announcements", "Hello 世界"))
        self.assertEqual((await self.admin("announce", "Hello 世界", "--id", "news.1"))[-1],
                         "0 accounts got it, 3 had it already")  # fmt: skip
        self.assertEqual(await here.settled(), [])
        client, ack = await self.login(away)
        self.assertEqual(ack["pending"], 1)
        self.assertEqual((await client.next(msgid=5))["msg"], "Hello 世界")
        self.assertEqual(self.sql("SELECT COUNT(*) FROM messages"), [(3,)])
        self.assertEqual(self.sql("SELECT COUNT(*) FROM orders"), [(0,)])
        self.assertEqual(self.sql("SELECT COUNT(*) FROM answers"), [(0,)])
        self.assertIsNotNone(li)

    async def test_nobody_can_log_in_as_the_sender(self) -> None:
        self.add_account()
        await self.admin("announce", "Hello")
        [(sender, password)] = self.sql(
            "SELECT id, password_hash FROM accounts WHERE name = 'announcements'"
        )
        for guess in (password, "", "!", "x"):
            reply = await (await self.connect()).ask(
                {"msgid": 1, "id": sender, "password": guess or "-"}
            )
            self.assert_errno(reply, 1)

    async def test_the_default_sender_is_nobody_who_can_log_in(self) -> None:
        account, client = await self.user("announcements")
        problem = await error_of(self.admin("announce", "Hello"))
        self.assertIn("--from", str(problem))
        li, receiver = await self.user()
        await self.admin("announce", "Hello", "--from", "announcements")
        self.assertEqual((await receiver.next(msgid=5))["id"], account)
        self.assertEqual((await client.next(msgid=5))["toid"], li)

    async def test_an_id_belongs_to_one_text(self) -> None:
        self.add_account()
        await self.admin("announce", "Hello", "--id", "x")
        problem = await error_of(self.admin("announce", "Bye", "--id", "x"))
        self.assertIn("another text", str(problem))
        self.assertNotIn("run it again", str(problem))

    async def test_only_some_get_it(self) -> None:
        li, here = await self.user("li")
        _, other = await self.user("wang")
        self.add_account("away")
        printed = await self.admin("announce", "To some.", "--to", "li", "name:away")
        self.assertEqual(printed[-1], "2 accounts got it")
        await here.next(msgid=5, msg="To some.")
        printed = await self.admin("announce", "To those who are here.", "--online")
        self.assertEqual(printed[-1], "2 accounts got it")
        self.assertEqual([each["msg"] for each in await other.settled()],
                         ["To those who are here."])  # fmt: skip
        self.assertGreater(li, 0)

    async def test_people_can_answer_and_go_on_chatting(self) -> None:
        _, client = await self.user()
        await self.admin("announce", "Hello")
        push = await client.next(msgid=5)
        self.assertEqual((await client.ask(chat(push["id"], "Thanks")))["seq"], 2)
        self.assertEqual((await client.ask(loginout()))["errno"], 0)


class StateTests(AdminCase):
    async def test_what_there_is_and_how_the_server_is(self) -> None:
        li, client = await self.user(device="phone")
        await client.ask(chat(li))
        await self.connect()
        [state] = await self.admin_json("stats")
        self.assertEqual(state["counts"]["accounts"], 1)
        self.assertEqual(state["counts"]["messages"], 1)
        self.assertEqual(state["estimated"], [])
        [server] = state["servers"]
        self.assertEqual((server["logged_in"], server["accounts"], server["stored"]), (1, 1, 1))
        self.assertEqual(server["connections"], 2)
        self.assertIsNone(server["late"])

    async def test_without_a_server_that_is_said(self) -> None:
        self.add_account("li")
        await self.server.stopService()
        announcing = self.admin("announce", "Hello")
        disabling = self.admin("user", "disable", "li")
        results: list[Any] = await all_of(
            map(Deferred.fromCoroutine, (error_of(announcing), disabling))
        )
        problem, printed = results
        self.assertIn("is one running on this database?", str(problem))
        self.assertEqual(len(printed), 2)
        self.assertIn("is disabled", printed[0])
        self.assertIn("no session closed", printed[1])
        self.start()


del AdminCase
