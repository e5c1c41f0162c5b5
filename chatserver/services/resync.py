"""Comparing what the sessions of this node know with the database: what the bus did not bring.

While the bus is whole, now and then; after it may have lost something, at once; and while
it is away, again and again.
"""

from __future__ import annotations

import math

from chatserver.bus.bus import Bus
from chatserver.bus.events import FriendAdded, GroupJoined
from chatserver.clock import Clock
from chatserver.errors import TryAgain
from chatserver.services.delivery import Delivery
from chatserver.services.liveness import Liveness
from chatserver.services.presence import PresenceService
from chatserver.services.sequencer import Sequencer
from chatserver.sessions.registry import Registry
from chatserver.spawn import spawn
from chatserver.store.chunks import chunks
from chatserver.store.store import Interests, Store

#: How often :meth:`Resync.look` is to be called, in seconds.
INTERVAL = 0.1
_PERIOD = 30.0  # seconds between passes while all is well
_HASTE = 0.5  # seconds between passes while it is not
_ACCOUNTS = 100  # in one question to the database


class Resync:
    """Finds what was committed and not told, and has it delivered."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        registry: Registry,
        sequencer: Sequencer,
        presence: PresenceService,
        delivery: Delivery,
        liveness: Liveness | None,
        clock: Clock,
    ) -> None:
        self._store = store
        self._bus = bus
        self._registry = registry
        self._sequencer = sequencer
        self._presence = presence
        self._delivery = delivery
        self._liveness = liveness
        self._clock = clock
        self._is_wanted = False
        self._is_running = False
        # On a single node nothing gets lost but with the database.
        self._period = math.inf if liveness is None else _PERIOD
        self._next = clock.seconds() + self._period
        self._soonest = 0.0

    def want(self) -> None:
        """Something may have been lost: compare soon."""
        self._is_wanted = True
        self.look()

    def look(self) -> None:
        """Begin to compare, if it is time."""
        if not self._bus.is_whole:
            self._is_wanted = True
        now = self._clock.seconds()
        is_due = now >= self._next or (self._is_wanted and now >= self._soonest)
        if is_due and not self._is_running:
            spawn(self._compare(), "comparing with the database")

    async def _compare(self) -> None:
        self._is_running = True
        self._is_wanted = not self._bus.is_whole  # then once more, when it is again
        begun = self._clock.seconds()
        try:
            accounts = [one.id for one in self._registry.accounts()]
            for chunk in chunks(accounts, _ACCOUNTS):
                self._compare_accounts(await self._store.interests(chunk))
            await self._presence.verify(self._registry.watched())
            if self._liveness is not None:
                await self._liveness.check_places()
        except TryAgain:
            self._is_wanted = True
        finally:
            self._is_running = False
            now = self._clock.seconds()
            self._next = now + self._period
            # However much there is to compare, the database has other work to do, too.
            self._soonest = now + max(_HASTE, now - begun)

    def _compare_accounts(self, interests: Interests) -> None:
        for part in interests.parts:
            account = self._registry.account(part.account)
            if account is None or account.conversations is None:
                continue
            if part.group is not None and part.group not in account.groups:
                self._delivery.deliver(
                    GroupJoined(
                        account=part.account,
                        group=part.group,
                        conversation=part.conversation,
                        seq=part.joined,
                    )
                )
            last = interests.last_seqs.get(part.conversation, 0)
            self._sequencer.reach(account, part.conversation, part.joined, last)
        for id, friend in interests.friends:
            account = self._registry.account(id)
            if account is not None and friend not in account.friends:
                self._delivery.deliver(FriendAdded(account=id, friend=friend))
