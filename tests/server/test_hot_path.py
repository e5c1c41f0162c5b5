"""What a message costs, counted and not timed: a machine's speed is no matter, nor its load.

When a change makes a count grow, either it is worth that and the bound is raised with it, or
something has slipped into the way of every message.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import chatserver
from tests.server.messages import add_group, chat, create_group, group_chat, signal
from tests.support.servers import ServerCase
from tests.support.wire import WireClient

_SERVER = str(Path(chatserver.__file__).parent)
_MESSAGES = 100


class Work:
    """What the server's code did in this thread."""

    def __init__(self) -> None:
        #: Calls of functions of the server's own.
        self.calls = 0
        #: Calls into the system and other code in C, by name.
        self.outside: Counter[str] = Counter()

    def note(self, frame: FrameType, event: str, what: Any) -> None:
        """Take what the interpreter tells of a call."""
        if event == "call":
            self.calls += frame.f_code.co_filename.startswith(_SERVER)
        elif event == "c_call" and frame.f_code.co_filename.startswith(_SERVER):
            self.outside[what.__name__] += 1


@contextmanager
def counted() -> Iterator[Work]:
    work, before = Work(), sys.getprofile()
    sys.setprofile(work.note)
    try:
        yield work
    finally:
        sys.setprofile(before)


class HotPathTests(ServerCase):
    """Everything that can be cached is: these are what a busy server does all day."""

    settings = {"rate": 1e6, "burst": 10**6}

    async def _friends(self) -> tuple[int, WireClient, int, WireClient]:
        """Two users who have written to each other before."""
        wang, sender = await self.user(ack=True)
        li, receiver = await self.user(ack=True)
        await sender.ask(chat(li))
        await receiver.next(msgid=5)
        sender.send(signal(1, toid=li))
        await receiver.next(msgid=18)
        return wang, sender, li, receiver

    async def test_a_chat(self) -> None:
        _, sender, li, receiver = await self._friends()
        with counted() as work:
            sender.send(*[chat(li, str(number)) for number in range(_MESSAGES)])
            for number in range(_MESSAGES):
                await receiver.next(msgid=5, msg=str(number))
            await sender.settled()
        self.assertLess(work.calls / _MESSAGES, 44)
        self.assertLess(work.outside["send"], 6)
        self.assertLess(work.outside["recv"], 6)

    async def test_a_signal(self) -> None:
        _, sender, li, receiver = await self._friends()
        with counted() as work:
            sender.send(*[signal(number, toid=li) for number in range(_MESSAGES)])
            for number in range(_MESSAGES):
                await receiver.next(msgid=18, data=number)
        self.assertLess(work.calls / _MESSAGES, 23)
        self.assertLess(work.outside["send"], 6)

    async def test_a_lone_signal_is_read_once_and_sent_once(self) -> None:
        _, sender, li, receiver = await self._friends()
        with counted() as work:
            for number in range(_MESSAGES):
                sender.send(signal(number, toid=li))
                await receiver.next(msgid=18, data=number)
        self.assertLess(work.calls / _MESSAGES, 38)
        for name in ("recv", "send"):
            self.assertLess(work.outside[name], 1.1 * _MESSAGES, name)
        self.assertFalse(work.outside["modify"] + work.outside["register"])

    async def test_a_message_to_a_group(self) -> None:
        _, sender = await self.user(ack=True)
        group = (await sender.ask(create_group("tea")))["groupid"]
        members = [(await self.user(ack=True))[1] for _ in range(20)]
        for member in members:
            await member.ask(add_group(group))
        await sender.ask(group_chat(group))
        with counted() as work:
            sender.send(*[group_chat(group, str(number)) for number in range(_MESSAGES)])
            for member in members:
                for number in range(_MESSAGES):
                    await member.next(msgid=9, msg=str(number))
        deliveries = _MESSAGES * len(members)
        self.assertLess(work.calls / deliveries, 6.5)
        self.assertLess(work.outside["send"], 3 * len(members))
        # One answer and one push for each message, however many members there are.
        self.assertEqual(work.outside["json_encode"], 2 * _MESSAGES)
