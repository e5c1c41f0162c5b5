"""The tables: what is wanted beside what was measured, and what that took."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bench.generator import Report
from bench.results import Results, memory_per_connection
from bench.rows import YARDSTICKS, Plan, Reading, Row


def wanted(results: Results, rows: Sequence[Row]) -> str:
    """In Markdown, a line for each row: what C++ does, what is wanted, what was measured."""
    lines = [["", "work", "unit", "C++", "at least", "aim", "chatserver"]]
    for row in rows:
        measured = [
            f"{plan.site} **{_value(results, row, plan)}**"
            for plan in _best(results, row)
            if plan.site not in YARDSTICKS
        ]
        if measured:
            named = [row.letter, row.work, row.unit, row.cplusplus, row.must, row.aim]
            lines.append([*named, "; ".join(measured)])
    return markdown(lines)


def costs(results: Results, rows: Sequence[Row]) -> str:
    """In Markdown, a line for each row and what it was measured on: what the values took."""
    heads = ["", "on", "under way", "a second", "p50 ms", "p99 ms", "CPU µs each"]
    lines = [[*heads, "busy", "generator busy", *(f"× {name}" for name in YARDSTICKS)]]
    for row in rows:
        for plan in _best(results, row):
            if row.reading is Reading.MEMORY or (plan.site in YARDSTICKS and row.letter != "a"):
                continue
            lines.append(
                [
                    row.letter,
                    plan.site,
                    str(plan.window or "–"),
                    number(results.rate(row, plan)),
                    *(number(latency(results, row, plan, name)) for name in ("p50", "p99")),
                    _each(results, row, plan, lambda report: report.cost),
                    _each(results, row, plan, lambda report: report.busy),
                    number(results.median(row, plan, lambda report: report.busy["generator"])),
                    *(number(results.ratio(row, plan, name)) for name in YARDSTICKS),
                ]
            )
    return markdown(lines)


def latency(results: Results, row: Row, plan: Plan, percentile: str) -> float | None:
    """A latency in milliseconds."""
    found = results.median(row, plan, lambda report: report.latencies[percentile])
    return None if found is None else found / 1000


def number(value: float | None) -> str:
    """With three digits that count; a dash where there is none."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """A table of lines, the first of which is its head."""
    head, *rest = lines
    rule = ["---"] * len(head)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, rule, *rest))


def _best(results: Results, row: Row) -> Iterator[Plan]:
    for site in row.sites:
        plan = results.best(row, site)
        if plan is not None:
            yield plan


def _value(results: Results, row: Row, plan: Plan) -> str:
    match row.reading:
        case Reading.RATE:
            return number(results.rate(row, plan))
        case Reading.MEMORY:
            return number(results.median(row, plan, memory_per_connection))
        case Reading.LATENCY:
            values = (latency(results, row, plan, name) for name in ("p50", "p99"))
            return " and ".join(map(number, values))


def _each(
    results: Results, row: Row, plan: Plan, values: Callable[[Report], dict[str, float]]
) -> str:
    """A value of each process: the server's alone, or all with their names."""
    names = [name for name in values(results.of(row, plan)[0].report) if name != "generator"]

    def shown(name: str) -> str:
        return number(results.median(row, plan, lambda report: values(report).get(name)))

    if len(names) == 1:
        return shown(names[0])
    return ", ".join(f"{name} {shown(name)}" for name in names)
