"""A dictionary with an upper bound."""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Remembers up to ``limit`` values; the oldest go first. None can't be remembered."""

    __slots__ = ("_limit", "_values", "get")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: dict[K, V] = {}
        self.get = self._values.get

    def put(self, key: K, value: V) -> None:
        values = self._values
        if key not in values and len(values) >= self._limit:
            del values[next(iter(values))]
        values[key] = value

    def clear(self) -> None:
        self._values.clear()

    def __len__(self) -> int:
        return len(self._values)
