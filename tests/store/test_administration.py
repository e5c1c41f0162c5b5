"""What only those who run the server do to accounts, and how they count what there is."""

from __future__ import annotations

from chatserver.store.administration import Administration, DeviceInfo
from chatserver.store.counts import COUNTED, Count, Counts
from tests.store.cases import DAY, NOW, StoreCase
from tests.store.test_mariadb import OnMariaDB


class AccountCase(StoreCase):
    """Accounts."""

    def setUp(self) -> None:
        super().setUp()
        self.administration = Administration(self.store._database)

    async def is_valid(self, token: str) -> bool:
        return await self.store.devices.owner_of(token, NOW) is not None

    async def test_pages_are_in_the_order_of_ids(self) -> None:
        ids = await self.accounts(5)
        await self.administration.disable(ids[2])
        page = self.administration.page
        self.assertEqual([one.id for one in await page(0, 3)], ids[:3])
        self.assertEqual([one.id for one in await page(ids[1], 10)], ids[2:])
        enabled = [one.id for one in await page(0, 3, disabled=False)]
        self.assertEqual(enabled, [ids[0], ids[1], ids[3]])
        [disabled] = await page(0, 3, disabled=True)
        self.assertEqual(disabled, (ids[2], "user 3", True, NOW))

    async def test_a_new_password_makes_all_tokens_worthless(self) -> None:
        li, wang = await self.accounts(2)
        mine = [(await self.enter(li, name)).token for name in ("phone", "", "pad")]
        others = (await self.enter(wang)).token
        await self.administration.set_password(li, "new hash")
        found = await self.store.accounts.find(id=li)
        assert found is not None
        self.assertEqual(found.password_hash, "new hash")
        self.assertEqual([await self.is_valid(token) for token in mine], [False] * 3)
        self.assertTrue(await self.is_valid(others))

    async def test_a_disabled_account_has_no_token_until_it_is_enabled_and_logs_in(self) -> None:
        li = await self.account()
        token = (await self.enter(li)).token
        await self.administration.disable(li)
        found = await self.store.accounts.find(id=li)
        assert found is not None
        self.assertTrue(found.disabled)
        await self.administration.enable(li)
        found = await self.store.accounts.find(id=li)
        assert found is not None
        self.assertFalse(found.disabled)
        self.assertFalse(await self.is_valid(token))

    async def test_tokens_of_one_device_are_revoked(self) -> None:
        li = await self.account()
        phone, unnamed = [(await self.enter(li, name)).token for name in ("phone", "")]
        await self.administration.revoke(li, "")
        self.assertEqual([await self.is_valid(one) for one in (phone, unnamed)], [True, False])
        await self.administration.revoke(li, "no such device")
        self.assertTrue(await self.is_valid(phone))

    async def test_a_profile_has_devices_groups_and_numbers(self) -> None:
        li, wang = await self.accounts(2)
        await self.enter(li, "phone")
        entry = await self.enter(li, "phone")
        await self.enter(li, "pad")
        await self.store.friends.add(li, wang)
        await self.store.groups.create(li, "tea", "")
        await self.send(li, (li, wang))
        profile = await self.administration.profile(li, NOW)
        devices = [DeviceInfo("pad", 1, entry.expires), DeviceInfo("phone", 2, entry.expires)]
        self.assertEqual(profile, (devices, ["tea"], 1, 2))
        later = await self.administration.profile(li, NOW + 31 * DAY)
        self.assertEqual(later.devices, [DeviceInfo("pad", 0, 0), DeviceInfo("phone", 0, 0)])


class CountCase(StoreCase):
    """Counts."""

    async def test_an_empty_database(self) -> None:
        counts = Counts(self.store._database)
        found = {what: await counts.of(what) for what in COUNTED}
        self.assertEqual(found, dict.fromkeys(COUNTED, Count(0, True)))

    async def test_all_is_counted(self) -> None:
        li, wang = await self.accounts(2)
        await Administration(self.store._database).disable(wang)
        for device in ("phone", "pad", ""):
            await self.enter(li, device)
        group = await self.store.groups.create(li, "tea", "")
        for _ in range(3):
            await self.send(li, (li, wang))
        await self.send(li, group.conversation)
        counts = Counts(self.store._database)
        found = {what: (await counts.of(what)).number for what in COUNTED}
        self.assertEqual(
            found,
            {
                "accounts": 2,
                "disabled": 1,
                "devices": 3,
                "groups": 1,
                "conversations": 2,
                "messages": 4,
            },
        )

    async def test_what_takes_too_long_is_estimated(self) -> None:
        rows = ", ".join(f"({id}, 'n{id}', 'hash', 0)" for id in range(1, 20_001))
        self.execute(f"INSERT INTO accounts (id, name, password_hash, created) VALUES {rows}")
        times = iter(range(10**6))
        found = await Counts(self.store._database, 1.5, lambda: next(times)).of("accounts")
        self.assertEqual(found, Count(20_000, False))
        found = await Counts(self.store._database, 1e6).of("accounts")
        self.assertEqual(found, Count(20_000, True))

    async def test_the_database_takes_room(self) -> None:
        self.assertGreater(await Counts(self.store._database).size(), 10_000)


class SQLiteAccountTests(AccountCase):
    pass


class SQLiteCountTests(CountCase):
    pass


class MariaDBAccountTests(OnMariaDB, AccountCase):
    pass


class MariaDBCountTests(OnMariaDB, CountCase):
    pass


del AccountCase, CountCase, OnMariaDB
