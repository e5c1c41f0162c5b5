"""What a login tells those who guess: nothing but that they were wrong."""

from __future__ import annotations

from typing import Any

from chatserver.services.passwords import Passwords
from tests.server.messages import NOBODY, WRONG, by_token, register
from tests.store.statements import Recording
from tests.support.servers import PASSWORD, ServerCase
from tests.support.wire import Json


class Counting:
    """Counts the hashes that are computed."""

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords
        self.count = 0

    async def hash(self, password: str) -> str:
        self.count += 1
        return await self._passwords.hash(password)

    async def verify(self, password: str, stored: str | None) -> bool:
        self.count += 1
        return await self._passwords.verify(password, stored)


class GuessingCase(ServerCase):
    settings: dict[str, Any] = {"login_failures": 0}

    def start(self, **settings: Any) -> None:
        super().start(**settings)
        node: Any = self.server._node
        service = node.accounts
        self.hashes = service._passwords = Counting(service._passwords)
        self.engine = node.store._database._engine = Recording(node.store._database._engine)

    async def work(self, request: Json) -> tuple[Json, int, list[str]]:
        """What a request is answered, and what work that takes: hashes and statements."""
        client = await self.connect()
        self.hashes.count = 0
        self.engine.transactions.clear()
        reply = await client.ask(request)
        # The look for orders goes on by the clock.
        statements = [
            one.sql
            for each in self.engine.transactions
            for one in each
            if "FROM orders" not in one.sql
        ]
        await client.hang_up()
        return reply, self.hashes.count, statements


class EqualWorkTests(GuessingCase):
    async def test_unknown_accounts_cost_what_wrong_passwords_cost(self) -> None:
        li = self.add_account("li")
        gone = self.add_account("gone")
        self.sql("UPDATE accounts SET disabled = 1 WHERE id = ?", gone)
        for known, unknown in (
            ({"id": li}, {"id": NOBODY}),
            ({"name": "li"}, {"name": "nobody"}),
            ({"id": gone}, {"id": NOBODY}),
            ({"name": "gone"}, {"name": "nobody"}),
            ({"id": li, "name": "x"}, {"id": NOBODY, "name": "li"}),
            ({"name": "li", "device": "d"}, {"name": "nobody", "device": "d"}),
        ):
            wrong = await self.work({"msgid": 1, "password": WRONG, **known})
            nobody = await self.work({"msgid": 1, "password": WRONG, **unknown})
            self.assertEqual(wrong, nobody, known)
            self.assert_errno(wrong[0], 1)
            self.assertEqual(wrong[1], 1, "one hash")
            self.assertEqual(len(wrong[2]), 1, "one statement")

    async def test_the_hash_for_nobody_takes_as_long_as_that_of_an_account(self) -> None:
        node: Any = self.server._node
        await self.register("li")
        [(stored,)] = self.sql("SELECT password_hash FROM accounts")
        self.assertEqual(stored.split("$")[:4], node.passwords._nobody.split("$")[:4])
        self.assertEqual(len(stored), len(node.passwords._nobody))

    async def test_tokens_that_are_unknown_expired_or_revoked(self) -> None:
        li = self.add_account("li")
        client, expired = await self.login(li, device="expired")
        await client.hang_up()
        client, revoked = await self.login(li, device="revoked")
        await client.ask({"msgid": 10})
        self.sql("UPDATE tokens SET expires = 1")
        before = self.sql("SELECT * FROM tokens")
        replies = [
            await self.work(by_token(token))
            for token in ("x", "x" * 43, expired["token"], revoked["token"], expired["token"][:-1])
        ]
        for reply in replies:
            self.assertEqual(reply, replies[0])
        self.assertEqual((replies[0][1], len(replies[0][2])), (0, 1))
        self.assertEqual(self.sql("SELECT * FROM tokens"), before)

    async def test_registration_tells_who_exists_before_it_takes_any_work(self) -> None:
        """It can't be hidden. What it costs is a place in ``register_rate``."""
        self.add_account("li")
        reply, hashes, statements = await self.work(register("li"))
        self.assert_errno(reply, 1)
        self.assertEqual((hashes, len(statements)), (0, 1))
        await self.restart(register_rate=3)
        errnos = [(await self.work(register("li")))[0]["errno"] for _ in range(5)]
        self.assertEqual(errnos, [1, 1, 1, 109, 109])


class CountingTests(GuessingCase):
    settings = {"login_failures": 2}

    async def test_unknown_accounts_have_the_same_waits(self) -> None:
        self.add_account("li")
        replies = {}
        for name in ("li", "nobody"):
            replies[name] = [
                (await self.work({"msgid": 1, "name": name, "password": password}))[0]
                for password in (WRONG, WRONG, WRONG, PASSWORD)
            ]
            for reply in replies[name]:
                self.assertEqual("retry_after" in reply, reply["errno"] == 109)
                reply.pop("retry_after", None)
        self.assertEqual(replies["li"], replies["nobody"])
        self.assertEqual([reply["errno"] for reply in replies["li"]], [1, 1, 109, 109])

    async def test_who_has_to_wait_costs_no_hash(self) -> None:
        self.add_account("li")
        for _ in range(2):
            await self.work({"msgid": 1, "name": "li", "password": WRONG})
        for name in ("li", "li"):
            reply, hashes, _ = await self.work({"msgid": 1, "name": name, "password": WRONG})
            self.assertEqual((reply["errno"], hashes), (109, 0))
