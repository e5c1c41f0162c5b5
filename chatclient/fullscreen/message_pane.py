"""The messages of one conversation, scrolled row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from chatclient.conversations.conversation import Conversation
from chatclient.fullscreen.looks import Look
from chatclient.fullscreen.rows import LAST, Notice, Row, RowMaker, Shape
from chatclient.language import gettext as _

_WHEEL = 3  # rows


class MessagePane(Widget):
    """Shows the end, unless somebody has scrolled up: then what is in view stays there.

    :param on_scroll: called when another part came into view.
    """

    def __init__(self, look: Look, on_scroll: Callable[[], None]) -> None:
        super().__init__(id="messages")
        self.look = look
        self._on_scroll = on_scroll
        self._conversation: Conversation | None = None
        self._rows: list[Row] = []
        self._maker = RowMaker(0, Shape(80))
        #: The first row in view; None: the last rows are.
        self._top: int | None = None

    @property
    def is_at_end(self) -> bool:
        """Whether the last row is in view."""
        return self._top is None

    @property
    def is_at_start(self) -> bool:
        """Whether the first row is in view, or nearly."""
        return self._first < self.size.height

    @property
    def seen(self) -> int:
        """The ``seq`` up to which messages are in view or above it."""
        for row in reversed(self._rows[: self._first + self.size.height]):
            if not row.is_rule and row.seq != LAST:
                return row.seq
        return 0

    @property
    def _first(self) -> int:
        return self._last_top if self._top is None else self._top

    @property
    def _last_top(self) -> int:
        return max(0, len(self._rows) - self.size.height)

    def show(
        self, conversation: Conversation | None, me: int, notices: Sequence[Notice], head: str
    ) -> None:
        """Show a conversation as it is now; another one from where its unread begins."""
        is_new = conversation is not self._conversation
        columns = self.size.width
        if is_new or (self._maker.me, self._maker.shape.columns) != (me, columns):
            self._maker = RowMaker(me, Shape(columns))
        anchor = None if is_new or self._top is None else self._anchor()
        self._conversation = conversation
        if conversation is None:
            self._rows = self._maker.notices(notices)
        else:
            self._rows = self._maker.rows(conversation, notices, head)
        if is_new:
            self._top = self._unread_row()
        elif anchor is not None:
            self._top = self._row_of(*anchor)
        self._limit()
        self.refresh()

    def scroll_rows(self, count: int) -> None:
        """Scroll down by so many rows, or up."""
        self._top = self._first + count
        self._limit()
        self.refresh()
        self._on_scroll()

    def scroll_pages(self, count: int) -> None:
        """Scroll down by so many pages, or up; one row stays in view."""
        self.scroll_rows(count * max(1, self.size.height - 1))

    def scroll_to_end(self) -> None:
        """Show the last rows, and those that come."""
        self._top = None
        self.refresh()
        self._on_scroll()

    def render_line(self, y: int) -> Strip:
        """One row of the widget."""
        # What fills less than the pane stands at its bottom, above the input.
        blank = max(0, self.size.height - len(self._rows))
        number = self._first + y - blank
        width = self.size.width
        if y < blank or number >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        row = self._rows[number]
        pieces = row.alone if row.alone and number == self._first else row.pieces
        segments = [Segment(text, self.rich_style + self.look.style(role)) for text, role in pieces]
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def on_resize(self) -> None:
        """What was in view stays there; the owner shows the rows anew."""
        self._on_scroll()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(-_WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(_WHEEL)

    def _anchor(self) -> tuple[int, int]:
        """The message whose row is the first in view, and which of its rows that is."""
        top = min(self._first, len(self._rows) - 1)
        if top < 0:
            return 0, 0
        start = top
        while start > 0 and self._rows[start - 1].seq == self._rows[top].seq:
            start -= 1
        return self._rows[top].seq, top - start

    def _row_of(self, seq: int, offset: int) -> int:
        for number, row in enumerate(self._rows):
            if row.seq >= seq:
                return number + offset if row.seq == seq else number
        return len(self._rows)

    def _unread_row(self) -> int | None:
        """Where to begin reading, if the unread messages are more than fit."""
        marker = None if self._conversation is None else self._conversation.marker
        if marker is None:
            return None
        return max(0, self._row_of(marker + 1, 0) - 1)

    def _limit(self) -> None:
        if self._top is not None:
            self._top = max(0, self._top)
            if self._top >= self._last_top:
                self._top = None


def head_of(conversation: Conversation, *, is_loading: bool) -> str:
    """What stands above the first message."""
    if conversation.timeline.is_complete:
        return _("the beginning")
    return _("loading…") if is_loading else _("older messages come when you are connected")
