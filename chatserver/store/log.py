"""The conversation log: group commit, and reading back.

A message is acknowledged and delivered only after its commit. One transaction takes all
that is pending when the one before it has ended, so that under load many messages
share a commit, and a lone one doesn't wait.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from itertools import count

from twisted.logger import Logger

from chatserver.clock import Clock, epoch_milliseconds
from chatserver.errors import Conflict, TryAgain
from chatserver.store import messages
from chatserver.store.cache import BoundedCache
from chatserver.store.conversations import Conversations
from chatserver.store.database import Database
from chatserver.store.errors import RowRefused
from chatserver.store.group_commit import GroupCommit
from chatserver.store.messages import Batch, Draft, Message, Page, Stored

_BATCH = 4000  # messages in one transaction
_CAREFUL_TRIES = 3
_CACHED_SEQS = 200_000
_RETRY_AFTER = 1.0  # seconds
# Bytes of text that are read at once: for a device that missed them, and for one that asks.
_BYTES_TO_CATCH_UP = 2**18
_BYTES_OF_HISTORY = 2**20
NO_LIMIT = 2**62  # a seq above all others

Outcome = Stored | Conflict | TryAgain


class MessageLog:
    """Appends messages to their conversations and reads them back.

    :param limit: how many messages may wait for the database.
    :param most_text: how many characters they may have together.
    """

    _log = Logger()

    def __init__(
        self,
        database: Database,
        conversations: Conversations,
        clock: Clock,
        limit: int,
        most_text: int,
    ) -> None:
        self._database = database
        self._conversations = conversations
        self._limit = limit
        self._most_text = most_text
        #: The characters of the messages that wait for their transaction to begin.
        self.pending_text = 0
        #: The messages on their way into the database.
        self.drafts: GroupCommit[Draft, Stored] = GroupCommit(clock, self._store, _BATCH)
        #: How many were stored since the start, and how many of them in groups.
        self.stored = 0
        self.stored_in_groups = 0
        self._last_seqs: BoundedCache[int, int] = BoundedCache(_CACHED_SEQS)
        self._made_cids = count()
        self._boot = messages.server_cid(f"{secrets.token_hex(8)}.")

    def cid(self, given: str | None) -> str:
        """A draft's cid: the client's, or one that no other message has."""
        if given is not None:
            return messages.client_cid(given)
        return f"{self._boot}{next(self._made_cids):x}"

    def append(self, draft: Draft) -> None:
        """Store a message; it is told the outcome after the commit, in the order of the calls.

        :raises TryAgain: too many messages wait already.
        """
        if len(self.drafts) >= self._limit or self.pending_text >= self._most_text:
            raise TryAgain("the server is overloaded; try again", retry_after=_RETRY_AFTER)
        self.pending_text += len(draft.text)
        self.drafts.put(draft)

    async def page_after(self, conversation: int, after: int, limit: int) -> list[Message]:
        """The first messages above a seq, oldest first: ``limit`` of them, or fewer long ones."""
        page = await self._page(
            conversation, after, NO_LIMIT, limit, _BYTES_TO_CATCH_UP, newest=False
        )
        return page.messages

    async def last_seq(self, conversation: int) -> int:
        """The seq of a conversation's last message; 0 where it is empty."""
        return await self._database.read(messages.select_last_seq, conversation)

    async def history(
        self, conversation: int, after: int, before: int, limit: int, *, newest: bool
    ) -> Page:
        """The newest or the oldest messages between two seqs (both exclusive).

        There are ``limit`` of them, or fewer long ones.
        """
        return await self._page(
            conversation, after, before, limit, _BYTES_OF_HISTORY, newest=newest
        )

    async def _page(
        self, conversation: int, after: int, before: int, limit: int, most: int, *, newest: bool
    ) -> Page:
        select, size = messages.select_page, self._database.body_size
        return await self._database.read(
            select, size, conversation, after, before, limit, most, newest=newest
        )

    async def _store(self, drafts: Sequence[Draft]) -> Sequence[Outcome]:
        self.pending_text -= sum([len(draft.text) for draft in drafts])
        try:
            batch = await self._database.write(
                messages.insert,
                self._database,
                drafts,
                epoch_milliseconds(),
                self._last_seqs.get,
            )
        except RowRefused:
            return await self._store_carefully(drafts)
        except TryAgain as problem:
            return self._failed(drafts, problem)
        except Exception:
            self._log.failure("a batch of {count} messages failed", count=len(drafts))
            return await self._store_carefully(drafts)
        return self._committed(drafts, batch)

    async def _store_carefully(self, drafts: Sequence[Draft]) -> Sequence[Outcome]:
        """Store drafts of which some may be in the log already, or can't be stored at all."""
        for _ in range(_CAREFUL_TRIES):
            try:
                batch = await self._database.write(
                    messages.insert_carefully, self._database, drafts, epoch_milliseconds()
                )
            except RowRefused:
                continue
            except TryAgain as problem:
                return self._failed(drafts, problem)
            except Exception:
                self._log.failure("{count} messages can't be stored", count=len(drafts))
                break
            return self._committed(drafts, batch)
        if len(drafts) == 1:
            return self._failed(drafts, TryAgain(retry_after=_RETRY_AFTER))
        return [outcome for draft in drafts for outcome in await self._store_carefully([draft])]

    def _committed(self, drafts: Sequence[Draft], batch: Batch) -> Sequence[Outcome]:
        for conversation, seq in batch.last_seqs.items():
            self._last_seqs.put(conversation, seq)
        new = [
            draft.pair
            for draft, outcome in zip(drafts, batch.outcomes, strict=True)
            if type(outcome) is Stored and not outcome.is_repeat
        ]
        self.stored += len(new)
        self.stored_in_groups += new.count(None)
        for pair, conversation in batch.pairs.items():
            self._conversations.remember_pair(pair, conversation)
        return batch.outcomes

    def _failed(self, drafts: Sequence[Draft], problem: TryAgain) -> Sequence[Outcome]:
        """It is not known what is in the log now: read the seqs again."""
        self._last_seqs.clear()
        return [problem] * len(drafts)
