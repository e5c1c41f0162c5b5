"""What waits for a device: above its cursor, and not its own."""

from __future__ import annotations

from chatserver.store.cursors import Backlog
from tests.store.cases import StoreCase


class BacklogTests(StoreCase):
    """One row for each conversation that has something for a device."""

    async def note(self, device: int, conversation: int, seq: int) -> None:
        """A device has received all up to a seq."""
        self.store.cursors.note(device, conversation, seq)
        await self.store.cursors.flush()

    async def test_nothing_waits_where_nothing_was_said(self) -> None:
        one, two = await self.accounts(2)
        await self.store.groups.create(one, "g", "")
        self.assertEqual(await self.backlog(one, await self.device(one)), [])
        self.assertEqual(await self.backlog(two, await self.device(two)), [])

    async def test_all_that_was_sent_waits_for_a_first_device(self) -> None:
        one, two = await self.accounts(2)
        for _ in range(3):
            stored = await self.send(two, (one, two))
        backlog = await self.backlog(one, await self.device(one))
        self.assertEqual(backlog, [Backlog(stored.conversation, 0, 0, 3, 3)])

    async def test_what_was_received_does_not_wait(self) -> None:
        one, two = await self.accounts(2)
        device = await self.device(one)
        for _ in range(5):
            stored = await self.send(two, (one, two))
        await self.note(device, stored.conversation, 3)
        self.assertEqual(
            await self.backlog(one, device), [Backlog(stored.conversation, 3, 0, 5, 2)]
        )
        await self.note(device, stored.conversation, 5)
        self.assertEqual(await self.backlog(one, device), [])

    async def test_devices_of_one_account_are_where_they_are_each(self) -> None:
        one, two = await self.accounts(2)
        phone, laptop = await self.device(one), await self.device(one, "laptop")
        for _ in range(4):
            stored = await self.send(two, (one, two))
        await self.note(phone, stored.conversation, 4)
        await self.note(laptop, stored.conversation, 1)
        self.assertEqual(await self.backlog(one, phone), [])
        self.assertEqual(
            await self.backlog(one, laptop), [Backlog(stored.conversation, 1, 0, 4, 3)]
        )

    async def test_a_message_of_ones_own_waits_for_other_devices_only(self) -> None:
        one, two = await self.accounts(2)
        phone, laptop = await self.device(one), await self.device(one, "laptop")
        stored = await self.send(one, (one, two), device=phone)
        await self.send(two, (one, two))
        self.assertEqual(
            await self.backlog(one, laptop), [Backlog(stored.conversation, 0, 0, 2, 2)]
        )
        self.assertEqual(await self.backlog(one, phone), [Backlog(stored.conversation, 0, 0, 2, 1)])

    async def test_where_all_is_the_devices_own_the_count_is_nought(self) -> None:
        one, two = await self.accounts(2)
        phone = await self.device(one)
        stored = await self.send(one, (one, two), device=phone)
        self.assertEqual(await self.backlog(one, phone), [Backlog(stored.conversation, 0, 0, 1, 0)])

    async def test_what_was_said_before_joining_does_not_wait(self) -> None:
        one, two = await self.accounts(2)
        group = await self.store.groups.create(one, "g", "")
        for _ in range(3):
            await self.send(one, group.conversation)
        device = await self.device(two)
        await self.store.groups.join(two, group.id)
        self.assertEqual(await self.backlog(two, device), [])
        await self.send(one, group.conversation)
        self.assertEqual(await self.backlog(two, device), [Backlog(group.conversation, 3, 0, 4, 1)])

    async def test_the_later_of_cursor_and_joining_counts(self) -> None:
        one, two = await self.accounts(2)
        group = await self.store.groups.create(one, "g", "")
        for _ in range(3):
            await self.send(one, group.conversation)
        await self.store.groups.join(two, group.id)
        device = await self.device(two)
        for _ in range(3):
            await self.send(one, group.conversation)
        await self.note(device, group.conversation, 1)
        self.assertEqual((await self.backlog(two, device))[0].floor, 3)
        await self.note(device, group.conversation, 5)
        self.assertEqual((await self.backlog(two, device))[0].floor, 5)

    async def test_conversations_of_others_do_not_wait(self) -> None:
        one, two, three = await self.accounts(3)
        group = await self.store.groups.create(two, "g", "")
        await self.send(two, group.conversation)
        await self.send(two, (two, three))
        self.assertEqual(await self.backlog(one, await self.device(one)), [])

    async def test_they_come_by_conversation(self) -> None:
        one, *others = await self.accounts(6)
        device = await self.device(one)
        sent = [await self.send(other, (other, one)) for other in reversed(others)]
        backlogs = await self.backlog(one, device)
        self.assertEqual(
            [backlog.conversation for backlog in backlogs],
            sorted(stored.conversation for stored in sent),
        )

    async def test_with_oneself(self) -> None:
        one = await self.account()
        phone, laptop = await self.device(one), await self.device(one, "laptop")
        stored = await self.send(one, (one, one), device=phone)
        self.assertEqual([each.missed for each in await self.backlog(one, phone)], [0])
        self.assertEqual(
            await self.backlog(one, laptop), [Backlog(stored.conversation, 0, 0, 1, 1)]
        )


class NewDeviceTests(StoreCase):
    """A new device begins with what no device of its account has received or sent."""

    async def note(self, device: int, conversation: int, seq: int) -> None:
        self.store.cursors.note(device, conversation, seq)
        await self.store.cursors.flush()

    async def test_it_begins_where_the_most_advanced_device_is(self) -> None:
        one, two = await self.accounts(2)
        phone, laptop = await self.device(one), await self.device(one, "laptop")
        for _ in range(6):
            stored = await self.send(two, (one, two))
        await self.note(phone, stored.conversation, 4)
        await self.note(laptop, stored.conversation, 2)
        (backlog,) = await self.backlog(one, await self.device(one, "tablet"))
        self.assertEqual((backlog.floor, backlog.last, backlog.missed), (4, 6, 2))

    async def test_what_other_devices_sent_before_is_not_its_business(self) -> None:
        one, two = await self.accounts(2)
        phone = await self.device(one)
        await self.send(two, (one, two))
        stored = await self.send(one, (one, two), device=phone)
        await self.send(two, (one, two))
        await self.send(one, (one, two), device=phone)
        backlog = await self.backlog(one, await self.device(one, "tablet"))
        self.assertEqual(backlog, [Backlog(stored.conversation, 0, 4, 4, 2)])

    async def test_what_they_send_later_is(self) -> None:
        one, two = await self.accounts(2)
        phone = await self.device(one)
        await self.send(one, (one, two), device=phone)
        tablet = await self.device(one, "tablet")
        stored = await self.send(one, (one, two), device=phone)
        self.assertEqual(
            await self.backlog(one, tablet), [Backlog(stored.conversation, 0, 1, 2, 1)]
        )

    async def test_in_a_conversation_that_is_newer_than_it_all_is(self) -> None:
        one, two = await self.accounts(2)
        phone, tablet = await self.device(one), await self.device(one, "tablet")
        stored = await self.send(one, (one, two), device=phone)
        await self.send(two, (one, two))
        self.assertEqual(
            await self.backlog(one, tablet), [Backlog(stored.conversation, 0, 0, 2, 2)]
        )

    async def test_in_a_group_it_begins_after_the_joining(self) -> None:
        one, two = await self.accounts(2)
        group = await self.store.groups.create(one, "g", "")
        for _ in range(3):
            await self.send(one, group.conversation)
        await self.store.groups.join(two, group.id)
        await self.device(two)
        await self.send(one, group.conversation)
        tablet = await self.device(two, "tablet")
        (backlog,) = await self.backlog(two, tablet)
        self.assertEqual((backlog.floor, backlog.last, backlog.missed), (3, 4, 1))

    async def test_the_first_device_of_all_gets_all(self) -> None:
        one, two = await self.accounts(2)
        for _ in range(2):
            stored = await self.send(two, (one, two))
        backlog = await self.backlog(one, await self.device(one))
        self.assertEqual(backlog, [Backlog(stored.conversation, 0, 0, 2, 2)])

    async def test_coming_in_again_changes_nothing(self) -> None:
        one, two = await self.accounts(2)
        phone = await self.device(one)
        tablet = await self.device(one, "tablet")
        for _ in range(3):
            stored = await self.send(two, (one, two))
        await self.note(phone, stored.conversation, 3)
        self.assertEqual(await self.device(one, "tablet"), tablet)
        (backlog,) = await self.backlog(one, tablet)
        self.assertEqual(backlog.missed, 3)

    async def test_devices_of_other_accounts_do_not_matter(self) -> None:
        one, two = await self.accounts(2)
        phone_of_two = await self.device(two)
        await self.device(one)
        for _ in range(3):
            stored = await self.send(two, (one, two), device=phone_of_two)
        await self.note(phone_of_two, stored.conversation, 3)
        (backlog,) = await self.backlog(one, await self.device(one, "tablet"))
        self.assertEqual(backlog.missed, 3)
