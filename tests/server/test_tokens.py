"""Tokens: logging in again without a password."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.server.messages import WRONG, by_token, loginout
from tests.support.servers import ServerCase
from tests.support.wire import Json


class TokenCase(ServerCase):
    """A token of an account's phone, whose connection is closed."""

    async def token(self, account: int, **fields: object) -> str:
        client, reply = await self.login(account, **fields)
        await client.hang_up()
        return str(reply["token"])

    async def try_token(self, token: str, **fields: object) -> Json:
        """The reply to a login on a connection of its own, which is closed again."""
        client = await self.connect()
        reply = await client.ask(by_token(token, **fields))
        await client.hang_up()
        return reply


class UseTests(TokenCase):
    async def test_token_alone_logs_its_account_and_device_in(self) -> None:
        li = self.add_account("li")
        token = await self.token(li, device="phone")
        client = await self.connect()
        reply = await client.ask(by_token(token, req="again"))
        self.assertEqual(
            (reply["errno"], reply["id"], reply["name"], reply["req"]), (0, li, "li", "again")
        )
        await self.login(li, device="phone")
        self.assertEqual((await client.next(msgid=17))["reason"], "replaced")

    async def test_token_wins_over_id_name_and_password(self) -> None:
        li, wang = self.add_account("li"), self.add_account("wang")
        token = await self.token(li, device="phone")
        reply = await self.try_token(token, id=wang, name="wang", password=WRONG)
        self.assertEqual((reply["errno"], reply["id"]), (0, li))

    async def test_use_moves_expires_and_keeps_the_string(self) -> None:
        li = self.add_account()
        token = await self.token(li, device="phone")
        soon = datetime.now(UTC) + timedelta(hours=1)
        self.sql("UPDATE tokens SET expires = ?", int(soon.timestamp() * 1000))
        reply = await self.try_token(token)
        self.assertEqual(reply["token"], token)
        self.assertGreater(
            datetime.fromisoformat(reply["expires"]), datetime.now(UTC) + timedelta(days=29)
        )
        ((stored,),) = self.sql("SELECT expires FROM tokens")
        told = datetime.fromisoformat(reply["expires"]).timestamp() * 1000
        self.assertEqual(stored, round(told))

    async def test_token_survives_a_restart(self) -> None:
        token = await self.token(self.add_account(), device="phone")
        await self.restart()
        self.assertEqual((await self.try_token(token))["errno"], 0)

    async def test_lifetime_is_a_setting(self) -> None:
        await self.restart(token_days=0.5)
        _, reply = await self.login(self.add_account())
        valid = datetime.fromisoformat(reply["expires"]) - datetime.now(UTC)
        self.assertAlmostEqual(valid / timedelta(hours=12), 1, places=2)

    async def test_each_login_by_password_has_a_token_and_all_are_valid(self) -> None:
        li = self.add_account()
        tokens = [await self.token(li, device="phone") for _ in range(3)]
        self.assertEqual(len(set(tokens)), 3)
        for token in tokens:
            self.assertEqual((await self.try_token(token))["errno"], 0)

    async def test_token_is_not_stored_in_clear(self) -> None:
        token = await self.token(self.add_account(), device="phone")
        await self.server.stopService()
        for file in self.database.parent.iterdir():
            self.assertNotIn(token.encode(), file.read_bytes(), file.name)
        self.start()


class RefusalTests(TokenCase):
    settings = {"login_failures": 1}

    async def test_unknown_tokens_are_refused(self) -> None:
        token = await self.token(self.add_account(), device="phone")
        for other in ("x", token[:-1], token + "x", "' OR 1=1 --", "\0", "😀"):
            self.assert_errno(await self.try_token(other), 1)
        self.assertEqual((await self.try_token(token))["errno"], 0)

    async def test_refused_token_is_not_made_good_by_a_password(self) -> None:
        client = await self.connect()
        reply = await client.ask(by_token("x", id=self.add_account(), password="secret"))
        self.assert_errno(reply, 1)

    async def test_expired_token_is_refused(self) -> None:
        token = await self.token(self.add_account(), device="phone")
        self.sql("UPDATE tokens SET expires = ?", int(datetime.now(UTC).timestamp() * 1000) - 1)
        self.assert_errno(await self.try_token(token), 1)

    async def test_device_beside_it_must_be_its_own(self) -> None:
        li = self.add_account()
        phone, unnamed = await self.token(li, device="phone"), await self.token(li)
        self.assert_errno(await self.try_token(phone, device="pad"), 1)
        self.assert_errno(await self.try_token(phone, device="Phone"), 1)
        self.assert_errno(await self.try_token(unnamed, device="phone"), 1)
        self.assertEqual((await self.try_token(phone, device="phone"))["errno"], 0)

    async def test_token_of_the_unnamed_device_waits_for_its_place(self) -> None:
        li = self.add_account()
        _, reply = await self.login(li)
        self.assert_errno(await self.try_token(reply["token"]), 2)
        await self.clients[0].ask(loginout())
        self.assert_errno(await self.try_token(reply["token"]), 1)


class RevocationTests(TokenCase):
    async def test_loginout_revokes_all_tokens_of_its_device(self) -> None:
        li = self.add_account()
        first = await self.token(li, device="phone")
        client, reply = await self.login(li, device="phone")
        await client.ask(loginout())
        for token in (first, reply["token"]):
            self.assert_errno(await self.try_token(token), 1)

    async def test_loginout_after_a_login_by_token_revokes_it(self) -> None:
        token = await self.token(self.add_account(), device="phone")
        client = await self.connect()
        await client.ask(by_token(token))
        self.assertEqual((await client.ask(loginout()))["errno"], 0)
        self.assert_errno(await client.ask(by_token(token)), 1)

    async def test_tokens_of_other_devices_and_accounts_stay(self) -> None:
        li, wang = self.add_account(), self.add_account()
        kept = [
            await self.token(li, device="pad"),
            await self.token(li),
            await self.token(wang, device="phone"),
        ]
        client, _ = await self.login(li, device="phone")
        await client.ask(loginout())
        for token in kept:
            self.assertEqual((await self.try_token(token))["errno"], 0)

    async def test_refused_loginout_revokes_nothing(self) -> None:
        token = await self.token(self.add_account(), device="phone")
        client = await self.connect()
        self.assert_errno(await client.ask(loginout()), 103)
        self.assertEqual((await self.try_token(token))["errno"], 0)
