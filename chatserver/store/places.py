"""Who is online, and which connection holds a device's place."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple, Protocol

from chatserver.errors import InUse


class Place(NamedTuple):
    """A device's place, held by one login.

    A device is known by its name, a ``holder`` by a text that names one connection of one
    ``node``.
    """

    account: int
    device_name: str
    node: str
    holder: str


class Claimed(NamedTuple):
    """A place that was taken: whether the account was offline before, and from whom.

    ``displaced`` is the place of the connection that held it until now, if one did.
    """

    is_first: bool
    displaced: Place | None


class Places(Protocol):
    """The places of devices, one holder each, on all nodes."""

    async def claim(self, place: Place, *, exclusive: bool) -> Claimed:
        """Take a device's place.

        :raises InUse: the place is taken and ``exclusive``; otherwise it is taken over.
        :raises TryAgain: it can't be said who holds it.
        """

    async def release(self, place: Place) -> bool:
        """Give a place back, if its holder still has it; returns whether it was the last."""

    async def online(self, accounts: Collection[int]) -> set[int]:
        """Those of the accounts that have a device online."""

    async def nodes_of(self, account: int) -> set[str]:
        """The nodes on which an account has a device online."""


class LocalPlaces:
    """The places on a single node."""

    def __init__(self) -> None:
        self._places: dict[int, dict[str, Place]] = {}

    async def claim(self, place: Place, *, exclusive: bool) -> Claimed:
        devices = self._places.setdefault(place.account, {})
        before = devices.get(place.device_name)
        if before is not None and exclusive:
            raise InUse
        is_first = not devices
        devices[place.device_name] = place
        return Claimed(is_first, before)

    async def release(self, place: Place) -> bool:
        devices = self._places.get(place.account, {})
        if devices.get(place.device_name) != place:
            return False
        del devices[place.device_name]
        if not devices:
            del self._places[place.account]
        return not devices

    async def online(self, accounts: Collection[int]) -> set[int]:
        return self._places.keys() & accounts

    async def nodes_of(self, account: int) -> set[str]:
        return {place.node for place in self._places.get(account, {}).values()}
