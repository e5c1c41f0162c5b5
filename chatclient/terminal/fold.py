"""Cutting lines to the width of a terminal, so that none looks like two."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from typing import TextIO

_CONTINUED = "  | "
_TAB = 8
_NARROWEST = 20
_USUAL = 80


def folded(line: str, stream: TextIO) -> str:
    """The line as it is to be written to the stream.

    A terminal would go on at the left edge, where lines of others begin: a text with enough
    spaces in it could look like a message of somebody else. So the rows after the first are
    marked. Pipes and files get the line as it is.
    """
    if not stream.isatty():
        return line
    try:
        columns = os.get_terminal_size(stream.fileno()).columns or _USUAL
    except OSError:
        columns = _USUAL
    return fold(line, max(columns, _NARROWEST))


def fold(line: str, columns: int) -> str:
    """The line in rows of at most ``columns``, those after the first marked at their left."""
    return f"\n{_CONTINUED}".join(_rows(line, columns))


def _rows(line: str, columns: int) -> Iterator[str]:
    row: list[str] = []
    used = 0
    for char in line:
        width = _width(char, used)
        if used + width > columns:
            yield "".join(row)
            row, used = [], len(_CONTINUED)
            width = _width(char, used)
        row.append(" " * width if char == "\t" else char)
        used += width
    yield "".join(row)


def _width(char: str, column: int) -> int:
    """The columns that a character takes, rather too many than too few."""
    if char == "\t":
        return _TAB - column % _TAB
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} or char > "\uffff" else 1
