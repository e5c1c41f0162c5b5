"""What a login is answered: read for all who come at the same time together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from twisted.internet.defer import Deferred

from chatserver.clock import Clock
from chatserver.store.backlogs import Missed, select_few
from chatserver.store.chunks import chunks
from chatserver.store.conversations import Part, select_parts
from chatserver.store.cursors import Standing, select_standings
from chatserver.store.database import Database
from chatserver.store.engine import Cursor
from chatserver.store.friends import select_friends
from chatserver.store.gathered import GatheredReads
from chatserver.store.groups import GroupOfMine
from chatserver.store.messages import Message, select_last_seqs
from chatserver.store.rosters import Known, Roster, Rosters, select_rosters
from chatserver.store.ties import Seat, Ties

_AT_ONCE = 100  # logins in one read
_CACHED_MEMBERS = 100_000


class Circle(NamedTuple):
    """An account's friends (ids and names) and groups."""

    friends: list[tuple[int, str]]
    groups: list[GroupOfMine]

    def accounts(self) -> set[int]:
        """The ids of all friends and fellow members."""
        known = {id for id, _ in self.friends}
        for mine in self.groups:
            known.update([member.id for member in mine.members])
        return known

    def number(self) -> int:
        """How many ties these are."""
        return len(self.friends) + len(self.groups)

    def ties(self) -> Ties:
        """The same as ids."""
        return Ties(
            [id for id, _ in self.friends],
            [Seat(mine.group.id, mine.group.conversation, mine.joined) for mine in self.groups],
        )


class Welcome(NamedTuple):
    """What a device is told when it comes in.

    ``few``: the messages that it has missed, each conversation's by seq, where they are few.
    """

    circle: Circle
    standing: Standing
    few: list[Missed]


Guest = tuple[int, int]  # account and device


class Welcomes:
    """Reads what devices that come in are told."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._rosters = Rosters(_CACHED_MEMBERS)
        self._reads: GatheredReads[Guest, Welcome] = GatheredReads(clock, self._read, _AT_ONCE)

    def of(self, account: int, device: int) -> Deferred[Welcome]:
        """What a device of an account is told, as it stands in the database now."""
        return self._reads.ask((account, device))

    async def _read(self, guests: list[Guest]) -> list[Welcome]:
        known, body_size = self._rosters.known, self._database.body_size
        welcomes, rosters = await self._database.read(select_welcomes, body_size, guests, known)
        for conversation, roster in rosters.items():
            if known(conversation) is not roster:
                self._rosters.put(roster)
        return welcomes


def select_welcomes(
    cursor: Cursor, body_size: str, guests: Sequence[Guest], known: Known
) -> tuple[list[Welcome], dict[int, Roster]]:
    """What each guest is told, and the rosters that it is told of."""
    accounts = sorted({account for account, _ in guests})
    friends = select_friends(cursor, accounts)
    parts: dict[int, list[Part]] = {account: [] for account in accounts}
    for each in select_parts(cursor, accounts):
        parts[each.account].append(each)
    everything = [each for some in parts.values() for each in some]
    groups = {each.conversation for each in everything if each.group is not None}
    rosters = select_rosters(cursor, groups, known)
    last_seqs: dict[int, int] = {}
    for chunk in chunks({each.conversation for each in everything}):
        last_seqs |= select_last_seqs(cursor, chunk)
    standings = select_standings(cursor, guests, parts, last_seqs)
    circles = {
        account: Circle(friends[account], _groups_of_mine(parts[account], rosters))
        for account in accounts
    }
    few = select_few(cursor, body_size, standings)
    welcomes = [
        Welcome(circles[account], standing, _missed(parts[account], some))
        for (account, _), standing, some in zip(guests, standings, few, strict=True)
    ]
    return welcomes, rosters


def _missed(parts: Sequence[Part], messages: Sequence[tuple[int, Message]]) -> list[Missed]:
    """Messages with the account's part in their conversations."""
    if not messages:
        return []
    memberships = {part.conversation: part.membership for part in parts}
    return [Missed(memberships[conversation], message) for conversation, message in messages]


def _groups_of_mine(parts: Sequence[Part], rosters: dict[int, Roster]) -> list[GroupOfMine]:
    """An account's groups, by id."""
    groups = []
    for part in parts:
        if part.group is not None:
            group, members = rosters[part.conversation]
            groups.append(GroupOfMine(group, part.joined, members))
    groups.sort(key=lambda mine: mine.group.id)
    return groups
