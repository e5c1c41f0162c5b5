"""What the message pane shows, as rows of pieces with roles; colours are the pane's business."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from chatclient.conversations.conversation import Conversation, Outgoing
from chatclient.conversations.timeline import Message
from chatclient.fullscreen.wrap import pad, pad_left, width, wrap
from chatclient.language import gettext as _
from chatclient.language import marked
from chatclient.terminal.visible import visible

Piece = tuple[str, str]
"""A text and its role: time, name, me, text, stored, sending, failed, bar, rule, unread, notice."""

SENT, SENDING, FAILED, BAR = "✓", "…", "✗", "│"
_TIME = 5
_NARROW = 50  # columns below which names stand on the left, as short as they are
_LONGEST_NAME = 14
LAST = 2**53  # behind every message: of what is on its way
_WEEKDAYS = (
    marked("Monday"),
    marked("Tuesday"),
    marked("Wednesday"),
    marked("Thursday"),
    marked("Friday"),
    marked("Saturday"),
    marked("Sunday"),
)


class Row(NamedTuple):
    """One row; ``seq`` is that of the message that it belongs to or stands before.

    ``alone`` is how it looks as the first one in view, where that is different.
    """

    pieces: tuple[Piece, ...]
    seq: int
    alone: tuple[Piece, ...] | None = None

    @property
    def is_rule(self) -> bool:
        """Whether it stands before its message, and is no part of that."""
        return len(self.pieces) == 1


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the program says to who looks, behind the message ``after``."""

    after: int
    text: str
    role: str = "notice"


@dataclass(frozen=True, slots=True)
class Shape:
    """How wide the columns are."""

    columns: int

    @property
    def name(self) -> int:
        """Columns for names."""
        return _LONGEST_NAME if self.columns >= _NARROW else 8

    @property
    def margin(self) -> int:
        """Columns before a text."""
        return _TIME + 1 + self.name + 3

    @property
    def text(self) -> int:
        """Columns for texts."""
        return max(8, self.columns - self.margin)


class RowMaker:
    """Makes the rows of a conversation, and those of each message only once.

    :param me: one's own id.
    """

    def __init__(self, me: int, shape: Shape) -> None:
        self.me = me
        self.shape = shape
        self._made: dict[tuple[Message, bool], list[Row]] = {}

    def rows(
        self, conversation: Conversation, notices: Sequence[Notice] = (), head: str = ""
    ) -> list[Row]:
        """All rows; ``head`` says what is above the first message."""
        rows = [self._rule(head, "rule", 0)] if head else []
        waiting = deque(sorted(notices, key=lambda notice: notice.after))
        before: Message | None = None
        for message in conversation.timeline.messages:
            count = len(rows)
            while waiting and waiting[0].after < message.seq:
                rows += self._notice(waiting.popleft())
            day = _day(message.time)
            if before is None or _day(before.time) != day:
                rows.append(self._rule(_day_name(day), "rule", message.seq))
            if conversation.marker is not None and message.seq == conversation.marker + 1:
                rows.append(self._rule(_("unread"), "unread", message.seq))
            follows = before is not None and len(rows) == count and _follows(message, before)
            rows += self._message(message, follows=follows)
            before = message
        for notice in waiting:
            rows += self._notice(notice)
        for outgoing in conversation.outgoing:
            rows += self._outgoing(outgoing)
        return rows

    def notices(self, notices: Sequence[Notice]) -> list[Row]:
        """Rows where there is no conversation."""
        return [row for notice in notices for row in self._notice(notice)]

    def _rule(self, text: str, role: str, seq: int) -> Row:
        """A line across with a text in it."""
        label = f"── {text} "
        return Row(((label + "─" * (self.shape.columns - width(label)), role),), seq)

    def _message(self, message: Message, *, follows: bool) -> list[Row]:
        key = (message, follows)
        made = self._made.get(key)
        if made is None:
            is_mine = message.sender == self.me
            name = _("you") if is_mine else visible(message.name)
            role = "me" if is_mine else f"name {message.sender}"
            mark = (SENT, "stored") if is_mine else (BAR, "bar")
            head = (_clock(message.time), (name, role), mark)
            made = self._block(*head, message.text, message.seq)
            if follows:
                named = made[0].pieces
                made[0] = Row(
                    (*self._head("", ("", role), mark), named[-1]), message.seq, alone=named
                )
            self._made[key] = made
        return made

    def _outgoing(self, outgoing: Outgoing) -> list[Row]:
        mark = (FAILED, "failed") if outgoing.has_failed else (SENDING, "sending")
        rows = self._block("", (_("you"), "me"), mark, outgoing.text, LAST)
        if outgoing.why is not None:
            why = _("not sent: {why}; /retry sends it again, /discard drops it")
            rows += self._aside(why.format(why=visible(outgoing.why)), "failed", LAST)
        return rows

    def _notice(self, notice: Notice) -> list[Row]:
        lines = notice.text.split("\n")
        return [row for line in lines for row in self._aside(line, notice.role, notice.after)]

    def _aside(self, text: str, role: str, seq: int) -> list[Row]:
        """What nobody has said."""
        blank = " " * (self.shape.margin - 3)
        return [
            Row(((blank, "text"), (" - ", "bar"), (row, role)), seq)
            for row in wrap(text, self.shape.text)
        ]

    def _block(self, clock: str, name: Piece, mark: Piece, text: str, seq: int) -> list[Row]:
        """The rows of a text; only the first has who wrote it, so that none looks like another."""
        lines = text.replace("\r\n", "\n").split("\n")
        first, *rest = [piece for line in lines for piece in wrap(visible(line), self.shape.text)]
        head = self._head(clock, name, mark)
        margin = ((" " * (self.shape.margin - 2), "text"), (f"{BAR} ", "bar"))
        return [
            Row((*head, (first, "text")), seq),
            *(Row((*margin, (piece, "text")), seq) for piece in rest),
        ]

    def _head(self, clock: str, name: Piece, mark: Piece) -> tuple[Piece, ...]:
        shown = f"{pad_left(name[0], self.shape.name)} "
        return ((f"{pad(clock, _TIME)} ", "time"), (shown, name[1]), (f"{mark[0]} ", mark[1]))


def _follows(message: Message, before: Message) -> bool:
    """Whether it needs no name, as the same one goes on."""
    return message.sender == before.sender and _clock(message.time) == _clock(before.time)


@lru_cache(maxsize=4096)
def _moment(time: str) -> datetime | None:
    try:
        return datetime.fromisoformat(time).astimezone()
    except (ValueError, OverflowError):
        return None


def _day(time: str) -> date | None:
    moment = _moment(time)
    return None if moment is None else moment.date()


def _day_name(day: date | None) -> str:
    return "?" if day is None else f"{day.isoformat()} {_(_WEEKDAYS[day.weekday()])}"


def _clock(time: str) -> str:
    moment = _moment(time)
    return "?" if moment is None else f"{moment:%H:%M}"
