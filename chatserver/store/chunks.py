"""Long lists for statements that take only so many values."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeVar

T = TypeVar("T")

#: Values in the IN (…) of one statement.
CHUNK = 1000


def chunks(items: Collection[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The items in lists of up to ``size``."""
    listed = list(items)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def marks(values: Collection[object]) -> str:
    """Question marks for the values, separated by commas."""
    return ", ".join("?" * len(values))
