"""What an import tells: how much came, what changed on its way, and what could not be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator


class Report:
    """Gathers what is to be told of one kind of rows."""

    def __init__(self, what: str) -> None:
        self._what = what
        self.came = 0
        self.had = 0
        self.changes: list[str] = []
        self._unused: list[str] = []
        self._reasons: Counter[str] = Counter()

    def refuse(self, row: str, why: str) -> None:
        """A row can't be used."""
        self._unused.append(f"  not used: {row}: {why}")
        self._reasons[why] += 1

    def lines(self) -> Iterator[str]:
        """First the sum, then each change and each row that was not used."""
        parts = [f"{self.came:,} imported"]
        if self.had:
            parts.append(f"{self.had:,} here already")
        parts += [f"{number:,} not used ({why})" for why, number in self._reasons.items()]
        yield f"{self._what}: {', '.join(parts)}"
        yield from self.changes
        yield from self._unused
