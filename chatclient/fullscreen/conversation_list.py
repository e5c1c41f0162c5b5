"""The list of conversations at the left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from chatclient.fullscreen.looks import Look
from chatclient.fullscreen.wrap import cut, pad, width
from chatclient.language import gettext as _

ONLINE, OFFLINE, GROUP = "●", "○", "#"
_MOST = 999


@dataclass(frozen=True, slots=True)
class Entry:
    """A conversation as the list shows it; ``state``: group, online, offline or unknown."""

    name: str
    state: str
    unread: int
    is_current: bool
    has_draft: bool
    has_failed: bool


class ConversationList(Widget):
    """Every conversation in a row: number, presence, name, unread messages.

    :param on_choose: called with the number of the one that was clicked at, from 0.
    """

    def __init__(self, look: Look, on_choose: Callable[[int], None]) -> None:
        super().__init__(id="list")
        self.look = look
        self._on_choose = on_choose
        self._entries: Sequence[Entry] = ()
        self._top = 0

    def show(self, entries: Sequence[Entry]) -> None:
        """Show these; the current one comes into view."""
        if entries == self._entries:
            return
        self._entries = entries
        self._show_current()

    def on_resize(self) -> None:
        """The current one stays in view."""
        self._show_current()

    def render_line(self, y: int) -> Strip:
        """One row of the widget."""
        number = self._top + y
        line = Segment("│", self.rich_style + self.look.style("bar"))
        room = self.size.width - 1
        if number < len(self._entries):
            segments = self._row(number, self._entries[number], room)
        elif number == 0:
            segments = [Segment(pad(_(" nobody yet: /chat ID"), room), self._style("dim"))]
        else:
            segments = [Segment(" " * room, self.rich_style)]
        return Strip([*segments, line]).adjust_cell_length(self.size.width, self.rich_style)

    def on_click(self, event: events.Click) -> None:
        number = self._top + event.y
        if number < len(self._entries):
            self._on_choose(number)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(1)

    def _row(self, number: int, entry: Entry, room: int) -> list[Segment]:
        key = str(number + 1) if number < 9 else " "
        dot, role = {
            "group": (GROUP, "dim"),
            "online": (ONLINE, "online"),
            "offline": (OFFLINE, "offline"),
        }.get(entry.state, (" ", "dim"))
        count = f"{_MOST}+" if entry.unread > _MOST else str(entry.unread or "")
        sign = "✗" if entry.has_failed else "✎" if entry.has_draft else ""
        end = " ".join(text for text in (sign, count) if text)
        name = "strong" if entry.unread else "text"
        space = room - 4 - (width(end) + 1 if end else 0) - 1
        pieces = [
            (f"{key} ", "dim"),
            (f"{dot} ", role),
            (pad(cut(entry.name, space), space), name),
            (f" {end} " if end else " ", "count"),
        ]
        return [
            Segment(text, self._style("current" if entry.is_current else role))
            for text, role in pieces
        ]

    def _style(self, role: str) -> Style:
        return self.rich_style + self.look.style(role)

    def _show_current(self) -> None:
        number = next((at for at, each in enumerate(self._entries) if each.is_current), 0)
        self._top = min(self._top, number)
        self._top = max(self._top, number - self.size.height + 1)
        self._limit()
        self.refresh()

    def _scroll(self, count: int) -> None:
        self._top += count
        self._limit()
        self.refresh()

    def _limit(self) -> None:
        self._top = max(0, min(self._top, len(self._entries) - self.size.height))
