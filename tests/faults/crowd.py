"""People who chat without end: each with each, in groups, and with the lists of friends growing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import count
from typing import Any

from twisted.internet.task import LoopingCall

from chatserver.spawn import spawn
from tests.e2e.clients import login, register
from tests.faults import events
from tests.faults.device import Device
from tests.faults.history import History
from tests.faults.program import Program
from tests.support.wire import Json

_CHANGE_EVERY, _LOOK_EVERY = 0.3, 0.5  # seconds
_LONG = "长消息 " * 1500
_EXISTS = 112


class Crowd:
    """Accounts with their devices; the first has two, the last one perhaps an unnamed one.

    The second and the last one also have a program on the client library each. Most come in where
    they can; but for each door there is a device that knows no other.

    :param doors: ports where they come in; fewer than there are people.
    :param chance: decides what they do.
    """

    def __init__(
        self, reactor: Any, doors: Sequence[int], history: History, chance: random.Random
    ) -> None:
        self.devices: list[Device] = []
        self.programs: list[Program] = []
        self._reactor = reactor
        self._doors = doors
        self._history = history
        self._chance = chance
        self._numbers = count()
        self._accounts: list[int] = []
        self._groups: dict[int, list[int]] = {}
        self._first_texts: dict[int, tuple[Device, str]] = {}
        self._friends: dict[int, set[int]] = {}
        self._loops = [LoopingCall(work) for work in (self._write, self._change, self._look)]

    async def come(self, port: int, people: int, *, unnamed: bool) -> None:
        """Register at a node, make a group of all, and log them in.

        :param people: how many, at least three.
        """
        self._accounts = await register(port, *(f"user {number}" for number in range(people)))
        for account in self._accounts:
            client, _ = await login(port, account, device="first")
            if not self._groups:
                reply = await client.ask({"msgid": 7, "groupname": "all"})
                self._note_joined(account, reply["groupid"], "creator")
            else:
                await self._join(client, account, next(iter(self._groups)))
            await client.hang_up()
        first, *others, last = self._accounts
        places = [(first, "phone"), (first, "pad"), *((other, "phone") for other in others)]
        self.devices = [
            Device(self._reactor, self._doors, account, name, self._history)
            for account, name in [*places, (last, "" if unnamed else "phone")]
        ]
        self.devices += [
            Device(self._reactor, [door], account, "stays", self._history)
            for account, door in zip(others, self._doors, strict=False)
        ]
        self.programs = [
            Program(self._reactor, self._doors, account, "program", self._history)
            for account in (others[0], last)
        ]
        for one in self._all:
            one.start()

    @property
    def is_in(self) -> bool:
        """Whether all are logged in."""
        return all(one.is_in for one in self._all)

    @property
    def is_done(self) -> bool:
        """Whether all that was given to send is stored."""
        return all(one.is_done for one in self._all)

    def begin(self, interval: float) -> None:
        """Write: each device sends a text every ``interval`` seconds."""
        for loop, each in zip(
            self._loops, (interval / len(self._all), _CHANGE_EVERY, _LOOK_EVERY), strict=True
        ):
            loop.start(each)

    def end(self) -> None:
        """Write no more."""
        for loop in self._loops:
            if loop.running:
                loop.stop()

    async def go(self) -> None:
        """Log all out, whatever state they are in."""
        self.end()
        for one in self._all:
            await one.stop()

    @property
    def _all(self) -> Sequence[Device | Program]:
        return [*self.devices, *self.programs]

    def _write(self) -> None:
        device = self._chance.choice(self._all)
        number = next(self._numbers)
        text = f"{number} from {device.name}"
        if number % 40 == 0:
            text += " " + _LONG
        groups = [group for group, members in self._groups.items() if device.account in members]
        to = {"toid": self._chance.choice(self._accounts)}
        if groups and self._chance.random() < 0.5:
            to = {"group": self._chance.choice(groups)}
        for part in range(self._chance.choice((1, 1, 1, 4))):
            device.send(f"{text}/{part}", **to)

    def _change(self) -> None:
        here = [device for device in self.devices if device.is_in]
        if here:
            change = self._chance.choice((self._befriend, self._found, self._enter))
            spawn(change(self._chance.choice(here)), "changing something")

    async def _befriend(self, device: Device) -> None:
        """Ask for each friend until it is answered that it is one, and never again."""
        friends = self._friends.setdefault(device.account, {device.account})
        friend = next((other for other in self._accounts if other not in friends), None)
        if friend is None:
            return
        reply = await device.ask({"msgid": 6, "friendid": friend})
        if reply is not None and reply["errno"] in (0, _EXISTS):
            friends.add(friend)
            self._history.note(events.Befriended(self._history.now(), device.account, friend))

    async def _found(self, device: Device) -> None:
        reply = await device.ask({"msgid": 7, "groupname": f"group {next(self._numbers)}"})
        if reply is not None and not reply["errno"]:
            group = reply["groupid"]
            self._note_joined(device.account, group, "creator")
            self._first_texts[group] = device, device.send(f"welcome to {group}", group=group)

    async def _enter(self, device: Device) -> None:
        """Join a group in which something was said before, which is not for those who come now."""
        others = [
            group
            for group, (founder, cid) in self._first_texts.items()
            if device.account not in self._groups[group] and founder.has_stored(cid)
        ]
        if others:
            await self._join(device, device.account, self._chance.choice(others))

    async def _join(self, client: Any, account: int, group: int) -> None:
        self._history.note(events.Wanted(self._history.now(), account, group))
        reply: Json | None = await client.ask({"msgid": 8, "groupid": group})
        if reply is not None and reply["errno"] in (0, _EXISTS):
            self._note_joined(account, group, "normal")

    def _note_joined(self, account: int, group: int, role: str) -> None:
        self._groups.setdefault(group, []).append(account)
        now = self._history.now()
        self._history.note(events.Joined(now, account, group, role))

    def _look(self) -> None:
        here = [device for device in self.devices if device.is_in and device.conversations]
        if here:
            spawn(self._read_back(self._chance.choice(here)), "looking back")

    async def _read_back(self, device: Device) -> None:
        conv = self._chance.choice(sorted(device.conversations))
        reply = await device.ask({"msgid": 15, "conv": conv, "limit": 20})
        if reply is not None and not reply["errno"]:
            lines = [
                events.Line(one["seq"], one["id"], one["msg"], one["time"])
                for one in reply["messages"]
            ]
            self._history.note(
                events.Looked(self._history.now(), device.name, reply["conv"], lines)
            )
