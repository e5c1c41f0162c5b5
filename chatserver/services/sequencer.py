"""The order of each conversation: what nodes tell in any order, sessions get by seq.

For each conversation of an account that is logged in here, the sequencer knows the seq up to
which all has been handed on. What comes too early is held, and what stays missing for longer
than a moment is read from the log.
"""

from __future__ import annotations

from contextlib import suppress

from chatserver.bus.events import ChatStored
from chatserver.clock import Call, Clock
from chatserver.errors import TryAgain
from chatserver.services.fanout import Fanout
from chatserver.services.rendering import event_of_message
from chatserver.services.sync import Sync
from chatserver.sessions.registry import LocalAccount
from chatserver.spawn import spawn
from chatserver.store.store import Store

_PATIENCE = 0.05  # seconds that what was published a little later has to arrive
_RETRY_AFTER = 0.5  # seconds
_PAGE = 200
# More missing than this is not for everybody at once: each session reads at its own pace.
_FAR_BEHIND = 1000


class _Gap:
    """What is known of messages that wait for others before them, up to ``target``."""

    __slots__ = ("held", "reader", "target", "timer")

    def __init__(self, reader: int) -> None:
        self.reader = reader  # an account that may read the conversation
        self.held: dict[int, ChatStored] = {}
        self.target = 0
        self.timer: Call | None = None  # when the log is read


class Sequencer:
    """Hands the messages of each conversation on in order, without holes, and once."""

    def __init__(self, store: Store, fanout: Fanout, sync: Sync, clock: Clock) -> None:
        self._store = store
        self._fanout = fanout
        self._sync = sync
        self._clock = clock
        self._last: dict[int, int] = {}
        self._followers: dict[int, int] = {}
        self._gaps: dict[int, _Gap] = {}

    @property
    def gaps(self) -> int:
        """How many conversations wait for messages that were not told yet."""
        return len(self._gaps)

    def follow(self, account: LocalAccount, conversation: int, last: int) -> None:
        """Hand on to an account what follows ``last``, unless others here are further."""
        if account.follow(conversation):
            self._followers[conversation] = self._followers.get(conversation, 0) + 1
        self._last.setdefault(conversation, last)

    def join(self, account: LocalAccount, conversation: int, joined: int) -> None:
        """An account has come into a conversation, which others here may follow already."""
        if account.conversations is None:
            return
        self.follow(account, conversation, joined)
        for session in account.sessions:
            self._sync.fall_behind(session, conversation, joined, self._last[conversation])

    def leave(self, account: LocalAccount) -> None:
        """The account's last session here is gone."""
        for conversation in account.conversations or ():
            self._followers[conversation] -= 1
            if not self._followers[conversation]:
                del self._followers[conversation], self._last[conversation]
                if conversation in self._gaps:
                    self._close(conversation)

    def take(self, event: ChatStored) -> None:
        """Take a message from the bus."""
        conversation, seq = event.conversation, event.seq
        last = self._last.get(conversation)
        if last is None:
            last = self._first(event)
            if last is None:
                # Whom it is for still reads the log, and now knows how far.
                self._fanout.push(event)
                return
        if seq <= last:
            return
        gap = self._gaps.get(conversation)
        if gap is None and seq == last + 1:
            self._last[conversation] = seq
            self._fanout.push(event)
            return
        if gap is None:
            gap = self._open(conversation, event.sender)
        gap.target = max(gap.target, seq)
        if len(gap.held) < _FAR_BEHIND:
            gap.held[seq] = event
        self._advance(conversation, gap)

    def reach(self, account: LocalAccount, conversation: int, joined: int, last: int) -> None:
        """The log of a conversation goes up to ``last``; what follows ``joined`` is theirs."""
        if account.conversations is None:
            return
        self.follow(account, conversation, joined)
        if last > self._last[conversation]:
            gap = self._gaps.get(conversation) or self._open(conversation, account.id)
            gap.target = max(gap.target, last)

    def lags(self, conversation: int, seq: int) -> bool:
        """Whether what the log has up to ``seq`` has not all been handed on here."""
        return self._last[conversation] < seq

    def _first(self, event: ChatStored) -> int | None:
        """Follow a conversation that is new to accounts here; its last seq before them.

        None where nobody here has read yet what conversations there are.
        """
        accounts = [one for one in self._fanout.recipients(event) if one.conversations is not None]
        if not accounts:
            return None
        last = 0
        if event.group is not None:
            last = min(one.groups[event.group].joined for one in accounts)
        for account in accounts:
            self.follow(account, event.conversation, last)
        return last

    def _open(self, conversation: int, reader: int) -> _Gap:
        gap = self._gaps[conversation] = _Gap(reader)
        gap.timer = self._clock.callLater(_PATIENCE, self._fill, conversation, gap)
        return gap

    def _close(self, conversation: int) -> None:
        gap = self._gaps.pop(conversation)
        if gap.timer is not None:
            gap.timer.cancel()

    def _advance(self, conversation: int, gap: _Gap) -> None:
        """Hand on what is next, as far as it is there."""
        last = self._last[conversation]
        while last < gap.target:
            event = gap.held.pop(last + 1, None)
            if event is None:
                return
            last = self._last[conversation] = event.seq
            self._fanout.push(event)
        self._close(conversation)

    def _fill(self, conversation: int, gap: _Gap) -> None:
        gap.timer = None
        spawn(self._read_on(conversation, gap), "reading messages that were not told")

    async def _read_on(self, conversation: int, gap: _Gap) -> None:
        """Read the log until nothing is missing, or it has nothing more just now."""
        before = -1
        while self._gaps.get(conversation) is gap and self._last[conversation] > before:
            before = self._last[conversation]
            with suppress(TryAgain):
                if gap.target - before > _FAR_BEHIND:
                    await self._leave_to_sessions(conversation, gap)
                else:
                    await self._read(conversation, gap)
        if self._gaps.get(conversation) is gap:
            gap.timer = self._clock.callLater(_RETRY_AFTER, self._fill, conversation, gap)

    async def _read(self, conversation: int, gap: _Gap) -> None:
        """Hand on what the log has next."""
        last = self._last[conversation]
        membership = await self._store.conversations.membership(gap.reader, conversation)
        page = await self._store.log.page_after(conversation, last, _PAGE)
        if self._gaps.get(conversation) is not gap:
            return
        for message in page:
            gap.held[message.seq] = event_of_message(message, membership)
            gap.target = max(gap.target, message.seq)
        self._advance(conversation, gap)

    async def _leave_to_sessions(self, conversation: int, gap: _Gap) -> None:
        """Let each session read for itself what is missing, as fast as its client takes it."""
        membership = await self._store.conversations.membership(gap.reader, conversation)
        if self._gaps.get(conversation) is not gap:
            return
        last, self._last[conversation] = self._last[conversation], gap.target
        self._close(conversation)
        for account, joined in self._fanout.participants(membership):
            for session in account.sessions:
                self._sync.fall_behind(session, conversation, max(last, joined), gap.target)
