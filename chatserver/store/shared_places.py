"""The places of all nodes that share a database.

Redis would be quicker to ask, but it forgets. Here a place is as safe as a message, it can't
be held twice, and it outlives its node only until the others have seen that node dead.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

from chatserver.clock import Clock
from chatserver.errors import InUse, TryAgain
from chatserver.store.chunks import chunks, marks
from chatserver.store.database import Database
from chatserver.store.engine import Cursor
from chatserver.store.errors import RowRefused
from chatserver.store.gathered import GatheredReads
from chatserver.store.group_commit import AwaitedCommit
from chatserver.store.nodes import beat, select_online
from chatserver.store.places import Claimed, Place

_BATCH = 300  # claims and releases in one transaction
_ASKED = 100  # questions who is online in one read
_TRIES = 5  # of a batch that loses against another node's


class Claim(NamedTuple):
    """The wish to take a place."""

    place: Place
    exclusive: bool


Step = Claim | Place  # a Place on its own is to be released
Held = dict[int, dict[str, Place]]  # account -> name of the device -> place


class SharedPlaces:
    """Implements :class:`Places` for one node, many claims and releases in one transaction."""

    def __init__(self, database: Database, node: str, clock: Clock) -> None:
        self._database = database
        self._node = node
        self._steps: AwaitedCommit[Step, Claimed | bool] = AwaitedCommit(
            clock, self._commit, _BATCH
        )
        self._online: GatheredReads[Collection[int], set[int]] = GatheredReads(
            clock, self._read_online, _ASKED
        )
        self._unreleased: set[Place] = set()

    async def claim(self, place: Place, *, exclusive: bool) -> Claimed:
        self._unreleased.discard(place)
        try:
            outcome = await self._steps.write(Claim(place, exclusive))
        except TryAgain:
            self._unreleased.add(place)  # it is not known what became of it
            raise
        assert isinstance(outcome, Claimed)
        return outcome

    async def release(self, place: Place) -> bool:
        """Give a place back; where the database can't be reached, :meth:`catch_up` does it.

        :raises TryAgain: it is not given back yet.
        """
        self._unreleased.add(place)
        outcome = await self._steps.write(place)
        self._unreleased.discard(place)
        assert isinstance(outcome, bool)
        return outcome

    async def online(self, accounts: Collection[int]) -> set[int]:
        return await self._online.ask(accounts)

    async def nodes_of(self, account: int) -> set[str]:
        return await self._database.read(_select_nodes, account)

    async def lost(self, places: Collection[Place]) -> list[Place]:
        """Those places of this node's that it does not hold, or not any longer."""
        held = await self._database.read(_select_holders, self._node)
        return [place for place in places if place.holder not in held]

    async def catch_up(self) -> list[int]:
        """Give back what could not be given back before; the accounts offline by it.

        :raises TryAgain: the database still can't be reached.
        """
        return [
            place.account
            for place in list(self._unreleased)
            if place in self._unreleased and await self.release(place)
        ]

    async def _read_online(self, questions: list[Collection[int]]) -> list[set[int]]:
        accounts: set[int] = set().union(*questions)
        online = await self._database.read(_select_online, accounts)
        return [online.intersection(question) for question in questions]

    async def _commit(self, steps: list[Step]) -> Sequence[Claimed | bool | Exception]:
        problem: Exception = TryAgain(retry_after=1.0)
        for _ in range(_TRIES):
            with suppress(RowRefused):  # another node took one of the places meanwhile
                try:
                    return await self._database.write(
                        _take, self._database.for_update, self._node, steps
                    )
                except TryAgain as unreachable:
                    problem = unreachable
                    break
        return [problem] * len(steps)


def _take(
    cursor: Cursor, for_update: str, node: str, steps: Sequence[Step]
) -> list[Claimed | bool | Exception]:
    """Take all steps, in their order."""
    if not beat(cursor, node):  # what it held is being given away
        gone = TryAgain("the server is just coming back; try again", retry_after=1.0)
        return [gone if isinstance(step, Claim) else False for step in steps]
    accounts = sorted({_place_of(step).account for step in steps})
    before = _select_held(cursor, for_update, accounts)
    after = {account: dict(devices) for account, devices in before.items()}
    outcomes: list[Claimed | bool | Exception] = [_step(after, step) for step in steps]
    _write_changes(cursor, before, after)
    return outcomes


def _place_of(step: Step) -> Place:
    return step.place if isinstance(step, Claim) else step


def _step(held: Held, step: Step) -> Claimed | bool | InUse:
    """Take one step, in memory."""
    place = _place_of(step)
    devices = held[place.account]
    before = devices.get(place.device_name)
    if isinstance(step, Claim):
        if before == place:
            return Claimed(False, None)
        if before is not None and step.exclusive:
            return InUse()
        is_first = not devices
        devices[place.device_name] = place
        return Claimed(is_first, before)
    if before != place:
        return False
    del devices[place.device_name]
    return not devices


def _select_held(cursor: Cursor, for_update: str, accounts: Sequence[int]) -> Held:
    held: Held = {account: {} for account in accounts}
    cursor.execute(
        "SELECT account, device, node, holder FROM places "
        f"WHERE account IN ({marks(accounts)}) ORDER BY account, device{for_update}",
        accounts,
    )
    for row in cursor.fetchall():
        place = Place(*row)
        held[place.account][place.device_name] = place
    return held


def _write_changes(cursor: Cursor, before: Held, after: Held) -> None:
    gone: list[Place] = []
    changed, new = [], []
    for account, devices in after.items():
        gone += [before[account][name] for name in before[account].keys() - devices.keys()]
        for name, place in devices.items():
            earlier = before[account].get(name)
            if earlier is None:
                new.append(tuple(place))
            elif earlier != place:
                changed.append((place.node, place.holder, account, name))
    if gone:  # a holder is one connection, and has one place
        cursor.execute(
            f"DELETE FROM places WHERE account IN ({marks(gone)}) AND holder IN ({marks(gone)})",
            [place.account for place in gone] + [place.holder for place in gone],
        )
    if changed:
        cursor.executemany(
            "UPDATE places SET node = ?, holder = ? WHERE account = ? AND device = ?", changed
        )
    if new:
        cursor.executemany(
            "INSERT INTO places (account, device, node, holder) VALUES (?, ?, ?, ?)", new
        )


def _select_online(cursor: Cursor, accounts: Collection[int]) -> set[int]:
    found: set[int] = set()
    for chunk in chunks(accounts):
        found |= select_online(cursor, chunk)
    return found


def _select_nodes(cursor: Cursor, account: int) -> set[str]:
    cursor.execute("SELECT DISTINCT node FROM places WHERE account = ?", (account,))
    return {node for (node,) in cursor.fetchall()}


def _select_holders(cursor: Cursor, node: str) -> set[str]:
    cursor.execute("SELECT holder FROM places WHERE node = ?", (node,))
    return {holder for (holder,) in cursor.fetchall()}
