"""Limits on what clients may ask for: requests, registrations and wrong passwords."""

from __future__ import annotations

from tests.server.messages import (
    NOBODY,
    WRONG,
    ack,
    add_friend,
    by_token,
    chat,
    history,
    login,
    loginout,
    ping,
    register,
)
from tests.support.servers import PASSWORD, ServerCase
from tests.support.wire import Json, WireClient

OTHER_ADDRESS = "127.0.0.2"


class LimitCase(ServerCase):
    async def refused(self, client: WireClient, message: Json, longest: float) -> float:
        """The request is refused for a time, which is returned."""
        reply = await client.ask(message)
        self.assert_errno(reply, 109)
        self.assertGreater(reply["retry_after"], 0)
        self.assertLessEqual(reply["retry_after"], longest)
        return float(reply["retry_after"])


class LoginRateTests(LimitCase):
    settings = {"login_rate": 3}

    async def test_an_address_over_it_has_to_wait_by_token_too(self) -> None:
        li = self.add_account()
        client, reply = await self.login(li, device="phone")
        await client.hang_up()
        client = await self.connect()
        for _ in range(2):
            self.assert_errno(await client.ask(by_token("x")), 1)
        for message in (by_token(reply["token"]), login(li)):
            self.assertGreater(await self.refused(client, message, 20), 15)
        elsewhere = await self.connect(source=OTHER_ADDRESS)
        self.assertEqual((await elsewhere.ask(by_token(reply["token"])))["errno"], 0)

    async def test_a_login_with_a_bad_field_counts(self) -> None:
        client = await self.connect()
        for _ in range(3):
            self.assert_errno(await client.ask({"msgid": 1, "id": "1"}), 102)
        await self.refused(client, {"msgid": 1, "id": "1"}, 20)

    async def test_zero_is_no_limit(self) -> None:
        await self.restart(login_rate=0)
        client = await self.connect()
        for _ in range(10):
            self.assert_errno(await client.ask(by_token("x")), 1)


class RateTests(LimitCase):
    settings = {"rate": 0.01, "burst": 5}

    async def test_account_over_its_burst_is_refused_and_nothing_is_stored(self) -> None:
        li, client = await self.user()
        client.send(*(chat(li, f"{n}", req=n) for n in range(8)))
        replies = [await client.next(req=n) for n in range(8)]
        self.assertEqual([reply["errno"] for reply in replies], [0] * 5 + [109] * 3)
        for reply in replies[5:]:
            self.assertTrue(99 < reply["retry_after"] <= 100, reply)
        self.assertEqual(len(self.sql("SELECT * FROM messages")), 5)

    async def test_requests_of_all_devices_count_together_and_a_reconnect_helps_nothing(
        self,
    ) -> None:
        li = self.add_account()
        phone, _ = await self.login(li, device="phone")
        pad, _ = await self.login(li, device="pad")
        for client in (phone, pad, phone, pad, phone):
            self.assert_errno(await client.ask(add_friend(NOBODY)), 105)
        for client in (phone, pad):
            await self.refused(client, chat(li), 100)
        for client in (phone, pad):
            await client.hang_up()
        client, _ = await self.login_when_free(li, device="phone")
        await self.refused(client, history(toid=li), 100)
        await self.refused(client, loginout(), 100)

    async def test_other_accounts_are_not_hindered(self) -> None:
        li, client = await self.user()
        _, other = await self.user()
        for _ in range(5):
            await client.ask(chat(li))
        await self.refused(client, chat(li), 100)
        self.assertEqual((await other.ask(chat(li)))["errno"], 0)

    async def test_acks_and_pings_are_free(self) -> None:
        li, client = await self.user(ack=True)
        _, other = await self.user()
        conv = (await other.ask(chat(li)))["conv"]
        for _ in range(5):
            await client.ask(chat(NOBODY))
        client.send(*(ack(conv, 1) for _ in range(10)), *(ping() for _ in range(10)))
        client.send(*({"msgid": 14} for _ in range(10)))
        await self.refused(client, chat(li), 100)
        self.assertEqual({frame["msgid"] for frame in client.received}, {2, 5, 11, 14})

    async def test_before_a_login_each_connection_has_its_own_burst(self) -> None:
        client, other = await self.connect(), await self.connect()
        for _ in range(5):
            self.assert_errno(await client.ask(by_token("x")), 1)
        await self.refused(client, by_token("x"), 100)
        await self.refused(client, register("li"), 100)
        self.assert_errno(await other.ask(by_token("x")), 1)


class RefillTests(LimitCase):
    settings = {"rate": 20.0, "burst": 2}

    async def test_request_is_taken_after_the_time_told(self) -> None:
        li, client = await self.user()
        for _ in range(10):
            while (reply := await client.ask(chat(li)))["errno"] == 0:
                pass
            self.assert_errno(reply, 109)
            self.assertTrue(0 < reply["retry_after"] <= 1 / 20, reply)
            await client.quiet(reply["retry_after"])
            self.assertEqual((await client.ask(chat(li)))["errno"], 0)


class DefaultRateTests(ServerCase):
    async def test_burst_is_2000_requests(self) -> None:
        li, client = await self.user()
        client.send(*(add_friend(li, req=n) for n in range(4000)))
        await client.next(req=3999)
        errnos = [frame["errno"] for frame in client.received[1:]]
        self.assertEqual(errnos[:2000], [108] * 2000)
        self.assertIn(109, errnos[2000:])


class RegisterRateTests(LimitCase):
    settings = {"register_rate": 3}

    async def test_registrations_of_an_address_are_limited(self) -> None:
        client, other = await self.connect(), await self.connect()
        for name in ("a", "b", "c"):
            self.assertEqual((await client.ask(register(name)))["errno"], 0)
        for asked in (client, other):
            self.assertGreater(await self.refused(asked, register("d"), 20), 10)
        elsewhere = await self.connect(source=OTHER_ADDRESS)
        self.assertEqual((await elsewhere.ask(register("d")))["errno"], 0)
        self.assertEqual((await client.ask(login(1)))["errno"], 0)

    async def test_refused_registrations_count(self) -> None:
        self.add_account("taken")
        client = await self.connect()
        for _ in range(3):
            self.assert_errno(await client.ask(register("taken")), 1)
        await self.refused(client, register("free"), 20)

    async def test_zero_is_no_limit(self) -> None:
        await self.restart(register_rate=0)
        self.add_account("taken")
        client = await self.connect()
        for _ in range(200):
            self.assert_errno(await client.ask(register("taken")), 1)


class LoginFailureTests(LimitCase):
    settings = {"login_failures": 3}

    async def guess(self, client: WireClient, *who: Json) -> None:
        """Show wrong passwords."""
        for fields in who:
            self.assert_errno(await client.ask({"msgid": 1, "password": WRONG, **fields}), 1)

    async def test_address_has_to_wait_for_that_account_its_right_password_too(self) -> None:
        li = self.add_account("li")
        client, other = await self.connect(), await self.connect()
        await self.guess(client, {"id": li}, {"name": "li"}, {"id": li})
        for asked in (client, other):
            self.assertGreater(await self.refused(asked, login(li), 1), 0.5)
        await self.refused(client, {"msgid": 1, "name": "li", "password": PASSWORD}, 1)

    async def test_wait_grows_with_each_failure(self) -> None:
        li = self.add_account()
        client = await self.connect()
        await self.guess(client, *[{"id": li}] * 3)
        wait = await self.refused(client, login(li, password=WRONG), 1)
        await client.quiet(wait + 0.01)
        await self.guess(client, {"id": li})
        self.assertGreater(await self.refused(client, login(li), 2), 1.5)

    async def test_right_password_after_the_wait_is_taken_and_resets_the_count(self) -> None:
        li = self.add_account()
        client = await self.connect()
        await self.guess(client, *[{"id": li}] * 3)
        await client.quiet(await self.refused(client, login(li), 1) + 0.01)
        self.assertEqual((await client.ask(login(li)))["errno"], 0)
        await client.ask(loginout())
        await self.guess(client, *[{"id": li}] * 2)
        self.assertEqual((await client.ask(login(li)))["errno"], 0)

    async def test_tokens_other_accounts_and_other_addresses_are_not_hindered(self) -> None:
        li, wang = self.add_account(), self.add_account()
        client, reply = await self.login(li, device="phone")
        await client.ask(chat(wang))
        await client.hang_up()
        client = await self.connect()
        await self.guess(client, *[{"id": li}] * 3)
        await self.refused(client, login(li), 1)
        elsewhere = await self.connect(source=OTHER_ADDRESS)
        self.assertEqual((await elsewhere.ask(login(li)))["errno"], 0)
        self.assertEqual((await client.ask(by_token(reply["token"])))["errno"], 0)
        await client.ask(loginout())
        self.assertEqual((await client.ask(login(wang)))["errno"], 0)

    async def test_accounts_that_do_not_exist_are_no_exception(self) -> None:
        client = await self.connect()
        for who in ({"name": "nobody"}, {"id": NOBODY}):
            await self.guess(client, *[who] * 3)
            await self.refused(client, {"msgid": 1, "password": PASSWORD, **who}, 1)

    async def test_many_guesses_at_once_are_no_way_around_it(self) -> None:
        li = self.add_account()
        clients = [await self.connect() for _ in range(10)]
        for client in clients:
            client.send(login(li, password=WRONG))
        replies = [await client.next(msgid=2) for client in clients]
        self.assertEqual(sorted(r["errno"] for r in replies), [1] * 3 + [109] * 7)

    async def test_errno_2_and_wrong_tokens_do_not_count(self) -> None:
        li, first = await self.user()
        client = await self.connect()
        for _ in range(5):
            self.assert_errno(await client.ask(login(li)), 2)
            self.assert_errno(await client.ask(by_token("x", id=li)), 1)
        await first.ask(loginout())
        self.assertEqual((await client.ask(login(li)))["errno"], 0)

    async def test_address_has_50_failures_a_minute(self) -> None:
        accounts = [self.add_account() for _ in range(26)]
        client, reply = await self.login(accounts[-1], device="phone")
        await client.hang_up()
        client = await self.connect()
        for account in accounts[:25]:
            await self.guess(client, *[{"id": account}] * 2)
        await self.refused(client, login(accounts[-1]), 1.2)
        elsewhere = await self.connect(source=OTHER_ADDRESS)
        self.assertEqual((await elsewhere.ask(login(accounts[0])))["errno"], 0)
        self.assertEqual((await client.ask(by_token(reply["token"])))["errno"], 0)

    async def test_zero_is_no_limit(self) -> None:
        await self.restart(login_failures=0)
        li = self.add_account()
        client = await self.connect()
        await self.guess(client, *[{"id": li}] * 60)
        self.assertEqual((await client.ask(login(li)))["errno"], 0)
