"""Things that happen at an unlucky moment, which these tests choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import DeferredList

from tests.server.messages import (
    ack,
    add_friend,
    add_group,
    by_token,
    chat,
    create_group,
    group_chat,
    history,
    login,
    loginout,
    signal,
)
from tests.support.servers import ServerCase, reactor
from tests.support.waiting import until
from tests.support.wire import WireClient


class HoldingReactor:
    """The reactor, but for results from threads: they can be held back."""

    def __init__(self) -> None:
        self._to_pass = 0
        self._to_hold = 0
        self._held: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(reactor, name)

    def callFromThread(self, call: Callable[..., Any], *args: Any) -> None:
        if self._to_hold and self._to_pass:
            self._to_pass -= 1
            reactor.callFromThread(call, *args)
        elif self._to_hold:
            self._to_hold -= 1
            self._held.append((call, args))
        else:
            reactor.callFromThread(call, *args)

    def hold(self, *, after: int = 0) -> None:
        """Hold back the next result, or the one behind so many."""
        self._to_pass, self._to_hold = after, 1

    @property
    def is_holding(self) -> bool:
        """Whether what is to be held back has come."""
        return not self._to_hold

    def release(self) -> None:
        """Let what is held back go on, and hold back no more."""
        self._to_hold = 0
        held, self._held = self._held, []
        for call, args in held:
            reactor.callFromThread(call, *args)


class RaceCase(ServerCase):
    def setUp(self) -> None:
        self.reactor = HoldingReactor()
        super().setUp()

    async def held(self, client: WireClient, asked: int) -> bool:
        """Wait until a result is held back; False where a request was answered without it.

        :param asked: the msgid of that answer.
        """
        while not self.reactor.is_holding:
            await client.settled()
            if any(frame["msgid"] == asked for frame in client.frames):
                self.reactor.release()
                return False
        return True


class TokenLookedUpTests(RaceCase):
    """A token's owner is known, but not yet listened for."""

    async def test_what_another_device_does_meanwhile_is_not_missed(self) -> None:
        li = self.add_account()
        phone, reply = await self.login(li, device="phone")
        await phone.hang_up()
        wang, friend = await self.user()
        group = (await friend.ask(create_group("tea")))["groupid"]
        pad, _ = await self.login(li, device="pad")
        phone = await self.connect()
        self.reactor.hold()
        phone.send(by_token(reply["token"], ack=True))
        self.assertTrue(await self.held(phone, 2))
        await pad.ask(add_group(group))
        await pad.ask(add_friend(wang))
        await pad.hang_up()
        await friend.ask(group_chat(group, "before"))
        self.reactor.release()
        reply = await phone.next(msgid=2)
        self.assertEqual([one["id"] for one in reply["groups"]], [group])
        self.assertEqual([one["id"] for one in reply["friends"]], [wang])
        await friend.ask(group_chat(group, "after"))
        for text in ("before", "after"):
            await phone.next(msgid=9, msg=text)
        await friend.hang_up()
        await phone.next(msgid=16, id=wang, state="offline")


class CommittedButNotToldTests(RaceCase):
    """A message is in the database, but its sender's node has not heard of that yet."""

    async def hold(self) -> None:
        """Hold back the next result: that of a message, as no cursors wait to be written."""
        node: Any = self.server._node
        await until(node.store.cursors.is_settled)
        self.reactor.hold()

    async def test_device_that_reads_it_from_the_log_gets_it_once(self) -> None:
        li = self.add_account()
        client, _ = await self.login(li, ack=True)
        await client.ask(loginout())
        _, sender = await self.user()
        await sender.ask(chat(li, "before"))
        await self.hold()
        sender.send(chat(li, "at an unlucky moment"))
        self.assertTrue(await self.held(sender, 11))
        reply = await client.ask(login(li, ack=True))
        self.assertEqual(reply["pending"], 2)
        push = await client.next(msg="at an unlucky moment")
        await client.settled()
        self.reactor.release()
        await sender.next(msgid=11)
        after = await sender.ask(chat(li, "after"))
        await client.next(msg="after")
        texts = [frame["msg"] for frame in client.received if frame["msgid"] == 5]
        self.assertEqual(texts, ["before", "at an unlucky moment", "after"])
        client.send(ack(push["conv"], after["seq"]))
        await client.ask(loginout())
        self.assertEqual((await client.ask(login(li, ack=True)))["pending"], 0)

    async def test_who_joins_the_group_meanwhile_does_not_get_it(self) -> None:
        _, owner = await self.user()
        _, newcomer = await self.user()
        group = (await owner.ask(create_group("tea")))["groupid"]
        await self.hold()
        owner.send(group_chat(group, "before"))
        self.assertTrue(await self.held(owner, 11))
        self.assertEqual((await newcomer.ask(add_group(group)))["errno"], 0)
        self.reactor.release()
        await owner.next(msgid=11)
        await owner.ask(group_chat(group, "after"))
        self.assertEqual([frame["msg"] for frame in await newcomer.settled()], ["after"])
        reply = await newcomer.ask(history(groupid=group))
        self.assertEqual([message["msg"] for message in reply["messages"]], ["after"])


class LoginTests(RaceCase):
    """Something happens in the middle of a login, at each of its steps in turn."""

    async def watched(self) -> tuple[int, WireClient]:
        """An account, and a client that is told when it comes and goes."""
        li = self.add_account()
        _, watcher = await self.user()
        await watcher.ask(add_friend(li))
        return li, watcher

    async def test_client_that_goes_leaves_nobody_online(self) -> None:
        li, watcher = await self.watched()
        for device in ({}, {"device": "phone"}):
            step = 0
            while True:
                client = await self.connect()
                self.reactor.hold(after=step)
                client.send(login(li, **device))
                was_held = await self.held(client, 2)
                client.cut()
                await watcher.settled()
                await watcher.quiet(0.02)
                self.reactor.release()
                client, _ = await self.login_when_free(li, **device)
                await client.ask(loginout())
                await watcher.settled()
                states = [frame["state"] for frame in watcher.frames]
                self.assertEqual(states, ["online", "offline"] * (len(states) // 2), step)
                if not was_held:
                    break
                step += 1
            self.assertGreaterEqual(step, 4)

    async def test_other_login_of_the_device_leaves_one_of_them_online(self) -> None:
        li, watcher = await self.watched()
        step = 0
        while True:
            one, other = await self.connect(), await self.connect()
            self.reactor.hold(after=step)
            one.send(login(li, device="phone"))
            was_held = await self.held(one, 2)
            other.send(login(li, device="phone"))
            if was_held:
                await watcher.quiet(0.02)
            self.reactor.release()
            await DeferredList([one.closed, other.closed], fireOnOneCallback=True)
            (stayed,) = (client for client in (one, other) if not client.is_closed)
            self.assertEqual((await stayed.next(msgid=2))["errno"], 0)
            await watcher.settled()
            self.assertEqual([f["state"] for f in watcher.frames], ["online"], step)
            await watcher.ask(chat(li, f"{step}"))
            self.assertEqual((await stayed.next(msgid=5))["msg"], f"{step}")
            await stayed.ask(loginout())
            await watcher.settled()
            self.assertEqual([f["state"] for f in watcher.frames], ["online", "offline"], step)
            watcher.frames.clear()
            if not was_held:
                break
            step += 1
        self.assertGreaterEqual(step, 4)

    async def test_what_happens_meanwhile_is_told_once_and_after_the_login_reply(self) -> None:
        li, wang = self.add_account(), self.add_account()
        client, _ = await self.login(li, device="phone", ack=True)
        await client.ask(add_friend(wang))
        await client.hang_up()
        step = 0
        while True:
            client = await self.connect()
            self.reactor.hold(after=step)
            client.send(login(li, device="phone", ack=True))
            was_held = await self.held(client, 2)
            friend, _ = await self.login(wang)
            friend.send(signal(toid=li))
            conv = (await friend.ask(chat(li, f"{step}")))["conv"]
            self.reactor.release()
            reply = await client.next(msgid=2)
            seq = (await client.next(msg=f"{step}"))["seq"]
            await client.settled()
            told = [frame["msgid"] for frame in client.received if frame["msgid"] != 14]
            self.assertEqual((told[0], told.count(5)), (2, 1), step)
            states = [reply["friends"][0], *(f for f in client.frames if f["msgid"] == 16)]
            self.assertEqual(states[-1]["state"], "online", step)
            client.send(ack(conv, seq))
            await friend.ask(loginout())
            await client.next(msgid=16, id=wang, state="offline")
            await client.ask(loginout())
            if not was_held:
                break
            step += 1
        self.assertGreaterEqual(step, 4)


class LogoutTests(RaceCase):
    async def test_client_that_goes_in_the_middle_of_it_leaves_nobody_online(self) -> None:
        li = self.add_account()
        _, watcher = await self.user()
        await watcher.ask(add_friend(li))
        step = 0
        while True:
            client, _ = await self.login_when_free(li, ack=True)
            conv = (await watcher.ask(chat(li)))["conv"]
            client.send(ack(conv, (await client.next(msgid=5))["seq"]))
            self.reactor.hold(after=step)
            client.send(loginout(req="out"))
            was_held = await self.held(client, 11)
            client.cut()
            await watcher.quiet(0.02)
            self.reactor.release()
            await watcher.next(msgid=16, state="online")
            await watcher.next(msgid=16, state="offline")
            client, reply = await self.login_when_free(li, ack=True)
            self.assertEqual(reply["pending"], 0)
            await client.ask(loginout())
            await watcher.settled()
            self.assertEqual([f["state"] for f in watcher.frames], ["online", "offline"], step)
            watcher.frames.clear()
            if not was_held:
                break
            step += 1
        self.assertGreaterEqual(step, 2)
