"""People with steady clients, for the tests that take their server away."""

from __future__ import annotations

import time
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.task import deferLater

from chatclient import Connecting, Credentials, Event, Offline, Online, Sent, State, SteadyClient
from chatclient.steady.pauses import Pauses
from chatserver.wire.frames import GroupChatPush, OneChatPush
from tests.support.waiting import until

reactor: Any = _reactor


def endpoint(port: int) -> TCP4ClientEndpoint:
    return TCP4ClientEndpoint(reactor, "127.0.0.1", port)


class Person:
    """Somebody who writes numbered texts, and notes all that a steady client tells."""

    def __init__(self, ports: list[int], account: int, **options: Any) -> None:
        self.account = account
        self.states: list[tuple[float, State]] = []
        self.client = SteadyClient(
            reactor,
            [endpoint(port) for port in ports],
            Credentials(userid=account, password="x"),
            device="pc",
            on_event=self._event,
            on_state=lambda state: self.states.append((time.monotonic(), state)),
            pauses=Pauses(0.2, 1.0),
            **options,
        )
        #: The texts that came from each user, and from each group under its negative number.
        self.received: dict[int, list[str]] = {}
        self._sendings: list[Deferred[Sent]] = []
        self._numbers: dict[int, int] = {}

    @property
    def is_online(self) -> bool:
        return isinstance(self.client.state, Online)

    def write(self, *people: Person) -> None:
        """The next number to each of them."""
        for person in people:
            self._sendings.append(self.client.chat(person.account, self._next(person.account)))

    def write_to_group(self, group: int) -> None:
        self._sendings.append(self.client.group_chat(group, self._next(-group)))

    async def write_on(self, seconds: float, *people: Person) -> None:
        """Write to them for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.write(*people)
            await deferLater(reactor, 0.01)

    async def all_stored(self) -> list[Sent]:
        """Wait until all that was written is stored, in the order in which it was written."""
        sendings, self._sendings = self._sendings, []
        return await gatherResults(sendings, consumeErrors=True).addTimeout(60, reactor)

    async def has_all_of(self, other: Person) -> None:
        """Wait for what another one wrote; it came once, in order."""
        count = other._numbers.get(self.account, 0)
        await until(lambda: len(self.received.get(other.account, [])) >= count, "all has come")
        await deferLater(reactor, 0.3)  # what should not come would come now
        self.has_exactly(other.account, count)

    def has_exactly(self, source: int, count: int) -> None:
        """The first so many numbers came from there, once, in order."""
        assert self.received.get(source, []) == [str(number) for number in range(count)]

    def offline(self, kind: type[Exception]) -> list[Offline]:
        """The times it was offline for this kind of reason."""
        return [
            state
            for _, state in self.states
            if isinstance(state, Offline) and isinstance(state.why, kind)
        ]

    def check_pauses(self) -> None:
        """It never came sooner than it had told."""
        for (at, state), (next_at, following) in zip(self.states, self.states[1:], strict=False):
            if isinstance(state, Offline) and isinstance(following, Connecting):
                assert next_at - at >= state.pause - 0.01, (state, next_at - at)

    def _next(self, to: int) -> str:
        number = self._numbers.get(to, 0)
        self._numbers[to] = number + 1
        return str(number)

    def _event(self, event: Event) -> None:
        match event:
            case OneChatPush():
                self.received.setdefault(event.id, []).append(event.msg)
            case GroupChatPush():
                self.received.setdefault(-event.groupid, []).append(event.msg)


async def all_online(*people: Person) -> None:
    await until(lambda: all(person.is_online for person in people), "all are online")


async def go(*people: Person) -> None:
    """Stop them all."""
    await gatherResults([person.client.stop() for person in people])
