"""How it looks: the terminal's own colours, or a dark or a light theme of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.style import Style
from textual.theme import BUILTIN_THEMES, Theme

_PLAIN = Style()


@dataclass(frozen=True)
class Look:
    """Textual's theme for what is on the screen, and styles for the roles of pieces."""

    theme: Theme
    roles: Mapping[str, Style]
    names: Sequence[Style]

    def style(self, role: str) -> Style:
        """The style of a role; people have a colour each, always the same."""
        kind, _, number = role.partition(" ")
        if kind == "name":
            return self.names[int(number) % len(self.names)]
        return self.roles.get(role, _PLAIN)


def _roles(
    dim: str, accent: str, good: str, bad: str, unread: str, bar: str
) -> Mapping[str, Style]:
    return {
        "time": Style(color=dim),
        "me": Style(bold=True),
        "bar": Style(color=bar),
        "stored": Style(color=good),
        "sending": Style(color=unread, bold=True),
        "failed": Style(color=bad),
        "error": Style(color=bad),
        "rule": Style(color=dim),
        "unread": Style(color=unread, bold=True),
        "notice": Style(color=accent),
        "online": Style(color=good),
        "offline": Style(color=dim),
        "dim": Style(color=dim),
        "count": Style(color=unread, bold=True),
        "current": Style(bold=True, reverse=True),
        "strong": Style(bold=True),
    }


def _names(*colours: str) -> list[Style]:
    return [Style(color=colour) for colour in colours]


def _theme(name: str, source: str) -> Theme:
    theme = BUILTIN_THEMES[source]
    return Theme(**{**vars(theme), "name": name})


LOOKS = {
    "terminal": Look(
        _theme("terminal", "ansi-dark"),
        _roles("bright_black", "cyan", "green", "red", "yellow", "bright_black"),
        _names("green", "magenta", "cyan", "yellow", "blue", "red",
               "bright_green", "bright_magenta", "bright_cyan", "bright_blue", "bright_red"),
    ),
    "dark": Look(
        _theme("dark", "textual-dark"),
        _roles("#7c828d", "#7fb4ca", "#87a987", "#e46876", "#e6c384", "#4a505c"),
        _names("#98bb6c", "#d27e99", "#7aa89f", "#e6c384", "#7e9cd8", "#ffa066",
               "#a3d4d5", "#957fb8", "#c0a36e", "#e46876", "#6fb3d2"),
    ),
    "light": Look(
        _theme("light", "textual-light"),
        _roles("#7a7f87", "#1f6f8b", "#3f7d3f", "#b3261e", "#9a5b00", "#c2c6cc"),
        _names("#3f7d20", "#a1356b", "#00706a", "#8a5a00", "#2f5fb3", "#b3501a",
               "#00728f", "#6d3fa8", "#7a6a00", "#b3261e", "#4f6d8f"),
    ),
}  # fmt: skip
DEFAULT = "terminal"
