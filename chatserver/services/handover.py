"""What another node still has in memory of how far an account's devices have come."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from itertools import count

from twisted.internet.defer import Deferred, TimeoutError

from chatserver.bus.bus import Bus
from chatserver.bus.events import CursorsWanted, CursorsWritten, of_node
from chatserver.clock import Clock
from chatserver.errors import TryAgain
from chatserver.spawn import spawn
from chatserver.store.cursors import Cursors

_PATIENCE = 1.0  # seconds; after that, what was acknowledged may come again


class Handover:
    """Has cursors written down before a device that was on another node reads its own."""

    def __init__(self, bus: Bus, cursors: Cursors, node: str, clock: Clock) -> None:
        self._bus = bus
        self._cursors = cursors
        self._node = node
        self._clock = clock
        self._numbers = count(1)
        self._waiting: dict[int, tuple[set[str], Deferred[None]]] = {}

    async def settle(self, nodes: Collection[str]) -> None:
        """Return when these nodes, and this one, have written down how far their devices are.

        A node that doesn't answer is not waited for.
        """
        if not self._cursors.is_settled():
            await self._cursors.flush()
        others = {node for node in nodes if node != self._node and self._bus.hears(node)}
        if not others:
            return
        number = next(self._numbers)
        written: Deferred[None] = Deferred()
        self._waiting[number] = (others, written)
        event = CursorsWanted(node=self._node, number=number)
        self._bus.publish([of_node(node) for node in sorted(others)], event)
        with suppress(TimeoutError):
            await written.addTimeout(_PATIENCE, self._clock)  # type: ignore[arg-type]
        del self._waiting[number]

    def wanted(self, event: CursorsWanted) -> None:
        """A node asks."""
        if event.node != self._node:
            spawn(self._write(event), "writing cursors for another node")

    def written(self, event: CursorsWritten) -> None:
        """A node answers."""
        missing, written = self._waiting.get(event.number, (set(), None))
        missing.discard(event.node)
        if not missing and written is not None and not written.called:
            written.callback(None)

    async def _write(self, event: CursorsWanted) -> None:
        with suppress(TryAgain):
            if not self._cursors.is_settled():
                await self._cursors.flush()
            answer = CursorsWritten(node=self._node, number=event.number)
            self._bus.publish([of_node(event.node)], answer)
