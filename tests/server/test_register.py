"""Registration: which names and passwords there may be, and who gets a name."""

from __future__ import annotations

from tests.server.messages import chat, login, register
from tests.support.servers import PASSWORD, ServerCase

WHITE_SPACE = "\t \u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000\u0085"
CONTROLS = "\0\x01\t\n\r\x1b\x1f\x7f\x80\x85\x9f"
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class NameTests(ServerCase):
    async def test_new_account_gets_an_id_and_nothing_else(self) -> None:
        client = await self.connect()
        self.assertEqual(await client.ask(register("li")), {"msgid": 4, "errno": 0, "id": 1})
        self.assertEqual(
            await client.ask(register("zhang", req="r")),
            {"msgid": 4, "req": "r", "errno": 0, "id": 2},
        )

    async def test_name_comes_back_at_login_as_it_was_registered(self) -> None:
        names = [
            "zhang san",
            'o\'brien "the" \\ cat; DROP TABLE accounts; --',
            "张三",
            "😀" * 50,
            "a\u200db",
            "x",
        ]
        client = await self.connect()
        client.send(*(register(name, req=name[:50]) for name in names))
        for name in names:
            reply = await client.next(msgid=4, req=name[:50])
            self.assertEqual(reply["errno"], 0, name)
            by_id = await self.login(reply["id"])
            self.assertEqual(by_id[1]["name"], name)
            by_name = await client.ask({"msgid": 1, "name": name, "password": "wrong"})
            self.assert_errno(by_name, 1)
        self.assertEqual(len(self.sql("SELECT id FROM accounts")), len(names))

    async def test_name_is_1_to_50_code_points(self) -> None:
        client = await self.connect()
        for name in ("", "a" * 51, "😀" * 51):
            reply = await client.ask(register(name))
            self.assert_errno(reply, 102)
            self.assertIn("name", reply["errmsg"])

    async def test_name_has_no_control_character_and_no_bidi_override(self) -> None:
        client = await self.connect()
        for character in CONTROLS + BIDI:
            reply = await client.ask(register(f"li{character}si"))
            self.assertEqual(reply["errno"], 102, ascii(character))

    async def test_name_has_no_white_space_at_either_end(self) -> None:
        client = await self.connect()
        for character in WHITE_SPACE:
            for name in (character, f"{character}li", f"li{character}"):
                reply = await client.ask(register(name))
                self.assertEqual(reply["errno"], 102, ascii(name))

    async def test_names_are_compared_by_code_point(self) -> None:
        client = await self.connect()
        ids = set()
        for name in ("jose", "Jose", "jos\u00e9", "jose\u0301", "jos\uff45"):
            reply = await client.ask(register(name))
            self.assertEqual(reply["errno"], 0, ascii(name))
            ids.add(reply["id"])
        self.assertEqual(len(ids), 5)

    async def test_taken_name_is_refused(self) -> None:
        await self.register("li")
        client = await self.connect()
        reply = await client.ask(register("li", req=7))
        self.assert_errno(reply, 1)
        self.assertEqual(reply["req"], 7)
        self.assertNotIn("id", reply)
        self.assertIn("li", reply["errmsg"])

    async def test_one_of_two_clients_that_race_for_a_name_gets_it(self) -> None:
        clients = [await self.connect() for _ in range(2)]
        for number, client in enumerate(clients):
            client.send({"msgid": 3, "name": "li", "password": f"password {number}"})
        replies = [await client.next(msgid=4) for client in clients]
        self.assertEqual(sorted(reply["errno"] for reply in replies), [0, 1])
        winner = next(at for at, reply in enumerate(replies) if reply["errno"] == 0)
        reply = await clients[1 - winner].ask(
            {"msgid": 1, "name": "li", "password": f"password {winner}"}
        )
        self.assertEqual((reply["errno"], reply["id"]), (0, replies[winner]["id"]))

    async def test_names_of_one_packet_are_registered_in_order(self) -> None:
        client = await self.connect()
        client.send(register("li", req=1), register("li", req=2), register("wang", req=3))
        replies = [await client.next(msgid=4) for _ in range(3)]
        self.assertEqual([(r["req"], r["errno"]) for r in replies], [(1, 0), (2, 1), (3, 0)])

    async def test_invalid_name_of_another_type_is_refused(self) -> None:
        client = await self.connect()
        for name in (None, 5, True, ["li"], {"li": 1}):
            self.assert_errno(await client.ask(register(name)), 102)
        reply = await client.ask({"msgid": 3, "password": PASSWORD})
        self.assert_errno(reply, 102)
        self.assertIn("name", reply["errmsg"])


class PasswordTests(ServerCase):
    async def test_password_is_1_to_128_code_points_of_any_kind(self) -> None:
        client = await self.connect()
        for number, password in enumerate((" ", "\0\u202e\n", "'; --", "😀" * 128)):
            name = f"user {number}"
            reply = await client.ask(register(name, password=password))
            self.assertEqual(reply["errno"], 0, reply)
            other = await self.connect()
            ask = {"msgid": 1, "name": name, "password": password}
            self.assertEqual((await other.ask(ask))["errno"], 0, ascii(password))

    async def test_other_passwords_are_refused(self) -> None:
        client = await self.connect()
        for password in ("", "x" * 129, "😀" * 129, None, 123456, ["x"]):
            reply = await client.ask(register("li", password=password))
            self.assert_errno(reply, 102)
            self.assertIn("password", reply["errmsg"])
        self.assert_errno(await client.ask({"msgid": 3, "name": "li"}), 102)
        self.assertEqual(self.sql("SELECT * FROM accounts"), [])

    async def test_password_is_not_stored_in_clear(self) -> None:
        client = await self.connect()
        await client.ask(register("li", password="correct horse"))
        ((stored,),) = self.sql("SELECT password_hash FROM accounts")
        self.assertTrue(stored.startswith("$argon2id$"), stored)
        self.assertNotIn("correct horse", stored)


class SessionTests(ServerCase):
    async def test_registering_does_not_log_in(self) -> None:
        client = await self.connect()
        reply = await client.ask(register("li"))
        self.assert_errno(await client.ask(chat(reply["id"])), 103)
        self.assertEqual((await client.ask(login(reply["id"])))["errno"], 0)

    async def test_logged_in_client_cannot_register(self) -> None:
        account, client = await self.user()
        self.assert_errno(await client.ask(register("wang")), 104)
        self.assert_errno(await client.ask(register("")), 104)
        self.assertEqual(self.sql("SELECT id FROM accounts"), [(account,)])
