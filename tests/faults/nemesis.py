"""Who breaks things, one after the other or several at once, by the order of a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater

from tests.faults import events
from tests.faults.faults import FAULTS, Fault
from tests.faults.history import History
from tests.faults.site import Site

_HANDS = 2
_BREATH = 2.0  # seconds at most between two faults of one hand


class Nemesis:
    """Breaks a site in the ways of ``names``."""

    def __init__(self, site: Site, names: Sequence[str], history: History, seed: int) -> None:
        self._site = site
        self._faults = [FAULTS[name] for name in names]
        self._history = history
        self._seed = seed
        self._broken: set[str] = set()

    async def one_by_one(self, breath: float) -> None:
        """Each fault once, with ``breath`` seconds before, between and after them."""
        chance = random.Random(self._seed)
        await deferLater(self._site.reactor, breath)
        for fault in self._faults:
            await self._break(fault, chance)
            await deferLater(self._site.reactor, breath)

    async def mix(self, seconds: float) -> None:
        """Faults in any order for so long, up to two at once, each of another part."""
        end = self._history.now() + seconds
        hands: list[Deferred[Any]] = [
            Deferred.fromCoroutine(self._go_on_until(end, random.Random(f"{self._seed} {hand}")))
            for hand in range(_HANDS)
        ]
        await gatherResults(hands, consumeErrors=True)

    async def _go_on_until(self, end: float, chance: random.Random) -> None:
        while self._history.now() < end:
            free = [fault for fault in self._faults if fault.breaks not in self._broken]
            if free:
                await self._break(chance.choice(free), chance)
            await deferLater(self._site.reactor, chance.uniform(0.1, _BREATH))

    async def _break(self, fault: Fault, chance: random.Random) -> None:
        self._broken.add(fault.breaks)
        self._history.note(events.Fault(self._history.now(), fault.name))
        try:
            await fault.work(self._site, chance)
        finally:
            self._broken.discard(fault.breaks)
            self._history.note(events.Fault(self._history.now(), fault.name, True))
