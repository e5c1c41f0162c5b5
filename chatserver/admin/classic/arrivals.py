"""Accounts and groups: they keep their ids and names where these are free."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

from chatserver.admin.classic.report import Report
from chatserver.admin.classic.texts import mended, name_of
from chatserver.admin.commands import CannotDo
from chatserver.admin.progress import Progress
from chatserver.clock import epoch_milliseconds
from chatserver.services.passwords import hash_of
from chatserver.store.accounts import NO_PASSWORD
from chatserver.store.classic import ClassicDatabase, OldGroup, OldUser
from chatserver.store.direct import DirectDatabase, at_once
from chatserver.store.errors import RowRefused
from chatserver.store.imports import (
    ACCOUNT,
    Known,
    Newcomer,
    insert_newcomers,
    select_known,
)
from chatserver.wire.fields import MAX_ID

_AT_ONCE = 100  # hashes until they are written down
_LONGEST_PASSWORD = 128
_LONGEST_DESCRIPTION = 200


class Arrivals:
    """Lets accounts or groups come, a hundred in one transaction.

    :param kind: which of the two.
    :param dry: change nothing.
    """

    def __init__(
        self, database: DirectDatabase, source: str, kind: str, encoding: str, *, dry: bool
    ) -> None:
        self._database = database
        self._source = source
        self._kind = kind
        self._encoding = encoding
        self._dry = dry
        self.report = Report(f"{kind}s")
        #: Their ids here, by those in the other chat.
        self.ids: dict[int, int] = {}
        self._displaced: list[Newcomer] = []

    def users(self, classic: ClassicDatabase) -> None:
        """Let all users come; their passwords are hashed, on all cores."""
        workers = os.cpu_count() or 1
        with (
            Progress("importing accounts", classic.count("user")) as progress,
            ThreadPoolExecutor(workers) as pool,
        ):
            for page in classic.users():
                known = self._known([user.id for user in page])
                progress.advance(len(known))
                new = [user for user in page if not self._has_come(user, known)]
                for start in range(0, len(new), _AT_ONCE):
                    batch = new[start : start + _AT_ONCE]
                    self._let_in(self._newcomers(batch, pool))
                    progress.advance(len(batch))
            self._let_displaced_in()

    def groups(self, classic: ClassicDatabase) -> None:
        """Let all groups come."""
        with Progress("importing groups", classic.count("allgroup")) as progress:
            for page in classic.groups():
                known = self._known([group.id for group in page])
                new = [group for group in page if not self._has_come(group, known)]
                self._let_in([self._newcomer(group, self._description(group)) for group in new])
                progress.advance(len(page))
            self._let_displaced_in()

    def _known(self, olds: Sequence[int]) -> dict[int, Known]:
        reading = self._database.read(select_known, self._source, self._kind, olds)
        return at_once(reading)

    def _has_come(self, one: OldUser | OldGroup, known: dict[int, Known]) -> bool:
        earlier = known.get(one.id)
        if earlier is None:
            return False
        if earlier.old_name != one.name[:255]:
            raise CannotDo(
                f"{self._kind} {one.id} of the database {self._source} is {one.name!r} now and was "
                f"{earlier.old_name!r} when it was imported: this is another chat; give its "
                "database another name to import it as well"
            )
        self.ids[one.id] = earlier.id
        self.report.had += 1
        return True

    def _newcomers(self, users: Sequence[OldUser], pool: Executor) -> list[Newcomer]:
        hashes = pool.map(self._hash, [mended(user.password, self._encoding) for user in users])
        return [self._newcomer(user, hash) for user, hash in zip(users, hashes, strict=True)]

    def _hash(self, password: str) -> str:
        if self._dry or not 0 < len(password) <= _LONGEST_PASSWORD:
            return NO_PASSWORD
        return hash_of(password)

    def _description(self, group: OldGroup) -> str:
        return mended(group.description, self._encoding)[:_LONGEST_DESCRIPTION]

    def _newcomer(self, one: OldUser | OldGroup, detail: str) -> Newcomer:
        name = name_of(mended(one.name, self._encoding), one.id)
        return Newcomer(one.id, one.name[:255], name, detail, 0 < one.id <= MAX_ID)

    def _let_in(self, newcomers: Sequence[Newcomer]) -> None:
        values = (self._source, self._kind, newcomers, epoch_milliseconds(), self._dry)
        try:
            arrivals = at_once(self._database.write(insert_newcomers, *values))
        except RowRefused:  # somebody has just registered by one of the names
            arrivals = at_once(self._database.write(insert_newcomers, *values))
        waiting = {one.old: one for one in newcomers}
        for arrival in arrivals:
            one = waiting.pop(arrival.old)
            self.ids[one.old] = arrival.id
            self.report.came += 1
            meant = mended(one.old_name, self._encoding)
            if (arrival.id, arrival.name) != (one.old, meant):
                id = arrival.id or "a new id"
                self.report.changes.append(
                    f"  {self._kind} {one.old} {meant!r} is now {id} {arrival.name!r}"
                )
            if one.detail == NO_PASSWORD and self._kind == ACCOUNT and not self._dry:
                self.report.changes.append(
                    f"  {self._kind} {arrival.id} {arrival.name!r} has no password that can be "
                    "used: nobody can log in to it"
                )
        self._displaced += [one._replace(keeps_id=False) for one in waiting.values()]

    def _let_displaced_in(self) -> None:
        """Those whose ids are taken come last, as any id that they get might be another's."""
        displaced, self._displaced = self._displaced, []
        for start in range(0, len(displaced), _AT_ONCE):
            self._let_in(displaced[start : start + _AT_ONCE])
