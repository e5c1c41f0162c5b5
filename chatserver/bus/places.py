"""Who is online, and which connection holds a device's place."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from chatserver.errors import InUse


class Places(Protocol):
    """The places of devices, one holder each, on all nodes.

    A device is known by its name, a holder by a text that names one connection of one node.
    """

    async def claim(self, account: int, device: str, holder: str, *, exclusive: bool) -> bool:
        """Take a device's place; returns whether the account was offline before.

        :raises InUse: the place is taken and ``exclusive``; otherwise it is taken over.
        """

    async def release(self, account: int, device: str, holder: str) -> bool:
        """Give a place back, if ``holder`` still has it; returns whether it was the last."""

    async def online(self, accounts: Collection[int]) -> set[int]:
        """Those of the accounts that have a device online."""


class LocalPlaces:
    """The places on a single node."""

    def __init__(self) -> None:
        self._holders: dict[int, dict[str, str]] = {}

    async def claim(self, account: int, device: str, holder: str, *, exclusive: bool) -> bool:
        devices = self._holders.get(account)
        if devices is None:
            self._holders[account] = {device: holder}
            return True
        if exclusive and device in devices:
            raise InUse
        devices[device] = holder
        return False

    async def release(self, account: int, device: str, holder: str) -> bool:
        devices = self._holders.get(account)
        if devices is None or devices.get(device) != holder:
            return False
        del devices[device]
        if devices:
            return False
        del self._holders[account]
        return True

    async def online(self, accounts: Collection[int]) -> set[int]:
        return {account for account in accounts if account in self._holders}
