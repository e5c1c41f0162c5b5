"""The table of what is wanted and what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.generator import Report
from bench.results import Results, memory_per_connection
from bench.rows import C_RELAY, PYTHON_RELAY, YARDSTICKS, Plan, Reading, Row

_HEADS = [
    "row", "work", "C++", "must", "aim", "on", "measured", "p50, p99 ms", "CPU µs each",
    "of its core", "generator", "× C relay", "× Python relay",
]  # fmt: skip


def table(results: Results, rows: Sequence[Row]) -> str:
    """In Markdown: a line for each row and what it was measured on."""
    lines = [_line(_HEADS), _line(["---"] * len(_HEADS))]
    for row in rows:
        wanted = [row.letter, f"{row.work} ({row.unit})", row.cplusplus, row.must, row.aim]
        for plan in _shown(results, row):
            lines.append(_line([*wanted, *_measured(results, row, plan)]))
            wanted = [""] * len(wanted)
    return "\n".join(lines) + "\n"


def _shown(results: Results, row: Row) -> Iterator[Plan]:
    for site in row.sites:
        plan = results.best(row, site)
        if plan is not None and (site not in YARDSTICKS or row.letter == "a"):
            yield plan


def _measured(results: Results, row: Row, plan: Plan) -> list[str]:
    site = plan.site
    if row.window is None and plan.window:
        site += f", {plan.window} under way"

    def median(value: str) -> float | None:
        return results.median(row, plan, lambda report: report.latencies[value])

    latencies = ", ".join(_number((median(name) or 0) / 1000) for name in ("p50", "p99"))
    is_memory = row.reading is Reading.MEMORY
    return [
        site,
        _headline(results, row, plan),
        "–" if is_memory else latencies,
        "–" if is_memory else _each(results, row, plan, "cost"),
        _each(results, row, plan, "busy"),
        _number(results.median(row, plan, lambda report: report.busy["generator"])),
        *(_ratio(results, row, plan, name) for name in (C_RELAY, PYTHON_RELAY)),
    ]


def _headline(results: Results, row: Row, plan: Plan) -> str:
    match row.reading:
        case Reading.RATE:
            return f"**{_number(results.rate(row, plan))}**"
        case Reading.MEMORY:
            return f"**{_number(results.median(row, plan, memory_per_connection))}**"
        case Reading.LATENCY:
            values = (
                results.median(row, plan, lambda report, name=name: report.latencies[name])  # type: ignore[misc]
                for name in ("p50", "p99")
            )
            return f"**{' and '.join(_number((one or 0) / 1000) for one in values)}**"


def _each(results: Results, row: Row, plan: Plan, what: str) -> str:
    """A value of each process: the server's alone, or with the others' names."""
    first = results.of(row, plan)[0].report
    names = [name for name in getattr(first, what) if name != "generator"]

    def median(name: str) -> str:
        def value(report: Report) -> float | None:
            values: dict[str, float] = getattr(report, what)
            return values.get(name)

        return _number(results.median(row, plan, value))

    if len(names) == 1:
        return median(names[0])
    return ", ".join(f"{name} {median(name)}" for name in names)


def _ratio(results: Results, row: Row, plan: Plan, yardstick: str) -> str:
    if row.reading is not Reading.RATE:
        return "–"
    return _number(results.ratio(row, plan, yardstick))


def _number(value: float | None) -> str:
    """With three digits that count."""
    if value is None:
        return "–"
    if value >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
