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


def padded(values: Collection[T]) -> list[T]:
    """The values for an IN (…), the last of them repeated until they are a power of two.

    So there are few different statements, which a database driver keeps prepared.
    """
    listed = list(values)
    if listed:
        size = 1 << (len(listed) - 1).bit_length()
        listed += listed[-1:] * (size - len(listed))
    return listed


def marks(values: Collection[object]) -> str:
    """Question marks for the values, separated by commas."""
    return ", ".join("?" * len(values))
