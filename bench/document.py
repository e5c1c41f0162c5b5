"""Puts figures into a page, between marks, so that none is ever copied by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import table
from bench.results import Results
from bench.rows import Row

#: What can be put into a page, by name.
MEASURED = ("machine", "wanted", "costs")


class NoMark(Exception):
    """The page has no place for what is to be put there."""


def put_into(page: Path, texts: Mapping[str, str]) -> None:
    """Replace what stands between ``<!-- measured: NAME -->`` and ``<!-- end -->``.

    :raises NoMark: the page lacks one of the names.
    """
    content = page.read_text(encoding="utf-8")
    for name, text in texts.items():
        mark = f"<!-- measured: {name} -->\n"
        between = re.compile(re.escape(mark) + ".*?<!-- end -->", re.DOTALL)
        content, count = between.subn(lambda _: f"{mark}\n{text}\n<!-- end -->", content)  # noqa: B023
        if count != 1:
            raise NoMark(f"{page} has {count} places for {name}, not one")
    page.write_text(content, encoding="utf-8")


def texts(results: Results, rows: Sequence[Row]) -> dict[str, str]:
    """What is to be put, by name."""
    faults = ", ".join(f"{number} {name}" for name, number in results.faults().items())
    seen = f"{faults or 'none'} in {len(results.measurements)} runs of the generator"
    return {
        "machine": _facts({**results.machine, "faults": seen}),
        "wanted": table.wanted(results, rows),
        "costs": table.costs(results, rows),
    }


def _facts(facts: Mapping[str, str]) -> str:
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {fact} |\n" for name, fact in facts.items())
