"""All connections of this node, logged in or not, and who gives way when there are too many."""

from __future__ import annotations

import resource
import sys
from collections import Counter
from typing import NamedTuple, Protocol

# Descriptors for the database, Redis, the log, and the ports.
_RESERVED = 64
# Connections on which somebody asks for pages, or for a WebSocket, and that are none yet.
_VISITORS = 1000
# Connections above the limit, which are being told why they are closed.
_SPARE = 100


class Client(Protocol):
    """A connection as it is counted."""

    #: When it was opened, by the clock that it was given.
    opened: float

    def abort(self) -> None:
        """Close at once."""

    def time_out(self) -> None:
        """Close, as it has not shown its dialect in time."""

    def give_way(self) -> None:
        """Close, as a newer connection needs its place; say so where that can be."""

    def turn_away(self) -> None:
        """Close, as there is no place for it; say so."""


class Room(NamedTuple):
    """How many connections there may be, and how many more while they are being closed."""

    connections: int
    spare: int


def room(wanted: int, *, has_web: bool = False) -> Room:
    """The room for connections, as far as this process may open files.

    :param wanted: the setting ``max_connections``.
    :param has_web: some files are for visitors of the web endpoint.
    """
    files = _files()
    spare = min(_SPARE, files // 8)
    reserved = _RESERVED + spare + (room_for_visitors() if has_web else 0)
    return Room(max(1, min(wanted, files - reserved)), spare)


def room_for_visitors() -> int:
    """The room for connections on which somebody asks over HTTP."""
    return min(_VISITORS, _files() // 8)


def _files() -> int:
    """How many files this process may open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if files == resource.RLIM_INFINITY else files


class Connections:
    """The connections of all ports.

    When there are too many, the one that has waited longest without logging in gives way to
    the newest; where all others are logged in, the newest has to go.
    """

    def __init__(self, room: Room) -> None:
        self.limit = room.connections
        self._spare = room.spare
        self._open: dict[object, Client] = {}
        self._waiting: dict[object, Client] = {}  # not logged in; since when, in order
        self._leaving: set[Client] = set()  # closed for want of room
        #: Those whose dialect is not known, as they have sent no terminator.
        self.undecided: set[Client] = set()
        #: How many were ever opened.
        self.opened = 0
        #: How many were closed, by reason; "client" where the server gave none.
        self.closed: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def admits(self) -> bool:
        """Whether one more may be opened, if only to be told that it can't stay."""
        if len(self._open) < self.limit + self._spare:
            return True
        self.opened += 1
        self.closed["overload"] += 1
        return False

    def add(self, client: Client) -> None:
        """A client has connected."""
        self.opened += 1
        self._open[client] = self._waiting[client] = client
        self.undecided.add(client)
        if len(self._open) - len(self._leaving) > self.limit:
            self._make_room(client)

    def decided(self, client: Client) -> None:
        """A client has shown its dialect."""
        self.undecided.discard(client)

    def logged_in(self, connection: object) -> None:
        """Somebody has logged in on it."""
        self._waiting.pop(connection, None)

    def logged_out(self, connection: object) -> None:
        """Nobody is logged in on it any longer; it may be gone."""
        client = self._open.get(connection)
        if client is not None and client not in self._leaving:
            self._waiting[client] = client

    def remove(self, client: Client, reason: str | None) -> None:
        """A connection is gone, for a reason of the server's or for none."""
        del self._open[client]
        self._waiting.pop(client, None)
        self.undecided.discard(client)
        if client in self._leaving:
            self._leaving.remove(client)
            reason = "overload"
        self.closed[reason or "client"] += 1

    def _make_room(self, newest: Client) -> None:
        victim = next(iter(self._waiting.values()))
        del self._waiting[victim]
        self._leaving.add(victim)
        # Words take a while to be read: where many have to go, they go without.
        if len(self._leaving) > self._spare // 2:
            victim.abort()
        elif victim is newest:
            victim.turn_away()
        else:
            victim.give_way()
