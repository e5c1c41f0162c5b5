"""The messages of one conversation that are at hand: a piece of it without holes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import UNSET

from chatserver.wire.frames import Push


@dataclass(frozen=True, slots=True)
class Message:
    """A message that the server has stored; ``cid`` only where oneself has sent it."""

    seq: int
    sender: int
    name: str
    text: str
    time: str
    cid: str | None = None


def message_of(push: Push) -> Message:
    """The message in a push."""
    cid = None if push.cid is UNSET else push.cid
    return Message(push.seq, push.id, push.name, push.msg, push.time, cid)


class Timeline:
    """Messages in the order of their ``seq``, none missing between the first and the last.

    What comes too early waits until those before it are there.

    :param conv: the conversation's number, None where nothing has told it yet.
    """

    def __init__(self, conv: int | None = None) -> None:
        self.conv = conv
        self.messages: list[Message] = []
        self._is_complete = False
        self._early: dict[int, Message] = {}
        self._cids: set[str] = set()

    @property
    def first(self) -> int:
        """The ``seq`` of the first message, 0 where there is none."""
        return self.messages[0].seq if self.messages else 0

    @property
    def last(self) -> int:
        """The ``seq`` of the last message, 0 where there is none."""
        return self.messages[-1].seq if self.messages else 0

    @property
    def is_complete(self) -> bool:
        """Whether nothing older is to be had."""
        return self._is_complete or self.first == 1

    @property
    def has_hole(self) -> bool:
        """Whether messages wait for others that are missing."""
        return bool(self._early)

    def has(self, cid: str) -> bool:
        """Whether the text that was sent with this ``cid`` is in it."""
        return cid in self._cids

    def add(self, message: Message) -> None:
        """Take the next message, or one that comes early; a repeat changes nothing."""
        if self.messages and message.seq <= self.last:
            return
        if self.messages and message.seq > self.last + 1:
            self._early[message.seq] = message
        else:
            self._append(message)
            self._take_early()

    def add_newest(self, page: Sequence[Message], *, is_all: bool) -> None:
        """Take a page that reached up to the newest message when it was read.

        Where it does not touch what is here, it takes its place: older messages can be read
        again. ``is_all``: nothing is older than it.
        """
        if not page:
            self._is_complete = is_all and not self.messages
        elif not self.messages or page[0].seq > self.last + 1:
            self.messages = []
            self._put_before(page, is_all=is_all)
        elif page[-1].seq >= self.first - 1:
            older = [message for message in page if message.seq < self.first]
            if older or page[0].seq == self.first:
                self._put_before(older, is_all=is_all)
            for message in page:
                if message.seq > self.last:
                    self._append(message)
        self._take_early()

    def add_older(self, page: Sequence[Message], *, is_all: bool) -> None:
        """Take a page of what comes right before the first message."""
        self._put_before([each for each in page if each.seq < self.first], is_all=is_all)

    def end_at_first(self) -> None:
        """Nothing older than the first message is to be had."""
        self._is_complete = True

    def give_up_waiting(self) -> None:
        """What is missing does not exist: show what comes after it."""
        for message in sorted(self._early.values(), key=lambda each: each.seq):
            self._append(message)
        self._early = {}

    def shorten(self, most: int) -> None:
        """Keep only the newest ones; the others can be read again."""
        if len(self.messages) > most:
            del self.messages[:-most]
            self._cids = {each.cid for each in self.messages if each.cid is not None}
            self._is_complete = False

    def _put_before(self, older: Sequence[Message], *, is_all: bool) -> None:
        self.messages = [*older, *self.messages]
        self._cids.update(each.cid for each in older if each.cid is not None)
        self._is_complete = is_all

    def _append(self, message: Message) -> None:
        self.messages.append(message)
        if message.cid is not None:
            self._cids.add(message.cid)

    def _take_early(self) -> None:
        for seq in sorted(self._early):
            if seq <= self.last:
                del self._early[seq]
            elif seq == self.last + 1:
                self._append(self._early.pop(seq))
            else:
                break
