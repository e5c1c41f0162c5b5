"""Devices, and the tokens that log them in again."""

from __future__ import annotations

import hashlib
from typing import Any

from twisted.internet.defer import DeferredList

from chatserver.errors import Refused
from chatserver.store.accounts import Account
from chatserver.store.devices import UNNAMED, TokenOwner
from chatserver.store.ties import Ties
from tests.store.cases import DAY, NOW, StoreCase, error_of, together

LIFETIME = 30 * DAY


class DeviceTests(StoreCase):
    """Who a device is."""

    async def test_a_device_stays_the_same(self) -> None:
        account = await self.account()
        self.assertEqual(await self.device(account), await self.device(account))

    async def test_devices_are_told_apart_by_account_and_name(self) -> None:
        one, two = await self.accounts(2)
        names = ["phone", "Phone", "phone ", UNNAMED, "电话", "\0"]
        devices = [await self.device(account, name) for account in (one, two) for name in names]
        self.assertEqual(len(set(devices)), 2 * len(names))

    async def test_a_device_is_known_once_it_came_in(self) -> None:
        account = await self.account()
        self.assertFalse(await self.store.devices.is_known(account, "phone"))
        await self.device(account)
        self.assertTrue(await self.store.devices.is_known(account, "phone"))
        self.assertFalse(await self.store.devices.is_known(account, "laptop"))

    async def test_a_new_device_that_comes_in_many_times_at_once_is_one(self) -> None:
        account = await self.account()
        devices = await together(*(self.device(account) for _ in range(10)))
        self.assertEqual(len(set(devices)), 1)


class TokenTests(StoreCase):
    """Valid for 30 days after their last use."""

    async def test_a_token_names_its_owner(self) -> None:
        account = await self.account()
        entry = await self.enter(account)
        found = await self.store.accounts.find(id=account)
        assert found is not None
        owner = await self.store.devices.owner_of(entry.token, NOW)
        self.assertEqual(owner, TokenOwner(found, entry.device, "phone", Ties([], [])))

    async def test_each_entry_gets_another_token_and_all_are_valid(self) -> None:
        account = await self.account()
        entries = [await self.enter(account) for _ in range(3)]
        self.assertEqual(len({entry.token for entry in entries}), 3)
        for entry in entries:
            self.assertIsNotNone(await self.store.devices.owner_of(entry.token, NOW))

    async def test_a_token_is_stored_hashed(self) -> None:
        entry = await self.enter(await self.account())
        ((stored,),) = self.rows("SELECT hash FROM tokens")
        self.assertEqual(stored, hashlib.sha256(entry.token.encode()).digest())

    async def test_a_token_expires(self) -> None:
        entry = await self.enter(await self.account())
        self.assertEqual(entry.expires, NOW + LIFETIME)
        self.assertIsNotNone(await self._owner(entry.token, NOW + LIFETIME))
        self.assertIsNone(await self._owner(entry.token, NOW + LIFETIME + 1))

    async def test_how_long_is_a_setting(self) -> None:
        store = self.open(token_days=0.5)
        entry = await store.devices.enter(await self.account(), "phone", NOW)
        self.assertEqual(entry.expires, NOW + DAY // 2)

    async def test_use_renews_it_and_the_string_stays(self) -> None:
        entry = await self.enter(await self.account())
        owner = await self._owner(entry.token, NOW + DAY)
        assert owner is not None
        renewed = await self.store.devices.renew(owner, entry.token, NOW + DAY)
        self.assertEqual(renewed, entry._replace(expires=NOW + DAY + LIFETIME))
        self.assertIsNotNone(await self._owner(entry.token, NOW + DAY + LIFETIME))
        self.assertIsNone(await self._owner(entry.token, NOW + DAY + LIFETIME + 1))

    async def test_it_may_be_used_twice_in_one_millisecond(self) -> None:
        entry = await self.enter(await self.account())
        owner = await self._owner(entry.token, NOW)
        assert owner is not None
        for _ in range(2):
            self.assertEqual(await self.store.devices.renew(owner, entry.token, NOW), entry)

    async def test_many_that_are_used_at_once_share_a_transaction(self) -> None:
        account = await self.account()
        entries = [await self.enter(account, f"device {n}") for n in range(5)]
        await self.store.devices.revoke(entries[2].device)
        owner = TokenOwner(Account(account, "", "", False), 0, "", Ties([], []))
        before = self.store.devices.renewals.durations.count
        renewals = [
            self.store.devices.renew(owner, entry.token, later)
            for later in (NOW + DAY, NOW + 2 * DAY)
            for entry in entries
        ]
        answers: list[Any] = await DeferredList(renewals, consumeErrors=True)
        self.assertEqual(self.store.devices.renewals.durations.count, before + 1)
        self.assertEqual([ok for ok, _ in answers], [True, True, False, True, True] * 2)
        for entry in (entries[0], entries[4]):
            self.assertIsNotNone(await self._owner(entry.token, NOW + 2 * DAY + LIFETIME))

    async def test_an_unknown_token_belongs_to_nobody(self) -> None:
        entry = await self.enter(await self.account())
        for token in ("", "x", entry.token + "x", entry.token[:-1], entry.token.swapcase()):
            self.assertIsNone(await self._owner(token, NOW))

    async def test_revoking_makes_all_tokens_of_the_device_worthless(self) -> None:
        account = await self.account()
        phone = [await self.enter(account) for _ in range(3)]
        laptop = await self.enter(account, "laptop")
        await self.store.devices.revoke(phone[0].device)
        for entry in phone:
            self.assertIsNone(await self._owner(entry.token, NOW))
        self.assertIsNotNone(await self._owner(laptop.token, NOW))

    async def test_a_token_that_was_revoked_meanwhile_is_not_renewed(self) -> None:
        entry = await self.enter(await self.account())
        owner = await self._owner(entry.token, NOW)
        assert owner is not None
        await self.store.devices.revoke(entry.device)
        problem = await error_of(self.store.devices.renew(owner, entry.token, NOW))
        self.assertIsInstance(problem, Refused)
        self.assertEqual(self.rows("SELECT COUNT(*) FROM tokens"), [(0,)])

    async def test_a_device_keeps_only_its_newest_tokens(self) -> None:
        account = await self.account()
        laptop = await self.enter(account, "laptop")
        entries = [await self.store.devices.enter(account, "phone", NOW + at) for at in range(20)]
        valid = [entry for entry in entries if await self._owner(entry.token, NOW) is not None]
        self.assertEqual(valid, entries[-16:])
        self.assertIsNotNone(await self._owner(laptop.token, NOW))

    async def test_expired_tokens_are_swept_out_when_their_device_comes_in(self) -> None:
        account = await self.account()
        await self.enter(account)
        await self.store.devices.enter(account, "phone", NOW + LIFETIME + 1)
        self.assertEqual(self.rows("SELECT COUNT(*) FROM tokens"), [(1,)])

    async def test_a_disabled_account_is_told_with_its_token(self) -> None:
        entry = await self.enter(await self.account())
        self.execute("UPDATE accounts SET disabled = 1")
        owner = await self._owner(entry.token, NOW)
        assert owner is not None
        self.assertTrue(owner.account.disabled)

    async def _owner(self, token: str, now: int) -> TokenOwner | None:
        return await self.store.devices.owner_of(token, now)


class TokenFileTests(StoreCase):
    """Whoever gets hold of the files gets no token."""

    async def test_no_file_of_the_database_has_the_token(self) -> None:
        entry = await self.enter(await self.account())
        self.close(self.store)
        everything = b"".join(
            path.read_bytes() for path in self.path.parent.iterdir() if path.is_file()
        )
        self.assertNotIn(entry.token.encode(), everything)
