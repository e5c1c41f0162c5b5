"""What a steady client keeps: its outbox, and how far messages were handed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chatclient.errors import StoreUnusable


@dataclass(frozen=True, slots=True)
class Unsent:
    """A text for a user (``toid``) or a group (``groupid``) that the server has not answered."""

    cid: str
    text: str
    toid: int | None = None
    groupid: int | None = None

    def __repr__(self) -> str:
        return f"<Unsent {self.cid}>"


class Store(Protocol):
    """A home for all that; it serves one account.

    Every method raises :class:`~chatclient.errors.StoreUnusable` where it can't do what it
    promises.
    """

    def claim(self, account: int) -> None:
        """Serve this account from now on, and no other one, ever."""

    def unsent(self) -> list[Unsent]:
        """The outbox, in the order in which it was filled."""

    def put(self, unsent: Unsent) -> None:
        """Take a text into the outbox; on return it is as safe there as it will be."""

    def remove(self, cid: str) -> None:
        """Forget a text, which has been answered."""

    def positions(self) -> dict[int, int]:
        """The highest ``seq`` handed over of each conversation."""

    def note(self, conv: int, seq: int) -> None:
        """All up to ``seq`` was handed over."""

    def close(self) -> None:
        """Be used no more."""


class MemoryStore:
    """A home for as long as the program lives."""

    def __init__(self) -> None:
        self._account: int | None = None
        self._unsent: dict[str, Unsent] = {}
        self._positions: dict[int, int] = {}

    def claim(self, account: int) -> None:
        """As :class:`Store` says."""
        if self._account is None:
            self._account = account
        check_owner(self._account, account, "this client")

    def unsent(self) -> list[Unsent]:
        """As :class:`Store` says."""
        return list(self._unsent.values())

    def put(self, unsent: Unsent) -> None:
        """As :class:`Store` says."""
        self._unsent[unsent.cid] = unsent

    def remove(self, cid: str) -> None:
        """As :class:`Store` says."""
        del self._unsent[cid]

    def positions(self) -> dict[int, int]:
        """As :class:`Store` says."""
        return dict(self._positions)

    def note(self, conv: int, seq: int) -> None:
        """As :class:`Store` says."""
        self._positions[conv] = max(seq, self._positions.get(conv, 0))

    def close(self) -> None:
        """As :class:`Store` says."""


def check_owner(owner: int, account: int, what: str) -> None:
    """Make sure that nobody's texts are sent in somebody else's name.

    :raises StoreUnusable: they would be.
    """
    if owner != account:
        raise StoreUnusable(
            f"{what} belongs to account {owner}, and account {account} logged in; "
            "give each account its own"
        )
