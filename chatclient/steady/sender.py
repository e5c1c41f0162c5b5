"""Sending what is in the outbox, and sending it again until it is answered."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionClosed
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatclient.client import ChatClient
from chatclient.errors import OutboxFull, StoreUnusable
from chatclient.interfaces import Clock, DelayedCall
from chatclient.results import Sent
from chatclient.steady.login import least_pause
from chatclient.steady.pauses import Pauses
from chatclient.steady.store import Store, Unsent
from chatserver.errors import ChatError, Conflict, NotLoggedIn, TooMany, TryAgain

MOST_IN_FLIGHT = 64

# The texts for one user or group, which keep their order: (toid, groupid).
_Lane = tuple[int | None, int | None]
_log = Logger()


@dataclass(slots=True)
class _Sending:
    unsent: Unsent
    waiting: list[Deferred[Sent]] = field(default_factory=list)

    def answer(self) -> Deferred[Sent]:
        """One more Deferred that waits; who cancels it just waits no more."""
        answer: Deferred[Sent] = Deferred()
        self.waiting.append(answer)
        return answer

    def tell(self, result: Any) -> None:
        """Fire all Deferreds, with a Sent or a Failure."""
        waiting, self.waiting = self.waiting, []
        for answer in waiting:
            answer.callback(result)


class Sender:
    """Sends the texts of an outbox while there is a connection.

    Of the texts for one user or group only one is on its way at a time: so none overtakes
    another, whatever is refused or lost. Refusals that say to come again later hold up all.

    :param pauses: what is added to the times that the server asks for.
    :param most_unsent: texts in the outbox above which no more are taken.
    """

    def __init__(self, clock: Clock, store: Store, pauses: Pauses, most_unsent: int) -> None:
        self._clock = clock
        self._store = store
        self._pauses = pauses
        self._most_unsent = most_unsent
        self._sendings: dict[str, _Sending] = {}
        self._lanes: dict[_Lane, deque[_Sending]] = {}
        # The lanes of which nothing is on its way.
        self._ready: deque[_Lane] = deque()
        self._in_flight = 0
        self._client: ChatClient | None = None
        self._held_up: DelayedCall | None = None
        self._held_up_until = 0.0
        self._ended: Deferred[None] | None = None
        for unsent in store.unsent():
            self._append(_Sending(unsent))

    @property
    def unsent(self) -> list[Unsent]:
        """The outbox, in the order in which it was filled."""
        return [sending.unsent for sending in self._sendings.values()]

    def add(self, unsent: Unsent) -> Deferred[Sent]:
        """Put a text into the outbox; fires once it is stored by the server.

        Fails with :class:`OutboxFull` or :class:`StoreUnusable` where it is not taken, and
        with the :class:`~chatserver.errors.ChatError` of a refusal.
        """
        known = self._sendings.get(unsent.cid)
        if known is not None:
            return known.answer() if known.unsent == unsent else fail(Conflict())
        if len(self._sendings) >= self._most_unsent:
            return fail(OutboxFull(f"{len(self._sendings)} texts wait to be sent already"))
        try:
            self._store.put(unsent)
        except StoreUnusable as problem:
            return fail(problem)
        sending = _Sending(unsent)
        answer = sending.answer()
        self._append(sending)
        self._go()
        return answer

    def answer_to(self, cid: str) -> Deferred[Sent]:
        """Fires as the Deferred of the text with this ``cid``, which is in the outbox.

        :raises KeyError: it is not.
        """
        return self._sendings[cid].answer()

    def online(self, client: ChatClient) -> None:
        """A login has succeeded: send everything, in order."""
        self._client = client
        self._ready = deque(self._lanes)
        self._go()

    def offline(self) -> None:
        """The login has ended; what was not answered stays in the outbox."""
        self._client = None
        if self._held_up is not None:
            self._held_up.cancel()
            self._held_up = None

    def end(self) -> Deferred[None]:
        """Begin no more sends; fires when all that is on its way is answered or lost."""
        self._ended = Deferred()
        self._tell_whether_ended()
        return self._ended

    def give_up(self, reason: Exception) -> None:
        """Fail all Deferreds."""
        for sending in self._sendings.values():
            sending.tell(Failure(reason))

    def _append(self, sending: _Sending) -> None:
        unsent = sending.unsent
        lane = (unsent.toid, unsent.groupid)
        self._sendings[unsent.cid] = sending
        if lane in self._lanes:
            self._lanes[lane].append(sending)
        else:
            self._lanes[lane] = deque([sending])
            self._ready.append(lane)

    def _go(self) -> None:
        while (
            self._client is not None
            and self._held_up is None
            and self._ended is None
            and self._ready
            and self._in_flight < MOST_IN_FLIGHT
        ):
            lane = self._ready.popleft()
            self._in_flight += 1
            _send(self._client, self._lanes[lane][0].unsent).addBoth(self._answered, lane)

    def _answered(self, result: Sent | Failure, lane: _Lane) -> None:
        self._in_flight -= 1
        match result.value if isinstance(result, Failure) else None:
            case ConnectionClosed() | NotLoggedIn():
                self.offline()
            case TooMany() | TryAgain() as refusal:
                self._ready.append(lane)
                self._hold_up(refusal)
            case _:
                self._settle(lane, result)
        self._go()
        self._tell_whether_ended()

    def _hold_up(self, refusal: ChatError) -> None:
        now = self._clock.seconds()
        if self._held_up is None:
            wait = self._pauses.next(least_pause(refusal))
            self._held_up = self._clock.callLater(wait, self._go_on)
            self._held_up_until = now + wait
        elif now + least_pause(refusal) > self._held_up_until:
            self._held_up.reset(least_pause(refusal))
            self._held_up_until = now + least_pause(refusal)

    def _go_on(self) -> None:
        self._held_up = None
        self._go()

    def _settle(self, lane: _Lane, result: Sent | Failure) -> None:
        sending = self._lanes[lane].popleft()
        if self._lanes[lane]:
            self._ready.append(lane)
        else:
            del self._lanes[lane]
        cid = sending.unsent.cid
        del self._sendings[cid]
        try:
            self._store.remove(cid)
        except StoreUnusable as problem:
            _log.warn("an answered text stays in the outbox: {problem}", problem=problem)
        if isinstance(result, Sent):
            self._pauses.reset()
        elif not sending.waiting:
            _log.warn("a text was refused: {problem}", problem=result.value)
        sending.tell(result)

    def _tell_whether_ended(self) -> None:
        if self._ended is not None and not self._ended.called and not self._in_flight:
            self._ended.callback(None)


def _send(client: ChatClient, unsent: Unsent) -> Deferred[Sent]:
    if unsent.groupid is not None:
        return client.group_chat(unsent.groupid, unsent.text, cid=unsent.cid)
    assert unsent.toid is not None
    return client.chat(unsent.toid, unsent.text, cid=unsent.cid)
