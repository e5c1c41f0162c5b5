"""How things look in a terminal: columns, amounts, and texts that others have written."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

_UNITS = ("B", "kB", "MB", "GB", "TB")
_SPANS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
# Control and formatting characters, halves of characters, and what breaks lines: they could
# change what else is on the screen.
_DANGEROUS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def printable(text: str) -> str:
    """A text of which nothing moves the cursor or hides something."""
    if not any(unicodedata.category(each) in _DANGEROUS for each in text):
        return text
    return "".join(
        each.encode("unicode_escape").decode() if unicodedata.category(each) in _DANGEROUS else each
        for each in text
    )


def width(text: str) -> int:
    """The columns of a terminal that a printable text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def columns(head: Sequence[str], rows: Iterable[Sequence[str]], right: str = "") -> Iterator[str]:
    """Lines with aligned columns.

    :param right: the heads of the columns that stand at the right, with spaces between.
    """
    lines = [list(head), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    at_right = [name in right.split() for name in head]
    for line in lines:
        cells = []
        for cell, wide, is_right in zip(line, widths, at_right, strict=True):
            gap = " " * (wide - width(cell))
            cells.append(gap + cell if is_right else cell + gap)
        yield "  ".join(cells).rstrip()


def span(seconds: float) -> str:
    """How long something takes or lasts, by its largest unit and the one below."""
    left = int(seconds)
    parts: list[str] = []
    for unit, length in _SPANS:
        number, left = divmod(left, length)
        if number:
            parts.append(f"{number} {unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def size(number: float) -> str:
    """An amount of bytes."""
    units = iter(_UNITS)
    unit = next(units)
    while number >= 1000 and unit != _UNITS[-1]:
        number, unit = number / 1000, next(units)
    return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"


def moment(milliseconds: int) -> str:
    """A time in milliseconds since the epoch, in local time."""
    return f"{datetime.fromtimestamp(milliseconds / 1000).astimezone():%Y-%m-%d %H:%M:%S}"


def count(number: int, what: str) -> str:
    """So many of something, as ``1 session`` or ``2 sessions``."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
