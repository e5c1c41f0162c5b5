"""Texts that mean something to a database are stored and returned as they are, wherever they go."""

from __future__ import annotations

from tests.attacks.on_mariadb import OnMariaDB
from tests.server.messages import (
    ack,
    by_token,
    chat,
    create_group,
    group_chat,
    history,
    login,
    register,
)
from tests.support.servers import PASSWORD, ServerCase
from tests.support.wire import WireClient

NAMES = (
    "' OR '1'='1", "'; DROP TABLE accounts; --", '"; DELETE FROM messages; --', "x'); --", "\\",
    "\\'", "''", '"', "`", "%", "_", "%s", "%(x)s", "%%", "?", ":1", "$1", "{0}", "/*", "*/", "#",
    ";", "NULL", "0x41", "1", "1e0", "-1", "*", "x' UNION SELECT 1,2,3,0 --", "\\u0027", "𝕏", "％",
    "‘",
)  # fmt: skip
#: What no name may hold, but other texts.
TEXTS = (*NAMES, "\0", "\x1a", "x\0'--", "\n", "\t", " ", "' ", "\\\n", "\b")
#: Texts that many databases take for one.
LOOKALIKES = (
    "a", "A", "á", "a\u0301", "ａ", "a\0", "a\u200b", "a ", "a  ", "a\t", "ß", "ss", "ﬁ", "fi",
)  # fmt: skip
TABLES = ("accounts", "devices", "tokens", "friends", "conversations", "chat_groups", "members")


class SqlTests(ServerCase):
    settings = {"register_rate": 0.0, "login_failures": 0, "hash_threads": 4}

    def counts(self) -> dict[str, int]:
        return {table: self.sql(f"SELECT COUNT(*) FROM {table}")[0][0] for table in TABLES}

    async def test_names_of_users(self) -> None:
        client = await self.connect()
        ids = {}
        for name in NAMES[::3]:  # each takes three password hashes
            reply = await client.ask(register(name))
            self.assertEqual(reply["errno"], 0, name)
            ids[name] = reply["id"]
        for name, id in ids.items():
            self.assert_errno(await client.ask(register(name)), 1)
            other = await self.connect()
            reply = await other.ask({"msgid": 1, "name": name, "password": PASSWORD})
            self.assertEqual((reply["errno"], reply["id"], reply["name"]), (0, id, name))
            await other.hang_up()
        self.assertEqual(dict(self.sql("SELECT name, id FROM accounts")), ids)

    async def test_names_and_descriptions_of_groups(self) -> None:
        li, client = await self.user("li")
        groups = []
        for name in NAMES:
            made = await client.ask(create_group(name, groupdesc=name))
            self.assertEqual(made["errno"], 0, name)
            groups.append((made["groupid"], name, name))
            self.assert_errno(await client.ask(create_group(name)), 112)
        for text in TEXTS:
            made = await client.ask(create_group(f"group {text!r}"[:50].strip(), groupdesc=text))
            groups.append((made["groupid"], f"group {text!r}"[:50].strip(), text))
        _, reply = await self.login(li, device="second")
        self.assertEqual(
            [(one["id"], one["groupname"], one["groupdesc"]) for one in reply["groups"]], groups
        )

    async def test_texts_cids_and_devices(self) -> None:
        _, client = await self.user("li", device="'")
        wang, reader = await self.user("wang")
        texts = (*TEXTS, *LOOKALIKES)
        group = (await client.ask(create_group("g")))["groupid"]
        for seq, text in enumerate(texts, 1):
            reply = await client.ask(chat(wang, text, cid=text))
            self.assertEqual((reply["errno"], reply["seq"]), (0, seq), repr(text))
            self.assertEqual((await reader.next(msgid=5, seq=seq))["msg"], text)
            again = await client.ask(chat(wang, text, cid=text))
            self.assertEqual((again["seq"], again["dup"]), (seq, True), repr(text))
            self.assert_errno(await client.ask(chat(wang, f"{text}x", cid=text)), 111)
            self.assert_errno(await client.ask(group_chat(group, text, cid=text)), 111)
        page = await client.ask(history(toid=wang, limit=200))
        self.assertEqual(
            [(one["seq"], one["msg"], one["cid"]) for one in page["messages"]],
            [(seq, text, text) for seq, text in enumerate(texts, 1)],
        )

    async def test_every_device_is_one_of_its_own(self) -> None:
        li = self.add_account("li")
        tokens = {}
        for device in (*TEXTS, *LOOKALIKES):
            client, reply = await self.login(li, device=device)
            tokens[device] = reply["token"]
        for client in self.clients:
            self.assertEqual(await client.settled(), [], "nobody was replaced")
        self.assertEqual({row[0] for row in self.sql("SELECT name FROM devices")}, set(tokens))
        client = await self.connect()
        for device, token in tokens.items():
            other = "a" if device != "a" else "A"
            self.assert_errno(await client.ask(by_token(token, device=other)), 1)

    async def test_what_logs_nobody_in(self) -> None:
        await self.two_users()
        before = self.counts()
        client = await self.connect()
        for text in (*TEXTS, *LOOKALIKES):
            self.assert_errno(await client.ask(by_token(text)), 1)
            self.assert_errno(await client.ask(login(1, password=f"{text}{PASSWORD}")), 1)
        for name in (*NAMES[:3], *LOOKALIKES[1:]):
            reply = await client.ask({"msgid": 1, "name": name, "password": PASSWORD})
            self.assert_errno(reply, 1)
        self.assertEqual(self.counts(), before)

    async def test_acknowledged_and_asked_for(self) -> None:
        """Numbers are no texts: nothing but numbers comes as far as the database."""
        client = await self.two_users()
        for text in TEXTS:
            for message in (ack(text, 1), ack(1, text), history(conv=text), history(before=text)):
                self.assert_errno(await client.ask(message), 102)

    async def two_users(self) -> WireClient:
        _, client = await self.user("a")
        await self.user("b")
        return client


class OnMariaDBTests(OnMariaDB, SqlTests):
    pass
