"""One conversation: what was said, what is on its way, what is unread, what is being written."""

from __future__ import annotations

from dataclasses import dataclass, field

from chatclient.conversations.peers import Peer
from chatclient.conversations.timeline import Timeline


@dataclass(slots=True, eq=False)
class Outgoing:
    """A text of one's own that the server has not stored yet; ``why``: it never will."""

    cid: str
    text: str
    why: str | None = None

    @property
    def has_failed(self) -> bool:
        """Whether it was refused, or not even taken."""
        return self.why is not None


@dataclass(slots=True, eq=False)
class Conversation:
    """A conversation with ``peer``.

    :param read: the ``seq`` up to which it was read; None before anything is known of it.
    :param known: the highest ``seq`` that was ever seen of it.
    :param marker: the ``seq`` behind which the line stands that says where the unread begins.
    :param conv: the number of the conversation that ``read`` counts in, None where nothing has
        told it yet.

    The server gives it another number where it went back to a backup: then ``seq`` begins lower
    again, and what is at hand is not worth anything any more.
    """

    peer: Peer
    read: int | None = None
    known: int = 0
    draft: str = ""
    outgoing: list[Outgoing] = field(default_factory=list)
    marker: int | None = None
    conv: int | None = None
    timeline: Timeline = field(init=False)

    def __post_init__(self) -> None:
        self.timeline = Timeline(self.conv)

    def unread(self, me: int) -> int:
        """How many messages were not read; of those at hand one's own don't count."""
        if self.read is None:
            return 0
        if not self.timeline.messages:
            return max(0, self.known - self.read)
        count = max(0, self.timeline.first - 1 - self.read)
        for message in reversed(self.timeline.messages):
            if message.seq <= self.read:
                break
            count += message.sender != me
        return count

    def drop_failed(self) -> list[Outgoing]:
        """Forget the texts that were refused; which those were."""
        failed = [each for each in self.outgoing if each.has_failed]
        self.outgoing = [each for each in self.outgoing if not each.has_failed]
        return failed

    def mark_read(self) -> None:
        """All that is known has been seen."""
        if self.read is not None:
            self.read = max(self.read, self.known)

    def take_number(self, conv: int) -> None:
        """The server calls it so now; with another number its timeline begins anew."""
        if self.timeline.conv not in (None, conv):
            self.timeline = Timeline()
            self.known = 0
            self.marker = None
        self.timeline.conv = conv
        if self.conv is None:
            self.conv = conv

    def take_place(self, conv: int, seq: int) -> None:
        """A message is pushed: the first with a number, and what follows, was not read."""
        self.take_number(conv)
        if self.read is None:
            self.read = seq - 1
        elif conv != self.conv:
            self.read = min(self.read, seq - 1)
        self.conv = conv

    def follow_timeline(self) -> None:
        """The timeline has changed: what it has is known, and no longer on its way."""
        self.known = max(self.known, self.timeline.last)
        self.outgoing = [each for each in self.outgoing if not self.timeline.has(each.cid)]
