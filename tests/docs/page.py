"""docs/protocol.md taken apart: headings, links, tables and examples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "protocol.md"
CLIENT = DOCS / "examples" / "client.py"

Row = dict[str, str]


class Frame(NamedTuple):
    """A frame in an example, from the client (C) or the server (S); ``line`` counts from 1."""

    line: int
    side: str
    text: str


class Example(NamedTuple):
    """Frames of one connection; "" is one that shows what can't be repeated at will."""

    connection: str
    frames: list[Frame]


class Closing(NamedTuple):
    """The client of this connection hangs up."""

    connection: str


class Fence(NamedTuple):
    """A fenced block: what stands behind the backticks, and its lines with their numbers."""

    info: str
    lines: list[tuple[int, str]]


class Heading(NamedTuple):
    title: str
    anchor: str
    text: str  # up to the next heading


def lines() -> list[str]:
    return PAGE.read_text(encoding="utf-8").splitlines()


def parts() -> Iterator[Fence | tuple[int, str]]:
    """The fenced blocks, and each line that is in none, with its number."""
    fence: Fence | None = None
    for number, line in enumerate(lines(), 1):
        if not line.startswith("```"):
            if fence is None:
                yield number, line
            else:
                fence.lines.append((number, line))
        elif fence is None:
            fence = Fence(line[3:], [])
        else:
            yield fence
            fence = None
    assert fence is None, "the last fence has no end"


def fences() -> list[Fence]:
    return [part for part in parts() if isinstance(part, Fence)]


def prose() -> list[str]:
    """The lines that are in no fenced block."""
    return [part[1] for part in parts() if not isinstance(part, Fence)]


def headings() -> list[Heading]:
    at = [
        number - 1
        for number, line in (part for part in parts() if not isinstance(part, Fence))
        if line.startswith("#")
    ]
    page = lines()
    return [
        Heading(page[start].lstrip("# "), _anchor(page[start]), "\n".join(page[start + 1 : end]))
        for start, end in zip(at, [*at[1:], len(page)], strict=True)
    ]


def links() -> list[str]:
    """Where the page's links lead."""
    return re.findall(r"\]\(([^)\s]+)\)", "\n".join(prose()))


def table(*columns: str) -> list[Row]:
    """The rows of the one table with these columns, each cell by its column."""
    found = [rows for header, *rows in _tables() if header == list(columns)]
    assert len(found) == 1, f"{len(found)} tables have the columns {columns}"
    return [dict(zip(columns, row, strict=True)) for row in found[0][1:]]


def fields(cell: str) -> dict[str, bool]:
    """The field names in a table's cell, and whether each may be missing."""
    return {name: mark == "?" for name, mark in re.findall(r"`(\w+)`(\??)", cell)}


def story() -> Iterator[Example | Closing]:
    """The examples in the page's order, and where the connections between them end.

    A fence ``json CONNECTION C`` holds one side's frames, ``text [CONNECTION]`` marked ones.
    """
    for part in parts():
        if not isinstance(part, Fence):
            closing = re.fullmatch(r"<!-- closes (\S+) -->", part[1])
            if closing:
                yield Closing(closing[1])
            continue
        match part.info.split():
            case ["json", connection, "C" | "S" as side]:
                frames = [Frame(number, side, line) for number, line in part.lines]
                yield Example(connection, frames)
            case ["text", *name]:
                yield Example("".join(name), [_marked(*line) for line in part.lines])


def examples() -> list[Example]:
    return [part for part in story() if isinstance(part, Example)]


def _marked(number: int, line: str) -> Frame:
    marked = re.fullmatch(r"([CS]): (.+)", line)
    assert marked, f"line {number} is marked neither C: nor S:"
    return Frame(number, marked[1], marked[2])


def _anchor(heading: str) -> str:
    """What GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def _tables() -> Iterator[list[list[str]]]:
    rows: list[list[str]] = []
    for line in [*prose(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            yield rows
            rows = []
