"""The input: lines to edit as in a shell, earlier ones, completion."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from textual import events
from textual.widgets import TextArea

from chatclient.fullscreen.completion import Completion

_MOST_ROWS = 6
# What each key does: a method of the text area.
_MOVES = {
    "left": "cursor_left",
    "ctrl+b": "cursor_left",
    "right": "cursor_right",
    "ctrl+f": "cursor_right",
    "up": "cursor_up",
    "down": "cursor_down",
    "alt+b": "cursor_word_left",
    "ctrl+left": "cursor_word_left",
    "alt+left": "cursor_word_left",
    "alt+f": "cursor_word_right",
    "ctrl+right": "cursor_word_right",
    "alt+right": "cursor_word_right",
    "home": "cursor_line_start",
    "ctrl+a": "cursor_line_start",
    "end": "cursor_line_end",
    "ctrl+e": "cursor_line_end",
    "backspace": "delete_left",
    "ctrl+h": "delete_left",
    "delete": "delete_right",
    "ctrl+d": "delete_right",
    "ctrl+z": "undo",
    "ctrl+underscore": "undo",
}
_KILLS = {
    "ctrl+w": "delete_word_left",
    "alt+backspace": "delete_word_left",
    "alt+d": "delete_word_right",
    "ctrl+u": "delete_to_start_of_line",
    "ctrl+k": "delete_to_end_of_line",
}
# What is pasted is shown as it is, and must not drive the terminal.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_NEW_LINE = ("alt+enter", "ctrl+j", "shift+enter")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the input needs of the screen.

    :param submit: takes a finished text.
    :param complete: what may follow on a line up to the cursor.
    :param inputs: what was typed before, the last at the end.
    :param keys: what other keys do.
    :param any_key: called at each key, first.
    """

    submit: Callable[[str], None]
    complete: Callable[[str], Completion]
    inputs: Callable[[], Sequence[str]]
    keys: Mapping[str, Callable[[], None]]
    any_key: Callable[[str], None]


class InputBox(TextArea):
    """Enter sends; Alt+Enter and Ctrl+J begin a new line, and pasted lines stay together.

    All keys are handled here, in the order in which they come. Textual would run bindings
    later than the keys behind them: in a burst, texts would go to the wrong conversation.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(
            id="input", compact=True, highlight_cursor_line=False, show_line_numbers=False
        )
        self.cursor_blink = False
        self._surroundings = surroundings
        self._killed = ""
        #: How far back in what was typed, and what stood here before that.
        self._back = 0
        self._unfinished = ""
        self._choices: Completion | None = None
        self._chosen = 0
        self._is_escaped = False

    def put(self, text: str) -> None:
        """Let this stand in it."""
        self.load_text(text)
        self.move_cursor(self.document.end)
        self._back = 0
        self._fit()

    async def _on_key(self, event: events.Key) -> None:
        key = event.key
        if self._is_escaped:
            self._is_escaped = False
            key = f"alt+{key}"
        self._surroundings.any_key(key)
        if key != "tab":
            self._choices = None
        if event.is_printable and not key.startswith(("alt+", "ctrl+")):
            return
        event.stop()
        event.prevent_default()
        self._do(key)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.insert(_CONTROLS.sub("", event.text.replace("\r\n", "\n").replace("\r", "\n")))

    def _do(self, key: str) -> None:
        if key in self._surroundings.keys:
            self._surroundings.keys[key]()
        elif key == "enter":
            self._submit()
        elif key in _NEW_LINE:
            self.insert("\n")
        elif key == "tab":
            self._next_choice()
        elif key == "up" and self.cursor_at_first_line:
            self._go_back(1)
        elif key == "down" and self.cursor_at_last_line:
            self._go_back(-1)
        elif key in _MOVES:
            getattr(self, f"action_{_MOVES[key]}")()
        elif key in _KILLS:
            self._kill(_KILLS[key])
        elif key == "ctrl+y":
            self.insert(self._killed)
        elif key == "escape":
            self._is_escaped = True

    def _kill(self, action: str) -> None:
        """Delete something that can be put in again; at a line's end, that end."""
        before = self.text
        getattr(self, f"action_{action}")()
        if self.text == before:
            getattr(self, "action_delete_left" if _goes_back(action) else "action_delete_right")()
        after = self.text
        if len(after) < len(before):
            pairs = enumerate(zip(before, after, strict=False))
            start = next((at for at, (one, other) in pairs if one != other), len(after))
            self._killed = before[start : start + len(before) - len(after)]

    def on_text_area_changed(self) -> None:
        """It is as high as its text, up to a limit."""
        self._fit()

    def on_resize(self) -> None:
        """Its text may take other rows."""
        self._fit()

    def _fit(self) -> None:
        self.styles.height = max(1, min(_MOST_ROWS, self.wrapped_document.height))

    def _submit(self) -> None:
        # Bytes that are no UTF-8 may come as lone surrogates.
        text = self.text.encode("utf-8", "replace").decode()
        if text.strip():
            self._surroundings.submit(text)

    def _go_back(self, count: int) -> None:
        inputs = self._surroundings.inputs()
        back = max(0, min(self._back + count, len(inputs)))
        if back == self._back:
            return
        if self._back == 0:
            self._unfinished = self.text
        self.put(inputs[-back] if back else self._unfinished)
        self._back = back

    def _next_choice(self) -> None:
        row, column = self.cursor_location
        if self._choices is None:
            self._choices = self._surroundings.complete(self.document.get_line(row)[:column])
            self._chosen = 0
        if self._choices.choices:
            choice = self._choices.choices[self._chosen % len(self._choices.choices)]
            self._chosen += 1
            self.replace(choice, (row, self._choices.start), (row, column))
            self.move_cursor((row, self._choices.start + len(choice)))


def _goes_back(action: str) -> bool:
    return action in ("delete_word_left", "delete_to_start_of_line")
