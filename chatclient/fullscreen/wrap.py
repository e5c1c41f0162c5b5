"""Texts in rows, by the columns that their characters take on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len

_TAB = "    "
# What belongs on one cell: a character with its marks, selectors and joined ones, a flag.
_CLUSTER = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|.(?:[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0e31\u0e34-\u0e3a"
    "\u0e47-\u0e4e\u20d0-\u20f0\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f\U0001f3fb-\U0001f3ff"
    "\U000e0100-\U000e01ef]|\u200d.)*",
    re.DOTALL,
)


def width(text: str) -> int:
    """The columns that a text takes."""
    return cell_len(text)


def cut(text: str, columns: int) -> str:
    """The text in at most so many columns; what is left out shows as ``…``."""
    if width(text) <= columns:
        return text
    kept = ""
    for cluster in _CLUSTER.findall(text):
        if width(kept) + width(cluster) > columns - 1:
            break
        kept += cluster
    return f"{kept}…" if columns > 0 else ""


def pad(text: str, columns: int) -> str:
    """The text with spaces behind it, or cut, so that it takes just so many columns."""
    text = cut(text, columns)
    return text + " " * (columns - width(text))


def pad_left(text: str, columns: int) -> str:
    """The text with spaces before it, or cut, so that it takes just so many columns."""
    text = cut(text, columns)
    return " " * (columns - width(text)) + text


def wrap(line: str, columns: int) -> list[str]:
    """A line in rows of at most so many columns, broken at spaces and between wide characters."""
    line = line.replace("\t", _TAB)
    if len(line) <= columns and line.isascii():
        return [line]
    return list(_rows(line, max(columns, 2)))


def _rows(line: str, columns: int) -> Iterator[str]:
    row = ""
    used = 0
    for word in _words(line):
        size = width(word)
        if used + size <= columns:
            row += word
            used += size
            continue
        fits = word.rstrip(" ")
        if used + width(fits) <= columns:
            # Only the spaces behind it don't fit; they are not needed there.
            yield row + fits
            row, used = "", 0
            continue
        if row:
            yield row.rstrip(" ")
        *full, row = _pieces(word, columns)
        yield from full
        used = width(row)
    yield row.rstrip(" ") or row[:1]


def _words(line: str) -> Iterator[str]:
    """Pieces between which a row may end, each with the spaces behind it."""
    word = ""
    for cluster in _CLUSTER.findall(line):
        is_wide = width(cluster) > 1
        if word and cluster != " " and (is_wide or word[-1] == " " or width(word[-1]) > 1):
            yield word
            word = ""
        word += cluster
    if word:
        yield word


def _pieces(word: str, columns: int) -> list[str]:
    """A word in pieces none of which is too long."""
    pieces = [""]
    for cluster in _CLUSTER.findall(word):
        if pieces[-1] and width(pieces[-1]) + width(cluster) > columns:
            pieces.append("")
        pieces[-1] += cluster
    return pieces
