"""What was measured, and what it comes to: medians, and ratios to the yardsticks."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from bench.generator import Report
from bench.rows import YARDSTICKS, Plan, Row


@dataclass(frozen=True)
class Measurement:
    """One run of the generator."""

    row: str
    site: str
    window: int
    size: int
    round: int
    report: Report

    def is_of(self, row: Row, plan: Plan) -> bool:
        return (self.row, self.site, self.window, self.size) == (
            row.letter, plan.site, plan.window, plan.size
        )  # fmt: skip


@dataclass
class Results:
    """All of a run.

    :param machine: facts about it, by name.
    """

    machine: dict[str, str]
    measurements: list[Measurement] = field(default_factory=list)

    def of(self, row: Row, plan: Plan) -> list[Measurement]:
        """What was measured by a plan, by round."""
        return [one for one in self.measurements if one.is_of(row, plan)]

    def median(self, row: Row, plan: Plan, value: Callable[[Report], float | None]) -> float | None:
        """The median over the rounds; None where there is nothing."""
        values = [value(one.report) for one in self.of(row, plan)]
        return median([one for one in values if one is not None])

    def rate(self, row: Row, plan: Plan) -> float:
        """The median rate; 0 where there is none."""
        return self.median(row, plan, lambda report: report.rate) or 0.0

    def best(self, row: Row, site: str) -> Plan | None:
        """Of the plans for a site that the table may show, the one with the highest rate."""
        measured = [
            plan
            for plan in row.plans
            if plan.site == site and row.shows(plan) and self.of(row, plan)
        ]
        return max(measured, key=lambda plan: self.rate(row, plan), default=None)

    def ratio(self, row: Row, plan: Plan, yardstick: str) -> float | None:
        """The median, over the rounds, of the rate by that of a yardstick in the same round.

        The yardstick relays with one message under way.
        """
        beside = {
            one.round: one.report.rate
            for one in self.measurements
            if (one.row, one.site, one.window) == (row.letter, yardstick, 1)
        }
        return median(
            [
                one.report.rate / beside[one.round]
                for one in self.of(row, plan)
                if beside.get(one.round)
            ]
        )

    def faults(self) -> dict[str, int]:
        """The sums of what was wrong, by name."""
        sums: dict[str, int] = {}
        for one in self.measurements:
            for name, number in one.report.faults.items():
                sums[name] = sums.get(name, 0) + number
        return sums

    def as_json(self, rows: Sequence[Row]) -> str:
        """Everything, with medians and ratios beside."""
        return json.dumps(
            {
                "machine": self.machine,
                "faults": self.faults(),
                "medians": [self._summary(row, plan) for row in rows for plan in row.plans],
                "measurements": [asdict(one) for one in self.measurements],
            },
            indent=1,
        )

    def _summary(self, row: Row, plan: Plan) -> dict[str, Any]:
        return {
            "row": row.letter,
            "site": plan.site,
            "window": plan.window,
            "size": plan.size,
            "rate": self.rate(row, plan),
            "p50": self.median(row, plan, lambda report: report.latencies["p50"]),
            "p99": self.median(row, plan, lambda report: report.latencies["p99"]),
            "memory": self.median(row, plan, memory_per_connection),
            "ratios": {name: self.ratio(row, plan, name) for name in YARDSTICKS},
        }


def load(file: Path) -> Results:
    """Results that were written before."""
    told = json.loads(file.read_text())
    measurements = msgspec.convert(told["measurements"], list[Measurement])
    return Results(told["machine"], measurements)


def median(values: Sequence[float]) -> float | None:
    """The one in the middle; None of none."""
    return statistics.median(values) if values else None


def memory_per_connection(report: Report) -> float | None:
    """By how many bytes the server grew for each connection."""
    if not report.memory:
        return None
    (before, empty), *_, (count, full) = report.memory
    return (full - empty) / (count - before)
