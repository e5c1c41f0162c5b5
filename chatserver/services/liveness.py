"""This node among the others: showing that it lives, and noticing that another does not."""

from __future__ import annotations

from collections import Counter

from twisted.internet.defer import DeferredList
from twisted.logger import Logger

from chatserver.bus.bus import Bus
from chatserver.bus.events import PresenceChanged, of_presence
from chatserver.clock import Clock
from chatserver.errors import InUse, TryAgain
from chatserver.sessions.registry import Registry
from chatserver.sessions.session import Session
from chatserver.spawn import spawn
from chatserver.store.nodes import Beat, Nodes
from chatserver.store.places import Place
from chatserver.store.shared_places import SharedPlaces
from chatserver.wire.frames import Goodbye, State

#: How often :meth:`Liveness.look` is to be called, in seconds.
INTERVAL = 3.0
# Looks in a row at which a node's beat stands still, before it is given up: some 15 s.
_LOOKS = 5


class Liveness:
    """Beats, gives dead nodes up, and comes back when this one was given up itself."""

    _log = Logger()

    def __init__(
        self,
        nodes: Nodes,
        places: SharedPlaces,
        bus: Bus,
        registry: Registry,
        node: str,
        clock: Clock,
    ) -> None:
        self._nodes = nodes
        self._places = places
        self._bus = bus
        self._registry = registry
        self._node = node
        self._clock = clock
        self._seen: dict[str, tuple[int, int]] = {}  # node -> its beat, and looks without change
        self._unheard: Counter[str] = Counter()  # node -> looks at which it beat unheard
        self._looked = 0.0
        self._is_looking = False
        self._lacks_places = False

    async def look(self) -> None:
        """Beat, and see to the others."""
        if self._is_looking:
            return
        self._is_looking = True
        try:
            await self._look()
        except TryAgain:
            # While the database can't be reached, nobody can beat: count anew.
            self._seen.clear()
        finally:
            self._is_looking = False

    async def leave(self) -> None:
        """Be a node no longer, when all sessions are gone.

        :raises TryAgain: the database can't be reached; the others will see it in some seconds.
        """
        await self._nodes.leave()
        await self._empty(self._node)

    async def check_places(self) -> None:
        """Send away whose place another has taken; take those back that nobody has.

        :raises TryAgain: it can't be found out.
        """
        self._lacks_places = False
        holders = {
            Place(login.account.id, login.device_name, self._node, login.holder): session
            for session in self._registry.sessions
            if (login := session.login) is not None
        }
        lost = await self._places.lost(list(holders))
        await DeferredList(
            [spawn(self._reclaim(holders[place], place), "taking a place back") for place in lost]
        )

    async def _look(self) -> None:
        now = self._clock.seconds()
        if not 0 <= now - self._looked < 2 * INTERVAL:  # this node stood still itself
            self._seen.clear()
        self._looked = now
        if not await self._nodes.beat():
            await self._come_back()
        if self._lacks_places:
            await self.check_places()
        for account in await self._places.catch_up():
            self._tell(account, "offline")
        beats = await self._nodes.beats()
        self._bus.expect([beat.node for beat in beats if not beat.is_given_up])
        given_up = [beat.node for beat in beats if beat.is_given_up and beat.node != self._node]
        seen, self._seen = self._seen, {}
        for beat in beats:
            if await self._is_dead(beat, seen):
                self._log.warn("node {node} is dead; its places are free", node=beat.node)
                given_up.append(beat.node)
        for node in given_up:
            await self._empty(node)

    async def _is_dead(self, beat: Beat, seen: dict[str, tuple[int, int]]) -> bool:
        """Count a node's beat that stands still, and give the node up in time."""
        if beat.node == self._node or beat.is_given_up:
            return False
        before, looks = seen.get(beat.node, (beat.beat, -1))
        looks = looks + 1 if before == beat.beat else 0
        self._seen[beat.node] = (beat.beat, looks)
        self._check_heard(beat.node, is_alive=not looks)
        return looks >= _LOOKS and await self._nodes.give_up(beat)

    def _check_heard(self, node: str, *, is_alive: bool) -> None:
        """Tell once of a node that lives and is not heard, though Redis works here."""
        if not is_alive or self._bus.hears(node) or not self._bus.hears(self._node):
            self._unheard.pop(node, None)
            return
        self._unheard[node] += 1
        if self._unheard[node] == _LOOKS:
            self._log.error(
                "node {node} shares this database, but is not heard over Redis: have all nodes "
                "the same --redis, and can they all reach it?",
                node=node,
            )

    async def _empty(self, node: str) -> None:
        """Free the places of a node that was given up, and tell whom that takes offline."""
        while (offline := await self._nodes.empty(node)) is not None:
            for account in offline:
                self._tell(account, "offline")

    async def _come_back(self) -> None:
        """Be a node again."""
        self._log.warn("this node was given up by the others, as nothing was heard of it")
        await self._empty(self._node)
        await self._nodes.enter()
        self._lacks_places = True

    async def _reclaim(self, session: Session, place: Place) -> None:
        """Take a place back, unless another has taken it meanwhile."""
        login = session.login
        try:
            claimed = await self._places.claim(place, exclusive=True)
        except InUse:
            session.goodbye(Goodbye(reason="replaced"))
            return
        except TryAgain:
            self._lacks_places = True
            return
        if session.login is not login:
            await self._places.release(place)
        elif claimed.is_first:
            self._tell(place.account, "online")

    def _tell(self, account: int, state: State) -> None:
        event = PresenceChanged(account=account, state=state)
        self._bus.publish([of_presence(account)], event)
