"""Help: every command and key, and those that have the words that one types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from chatclient.fullscreen.commands import COMMANDS
from chatclient.fullscreen.wrap import pad, width
from chatclient.language import gettext as _
from chatclient.language import marked
from chatclient.terminal.chat import COMMANDS as COLON_COMMANDS

KEYS = (
    ("Enter", marked("send, or do a command")),
    ("Alt+Enter, Ctrl+J", marked("begin a new line in the text")),
    ("Tab", marked("complete a command or a name; again for the next one")),
    ("Up, Down", marked("what was typed before")),
    ("Alt+A, Ctrl+N", marked("go to the next unread messages")),
    ("Alt+1 … Alt+9", marked("go to a conversation of the list")),
    ("Alt+Up, Alt+Down", marked("go to the conversation above or below")),
    ("Ctrl+P", marked("go back to the conversation before")),
    ("PageUp, PageDown", marked("scroll; older messages are loaded")),
    ("Ctrl+End", marked("scroll to the newest message")),
    ("Ctrl+A, Ctrl+E", marked("to the start or end of the line")),
    ("Ctrl+B, Ctrl+F", marked("a character back or forward")),
    ("Alt+B, Alt+F", marked("a word back or forward")),
    ("Ctrl+W, Alt+D", marked("delete a word before or behind the cursor")),
    ("Ctrl+U, Ctrl+K", marked("delete up to the start or end of the line")),
    ("Ctrl+Y", marked("put in what was deleted last")),
    ("Ctrl+Z", marked("undo")),
    ("F1", marked("this help")),
    ("F2", marked("hide the list of conversations, or show it")),
    ("F5", marked("try now to connect, or to log in again")),
    ("Ctrl+C, Ctrl+C", marked("leave; unsent texts wait for the next time")),
    ("Esc, …", marked("the same as Alt with the next key")),
)
TEXTS = (
    ("//text", marked("send a text that begins with a slash")),
    (" help", marked("a space before a command's word: send it as a text")),
)


class HelpScreen(ModalScreen[None]):
    """What can be done. Typing shows only what has the words; Escape closes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,ctrl+c", "dismiss", show=False, priority=True),
        Binding("up", "scroll(-1)", show=False, priority=True),
        Binding("down", "scroll(1)", show=False, priority=True),
        Binding("pageup", "pages(-1)", show=False, priority=True),
        Binding("pagedown", "pages(1)", show=False, priority=True),
    ]

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words
        self._found = Static()
        self._view = VerticalScroll(self._found, can_focus=False)

    def compose(self) -> ComposeResult:
        """A line to type in, and below it what was found."""
        with Vertical(id="help"):
            hint = _("type words to find; Escape closes")
            field = Input(self._words, placeholder=hint, select_on_focus=False)
            field.cursor_blink = False
            yield field
            yield self._view

    def on_mount(self) -> None:
        """Show what there is."""
        self._find(self._words)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Other words."""
        self._find(event.value)

    def on_input_submitted(self) -> None:
        """There is nothing to send here."""
        self.dismiss()

    def action_scroll(self, count: int) -> None:
        self._view.scroll_relative(y=count, animate=False)

    def action_pages(self, count: int) -> None:
        self._view.scroll_relative(y=count * max(1, self._view.size.height - 1), animate=False)

    def _find(self, words: str) -> None:
        self._found.update(_text(list(found(words))))


def found(words: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The parts of the help with those of their entries that have all these words."""
    wanted = words.casefold().split()
    for title, entries in _parts():
        fitting = [
            entry for entry in entries if all(word in " ".join(entry).casefold() for word in wanted)
        ]
        if fitting:
            yield title, fitting


def _parts() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    yield (
        _("Commands"),
        [(f"/{each.name} {each.usage}".rstrip(), _(each.summary)) for each in COMMANDS],
    )
    yield _("Keys"), [(keys, _(text)) for keys, text in KEYS]
    yield _("Texts"), [(keys, _(text)) for keys, text in TEXTS]
    yield (
        _("Commands of the line mode"),
        [(each.usage, _(each.summary)) for each in COLON_COMMANDS],
    )


def _text(parts: list[tuple[str, list[tuple[str, str]]]]) -> Text:
    if not parts:
        return Text(_("nothing has these words"))
    columns = max(width(entry[0]) for _title, entries in parts for entry in entries)
    text = Text()
    for title, entries in parts:
        text.append(f"{title}\n", "bold")
        for keys, summary in entries:
            text.append(f"  {pad(keys, columns)}  ")
            text.append(f"{summary}\n", "dim")
        text.append("\n")
    text.rstrip()
    return text
