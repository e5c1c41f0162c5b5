"""``python -m bench``: what the server carries, beside yardsticks, as a table, JSON and plots."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import table
from bench.document import put_into, texts
from bench.machine import facts
from bench.plots import draw
from bench.results import Measurement, Results, load, memory_per_connection
from bench.rows import ROWS, Row
from bench.run import Bench
from cluster.process import NotStarted

_DOCS = Path(__file__).parent.parent / "docs"
_PAGE, _FIGURES = _DOCS / "performance.md", _DOCS / "figures"


def main() -> None:
    options = _options()
    rows = [row for row in ROWS if not options.row or row.letter in options.row]
    try:
        results = load(options.results) if options.results else _measure(rows, options)
    except NotStarted as problem:
        sys.exit(f"bench: {problem}")
    sys.stdout.write(f"\n{table.wanted(results, rows)}\n{table.costs(results, rows)}")
    sys.stdout.write(f"\nfaults: {results.faults() or 'none'}\n")
    if options.document:
        put_into(_PAGE, texts(results, rows))
        draw(results, _FIGURES)
    if results.faults():
        sys.exit(1)


def _measure(rows: Sequence[Row], options: argparse.Namespace) -> Results:
    """Measure, and write the results down."""
    options.folder.mkdir(parents=True, exist_ok=True)
    results = Results(facts(options.folder))

    def tell(measurement: Measurement) -> None:
        results.measurements.append(measurement)
        sys.stdout.write(f"{_shown(measurement)}\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        bench = Bench(Path(folder).absolute(), options.seconds, options.warm_up, tell)
        for row in rows:
            plans = [plan for plan in row.plans if not options.site or plan.site in options.site]
            bench.measure(row, plans, options.rounds)
    file = options.folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    file.write_text(results.as_json(rows))
    plots = draw(results, file.with_suffix(""))
    sys.stdout.write("\n".join(["", "all of it:", str(file), *map(str, plots), ""]))
    return results


def _shown(one: Measurement) -> str:
    """A line for a measurement."""
    report = one.report
    what = f"{one.row} {one.site}"
    if one.window:
        what += f", {one.window} under way"
    if one.size:
        what += f", {one.size:,}"
    costs = ", ".join(f"{name} {cost:.1f}" for name, cost in report.cost.items())
    shares = ", ".join(f"{name} {share:.2f}" for name, share in report.busy.items())
    p50, p99 = (report.latencies[name] / 1000 for name in ("p50", "p99"))
    faults = f"; FAULTS {report.faults}" if report.faults else ""
    memory = memory_per_connection(report)
    if memory is not None:
        return f"{what}: {memory:,.0f} bytes a connection{faults}"
    return (
        f"{what}: {report.rate:,.0f}/s, p50 {p50:.2f} p99 {p99:.2f} ms; µs each: {costs}; "
        f"busy: {shares}{faults}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--row", action="append", choices=[row.letter for row in ROWS], help="only this; repeatable"
    )
    parser.add_argument("--site", action="append", help="only on this, as 'SQLite'; repeatable")
    parser.add_argument("--seconds", type=float, default=1.5, help="for each measurement [1.5]")
    parser.add_argument("--warm-up", type=float, default=0.4, help="seconds before each [0.4]")
    parser.add_argument("--rounds", type=int, default=3, help="of which medians are taken [3]")
    parser.add_argument("--quick", action="store_true", help="half a second each, in one round")
    parser.add_argument(
        "--folder", type=Path, default=Path("bench-results"), help="for results [bench-results]"
    )
    parser.add_argument(
        "--results", type=Path, metavar="FILE", help="measure nothing, show results of before"
    )
    parser.add_argument(
        "--document", action="store_true", help="put tables and plots into docs/performance.md"
    )
    options = parser.parse_args()
    if options.document and (options.row or options.site):
        parser.error("--document wants all rows on all sites")
    if options.quick:
        options.seconds, options.rounds = 0.5, 1
    return options


if __name__ == "__main__":
    main()
