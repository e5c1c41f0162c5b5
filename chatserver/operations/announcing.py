"""Sending a text to many accounts, each of which gets it once however often this is ordered."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger

from chatserver.bus.bus import Bus
from chatserver.clock import Clock, sleep
from chatserver.errors import Conflict, TryAgain
from chatserver.orders import Announce, Announced, Answer, NotDone
from chatserver.services.publishing import PublishedDraft
from chatserver.store.chunks import chunks
from chatserver.store.conversations import pair_of
from chatserver.store.messages import Stored, server_cid
from chatserver.store.store import Store

_NO_DEVICE = 0  # it was sent from none
_AT_ONCE = 100  # messages that may wait for the same commit
# People's own messages come first: so many times longer than a batch takes, it is paused.
_PAUSES = 2.0
_SHORTEST_PAUSE = 0.02  # seconds
_TRIES = 5


class _Announcement(PublishedDraft, kw_only=True, gc=False):
    """A message of which nobody waits for the answer, but for whoever counts them."""

    outcome: Deferred[Stored]

    def settled(self, outcome: Stored | Exception) -> None:
        if isinstance(outcome, Exception):
            self.outcome.errback(outcome)
            return
        if not outcome.is_repeat:
            self.publish(outcome)
        self.outcome.callback(outcome)


class Announcer:
    """Stores announcements as ordinary messages of the sender's, in moderate haste.

    :param most_text: how many characters a text may have.
    :param server: names this server for people.
    """

    _log = Logger()

    def __init__(self, store: Store, bus: Bus, most_text: int, server: str, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._most_text = most_text
        self._server = server
        self._clock = clock

    async def announce(self, order: Announce) -> AsyncGenerator[Answer, None]:
        """Send the text to all that are named, in their order.

        Each part of the answer tells of some: how many got it, and how many had it.
        """
        if len(order.text) > self._most_text:
            why = f"the text has more than {self._most_text} characters (--max-text)"
            yield NotDone(server=self._server, why=why, is_final=True)
            return
        total = 0
        try:
            for batch in chunks(order.to, _AT_ONCE):
                begun = self._clock.seconds()
                had = sum([stored.is_repeat for stored in await self._send(order, batch)])
                sent = len(batch) - had
                total += sent
                yield Announced(server=self._server, sent=sent, had=had)
                took = self._clock.seconds() - begun
                await sleep(self._clock, max(_SHORTEST_PAUSE, took * _PAUSES))
        except Conflict:
            why = f"the announcement {order.id} has another text: take another --id"
            yield NotDone(server=self._server, why=why, is_final=True)
        self._log.info("announcement {id} was sent to {total} accounts", id=order.id, total=total)

    async def _send(self, order: Announce, to: Sequence[int]) -> list[Stored]:
        """
        :raises TryAgain: the database can't be used for some time.
        :raises Conflict: one has got another text under this id.
        """
        for left in reversed(range(_TRIES)):
            try:
                return await self._send_once(order, to)
            except TryAgain as problem:
                if not left:
                    raise
                await sleep(self._clock, problem.retry_after or 1.0)
        raise AssertionError("the last try returns or raises")

    async def _send_once(self, order: Announce, to: Sequence[int]) -> list[Stored]:
        drafts = [self._draft(order, account) for account in to]
        for draft in drafts:
            try:
                self._store.log.append(draft)
            except TryAgain as problem:
                draft.settled(problem)
        outcomes: list[tuple[bool, Any]] = await DeferredList(
            [draft.outcome for draft in drafts], consumeErrors=True
        )
        for is_stored, outcome in outcomes:
            if not is_stored:
                outcome.raiseException()
        return [stored for _, stored in outcomes]

    def _draft(self, order: Announce, account: int) -> _Announcement:
        return _Announcement(
            order.sender,
            _NO_DEVICE,
            order.text,
            server_cid(f"announcement {order.id} {account}"),
            pair=pair_of(order.sender, account),
            bus=self._bus,
            name=order.name,
            given_cid=None,
            toid=account,
            group=None,
            outcome=Deferred(),
        )
