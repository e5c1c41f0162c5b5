"""Telling people which of their friends come and go."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress

from chatserver.bus.events import PresenceChanged
from chatserver.errors import TryAgain
from chatserver.sessions.registry import Registry
from chatserver.store.chunks import chunks
from chatserver.store.places import Places
from chatserver.wire.frames import PresencePush, State


class PresenceService:
    """Tells sessions of this node what the bus says, and what it should have said.

    Two nodes may tell of one account in the wrong order, and the bus may lose what they say: so
    what was told is compared with the places, a moment later and now and then.
    """

    def __init__(self, registry: Registry, places: Places) -> None:
        self._registry = registry
        self._places = places
        self._states: dict[int, State] = {}  # what was last told of each watched account
        self._doubtful: set[int] = set()

    def begin(self, accounts: Collection[int], online: Collection[int]) -> None:
        """Somebody here watches these accounts, and was told who of them is online."""
        for account in accounts:
            if self._registry.watchers(account):
                self._states.setdefault(account, _state(account in online))

    def forget(self, accounts: Iterable[int]) -> None:
        """Nobody here watches these any longer."""
        for account in accounts:
            self._states.pop(account, None)

    def changed(self, event: PresenceChanged) -> None:
        """An account's first device came, or its last one went."""
        self._doubtful.add(event.account)
        self._tell(event.account, event.state)

    async def look(self) -> None:
        """Check what was told lately."""
        doubtful, self._doubtful = self._doubtful, set()
        with suppress(TryAgain):
            await self.verify(doubtful)

    async def verify(self, accounts: Collection[int]) -> None:
        """Tell what is not as it was told.

        :raises TryAgain: it can't be found out.
        """
        for chunk in chunks(accounts):
            before = {account: self._states.get(account) for account in chunk}
            online = await self._places.online(chunk)
            for account, told in before.items():
                state = _state(account in online)
                if told is None:  # nobody has been told anything
                    self.begin([account], online)
                elif told == self._states.get(account) and told != state:
                    # Otherwise something was told meanwhile, which is newer than the answer.
                    self._tell(account, state)

    def _tell(self, account: int, state: State) -> None:
        watchers = list(self._registry.watchers(account))
        if watchers:
            self._states[account] = state
        push = PresencePush(id=account, state=state)
        for watcher in watchers:
            for session in watcher.sessions:
                session.tell(push)


def _state(is_online: bool) -> State:
    return "online" if is_online else "offline"
