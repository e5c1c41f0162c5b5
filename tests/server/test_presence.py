"""Presence: friends hear of the first device that comes and of the last that goes."""

from __future__ import annotations

from tests.server.messages import WRONG, add_friend, by_token, chat, login, loginout
from tests.support.servers import ServerCase
from tests.support.wire import Json, WireClient


class PresenceCase(ServerCase):
    """``watcher`` has ``li`` on the list."""

    async def watch(self) -> tuple[int, WireClient]:
        li = self.add_account("li")
        _, watcher = await self.user()
        await watcher.ask(add_friend(li))
        return li, watcher

    async def states(self, watcher: WireClient) -> list[str]:
        """The states that have come since the last call."""
        frames = list(await watcher.settled())
        watcher.frames.clear()
        return [frame["state"] for frame in frames if frame["msgid"] == 16]

    async def gone(self, watcher: WireClient, id: int) -> Json:
        return await watcher.next(msgid=16, id=id, state="offline")


class ComingAndGoingTests(PresenceCase):
    async def test_friend_comes_and_goes(self) -> None:
        li, watcher = await self.watch()
        client, _ = await self.login(li)
        frame = await watcher.next(msgid=16)
        self.assertEqual(frame, {"msgid": 16, "id": li, "state": "online"})
        await client.ask(loginout())
        self.assertEqual(await self.states(watcher), ["offline"])
        await client.ask(login(li))
        self.assertEqual(await self.states(watcher), ["online"])
        await client.hang_up()
        self.assertEqual(await self.gone(watcher, li), {**frame, "state": "offline"})

    async def test_connection_that_dies_goes_offline(self) -> None:
        li, watcher = await self.watch()
        client, _ = await self.login(li)
        client.cut()
        await self.gone(watcher, li)

    async def test_only_the_first_device_and_the_last_count(self) -> None:
        li, watcher = await self.watch()
        phone, _ = await self.login(li, device="phone")
        self.assertEqual(await self.states(watcher), ["online"])
        pad, _ = await self.login(li, device="pad")
        unnamed, _ = await self.login(li)
        await phone.ask(loginout())
        await unnamed.ask(loginout())
        self.assertEqual(await self.states(watcher), [])
        await pad.ask(loginout())
        self.assertEqual(await self.states(watcher), ["offline"])

    async def test_replacement_of_a_device_is_not_told(self) -> None:
        li, watcher = await self.watch()
        older, reply = await self.login(li, device="phone")
        self.assertEqual(await self.states(watcher), ["online"])
        newer = await self.connect()
        await newer.ask(by_token(reply["token"]))
        await older.closed
        newest, _ = await self.login(li, device="phone")
        await newer.closed
        await newest.settled()
        self.assertEqual(await self.states(watcher), [])
        await newest.ask(loginout())
        self.assertEqual(await self.states(watcher), ["offline"])

    async def test_login_that_is_refused_is_not_told(self) -> None:
        li, watcher = await self.watch()
        client = await self.connect()
        self.assert_errno(await client.ask(login(li, password=WRONG)), 1)
        self.assert_errno(await client.ask(by_token("x")), 1)
        self.assertEqual(await self.states(watcher), [])
        await self.login(li)
        await watcher.next(msgid=16)
        self.assert_errno(await client.ask(login(li)), 2)
        await client.hang_up()
        self.assertEqual(await self.states(watcher), [])


class AudienceTests(PresenceCase):
    async def test_all_devices_of_the_watcher_hear_of_it(self) -> None:
        li, wang = self.add_account(), self.add_account()
        phone, _ = await self.login(wang, device="phone")
        pad, _ = await self.login(wang, device="pad")
        await phone.ask(add_friend(li))
        await self.login(li)
        for client in (phone, pad):
            self.assertEqual(await self.states(client), ["online"])

    async def test_list_of_earlier_days_counts(self) -> None:
        li, wang = self.add_account(), self.add_account()
        self.sql("INSERT INTO friends (account, friend) VALUES (?, ?)", wang, li)
        watcher, _ = await self.login(wang)
        await self.login(li)
        self.assertEqual(await self.states(watcher), ["online"])

    async def test_only_those_who_have_the_account_on_their_list_hear_of_it(self) -> None:
        li, _ = await self.watch()
        wang, wang_client = await self.user()
        client, _ = await self.login(li)
        await client.ask(add_friend(wang))
        await client.ask(chat(wang))
        await client.ask(loginout())
        self.assertEqual(await self.states(wang_client), [])

    async def test_new_friend_is_watched_at_once(self) -> None:
        li, li_client = await self.user()
        _, watcher = await self.user()
        reply = await watcher.ask(add_friend(li))
        self.assertEqual(reply["errno"], 0)
        self.assertEqual(await self.states(watcher), [])
        await li_client.ask(loginout())
        self.assertEqual(await self.states(watcher), ["offline"])

    async def test_logged_out_watcher_hears_nothing(self) -> None:
        li, watcher = await self.watch()
        await watcher.ask(loginout())
        await self.login(li)
        self.assertEqual(await self.states(watcher), [])

    async def test_login_reply_and_presence_agree(self) -> None:
        li, watcher = await self.watch()
        wang = int(self.sql("SELECT account FROM friends")[0][0])
        client, _ = await self.login(li)
        await watcher.next(msgid=16)
        await watcher.ask(loginout())
        reply = await watcher.ask(login(wang))
        self.assertEqual([friend["state"] for friend in reply["friends"]], ["online"])
        self.assertEqual(await self.states(watcher), [])
        await client.ask(loginout())
        self.assertEqual(await self.states(watcher), ["offline"])
