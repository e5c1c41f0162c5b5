"""Pushing what a device missed, from the log, as fast as its connection takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from twisted.logger import Logger

from chatserver.clock import Clock, sleep
from chatserver.errors import TryAgain
from chatserver.services.rendering import push_of_message
from chatserver.sessions.registry import Registry
from chatserver.sessions.session import Login, Session, Unsynced
from chatserver.spawn import spawn
from chatserver.store import backlogs
from chatserver.store.backlogs import Span
from chatserver.store.cursors import Standing
from chatserver.store.store import Store
from chatserver.wire.frames import Push

_PAGE = 200
_RETRY_AFTER = 1.0  # seconds
# More can't stand in a classic login reply.
_MOST_IN_REPLY = 16


class Missed(NamedTuple):
    """A message on the way to a device; no ``push`` where it needs none."""

    conversation: int
    seq: int
    push: Push | None


class Sync:
    """Brings sessions up to date."""

    _log = Logger()

    def __init__(self, store: Store, registry: Registry, clock: Clock) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock

    def begin(self, login: Login, standing: Standing) -> dict[int, int]:
        """Note what a device that has just come is owed, besides what came in meanwhile.

        Returns the seq up to which it reads, by conversation.
        """
        heard, unsynced = login.unsynced, {}
        assert heard is not None
        targets = dict(standing.last_seqs)
        for conversation, live in heard.items():
            targets[conversation] = max(targets.get(conversation, 0), live.target)
        backlogs = {backlog.conversation: backlog for backlog in standing.backlogs}
        for conversation, target in targets.items():
            backlog = backlogs.get(conversation)
            floor = standing.last_seqs.get(conversation)
            if floor is None:  # it began after the database was asked
                floor = self._registry.joined(login.account, conversation)
            elif backlog is not None and backlog.missed:
                floor = backlog.floor
            elif backlog is not None:  # all of it is the device's own
                self._store.cursors.note(login.device, conversation, floor)
            if target > floor:
                unsynced[conversation] = Unsynced(floor, target, backlog.own if backlog else 0)
        login.unsynced = unsynced
        return targets

    def fall_behind(self, session: Session, conversation: int, floor: int, target: int) -> None:
        """Let a session read from the log what was not told: all in (floor, target]."""
        login = session.login
        if login is None:
            return
        floor = max(floor, login.from_log.get(conversation, 0))
        if login.unsynced is None:
            if target > floor:
                login.unsynced = {conversation: Unsynced(floor, target, 0)}
                spawn(self.catch_up(session), "pushing messages that were not told")
        elif conversation in login.unsynced:
            unsynced = login.unsynced[conversation]
            unsynced.target = max(unsynced.target, target)
        elif target > floor:
            login.unsynced[conversation] = Unsynced(floor, target, 0)

    async def first_missed(self, login: Login) -> list[Missed]:
        """The first messages that a device missed, as many as a login reply may hold."""
        return await self._read(login, _MOST_IN_REPLY)

    def carried(self, session: Session, missed: Sequence[Missed], count: int) -> None:
        """Note that the login's answer carried the first ``count`` pushes of these."""
        login = session.login
        if login is None or login.unsynced is None:
            return
        for one in missed:
            if one.push is not None:
                if not count:
                    return
                count -= 1
                session.push(one.conversation, one.seq, (), live=False)
            else:
                session.skip(one.conversation, one.seq)
            unsynced = login.unsynced[one.conversation]
            unsynced.floor = one.seq
            login.note_from_log(one.conversation, one.seq)
            if unsynced.floor >= unsynced.target:
                del login.unsynced[one.conversation]

    def push_few(self, session: Session, few: Sequence[backlogs.Missed]) -> None:
        """Push what was read together with the rest that a login needed."""
        login = session.login
        if login is not None and login.unsynced is not None:
            self._push(session, login, self._seen_by(login, few))

    async def catch_up(self, session: Session) -> None:
        """Push all that is missed; from then on, the session's pushes come live."""
        login = session.login
        while login is not None and login.unsynced and not session.is_closing:
            try:
                await self._next_page(session, login)
            except TryAgain:
                await sleep(self._clock, _RETRY_AFTER)
            await session.room()
            if session.login is not login:
                return
        if login is not None:
            login.unsynced = None

    async def _next_page(self, session: Session, login: Login) -> None:
        assert login.unsynced is not None
        first = next(iter(login.unsynced))
        page = await self._read(login, _PAGE)
        if session.login is not login:
            return
        self._push(session, login, page)
        if not page:  # the log has not what was asked for
            del login.unsynced[first]

    def _push(self, session: Session, login: Login, page: Sequence[Missed]) -> None:
        """Push messages that come next in their conversations."""
        assert login.unsynced is not None
        for conversation, seq, push in page:
            if push is None:
                session.skip(conversation, seq)
            else:
                session.push(conversation, seq, session.dialect.encode(push), live=False)
            unsynced = login.unsynced[conversation]
            unsynced.floor = seq
            login.note_from_log(conversation, seq)
            if unsynced.floor >= unsynced.target:
                del login.unsynced[conversation]

    async def _read(self, login: Login, limit: int) -> list[Missed]:
        """The first messages that a device missed."""
        unsynced = login.unsynced
        assert unsynced is not None
        spans = (Span(each, one.floor, one.target) for each, one in unsynced.items())
        page = await self._store.backlogs.page(login.account.id, spans, limit)
        return self._seen_by(login, page)

    def _seen_by(self, login: Login, page: Sequence[backlogs.Missed]) -> list[Missed]:
        """Messages of the log as a device is to get them."""
        unsynced = login.unsynced
        assert unsynced is not None
        account, device = login.account.id, login.device
        found = []
        for membership, message in page:
            conversation = membership.conversation
            is_own = message.sender == account and (
                message.device == device or message.seq <= unsynced[conversation].own
            )
            push = None if is_own else push_of_message(message, membership, reader=account)
            found.append(Missed(conversation, message.seq, push))
        return found
