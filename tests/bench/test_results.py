"""What results come to, and how they are shown."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from bench.document import MEASURED, NoMark, put_into, texts
from bench.generator import Load, Report
from bench.people import Crowd
from bench.plots import draw
from bench.results import Measurement, Results, load, median, memory_per_connection
from bench.rows import C_RELAY, MARIADB, PYTHON_RELAY, ROWS, SQLITE, Plan, Reading, Row
from bench.table import costs, number, wanted
from tests.support.folders import temporary_folder

CROWD = Crowd(1, 2)


def plan(site: str, window: int, size: int = 0) -> Plan:
    return Plan(site, Load("chat", CROWD, {"window": window}), size)


def row(*plans: Plan, reading: Reading = Reading.RATE, **fields: Any) -> Row:
    return Row("x", "work", "things/s", reading, "older", "least", "more", plans, **fields)


def report(rate: float, **fields: Any) -> Report:
    usual: dict[str, Any] = {
        "latencies": {"p50": 500.0, "p99": 2500.0, "p999": 3000.0, "max": 3000.0},
        "histogram": [(500.0, 3)],
        "cost": {"server": 20.0},
        "busy": {"server": 0.9, "generator": 0.25},
        "faults": {},
        "memory": [],
    }
    return Report(rate, **usual | fields)


def measured(plan: Plan, round: int, *reports: Report) -> list[Measurement]:
    return [
        Measurement("x", plan.site, plan.window, plan.size, round + number, one)
        for number, one in enumerate(reports)
    ]


class ResultsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.slow, self.fast = plan(SQLITE, 1), plan(SQLITE, 16)
        self.relay = plan(C_RELAY, 1)
        self.results = Results(
            {"processor": "a slow one"},
            [
                *measured(self.slow, 0, report(100), report(300), report(200)),
                *measured(self.fast, 0, report(1000), report(800), report(600)),
                *measured(self.relay, 0, report(2000), report(2000), report(2400)),
            ],
        )

    def test_the_median_is_the_one_in_the_middle(self) -> None:
        self.assertEqual(median([3.0, 1.0, 2.0]), 2.0)
        self.assertEqual(median([1.0, 2.0]), 1.5)
        self.assertIsNone(median([]))

    def test_the_median_of_the_rounds_counts(self) -> None:
        self.assertEqual(self.results.rate(row(self.slow), self.slow), 200)

    def test_the_best_window_is_shown(self) -> None:
        both = row(self.slow, self.fast)
        self.assertEqual(self.results.best(both, SQLITE), self.fast)
        self.assertIsNone(self.results.best(both, MARIADB))
        fixed = row(self.slow, self.fast, window=1)
        self.assertEqual(self.results.best(fixed, SQLITE), self.slow)

    def test_the_ratio_is_to_the_same_round(self) -> None:
        ratio = self.results.ratio(row(self.fast), self.fast, C_RELAY)
        self.assertEqual(ratio, median([1000 / 2000, 800 / 2000, 600 / 2400]))
        self.assertIsNone(self.results.ratio(row(self.fast), self.fast, PYTHON_RELAY))

    def test_faults_are_summed(self) -> None:
        self.results.measurements += [
            *measured(self.slow, 3, report(1, faults={"lost": 2})),
            *measured(self.slow, 4, report(1, faults={"lost": 3, "odd": 1})),
        ]
        self.assertEqual(self.results.faults(), {"lost": 5, "odd": 1})

    def test_memory_is_the_growth_for_each(self) -> None:
        self.assertEqual(
            memory_per_connection(report(0, memory=[(0, 1000), (5, 3000), (10, 5000)])), 400
        )
        self.assertIsNone(memory_per_connection(report(0)))

    def test_what_is_written_is_read_again(self) -> None:
        with TemporaryDirectory() as folder:
            file = Path(folder, "results.json")
            file.write_text(self.results.as_json([row(self.slow, self.fast, self.relay)]))
            read = load(file)
            told = json.loads(file.read_text())
        self.assertEqual(read, self.results)
        self.assertEqual([one["rate"] for one in told["medians"]], [200, 800, 2000])
        self.assertEqual(told["medians"][1]["ratios"], {C_RELAY: 0.4, PYTHON_RELAY: None})


class TableTests(SynchronousTestCase):
    def cells(self, table: str) -> list[list[str]]:
        """Those of the lines below the head and its rule."""
        lines = table.splitlines()
        self.assertEqual(len({line.count("|") for line in lines}), 1)
        return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]

    def test_numbers_have_three_digits_that_count(self) -> None:
        shown = [number(value) for value in (12_345, 123.4, 12.34, 0.01234, 0.0, None)]
        self.assertEqual(shown, ["12,300", "123", "12.3", "0.0123", "0", "–"])

    def test_shows_what_is_wanted_beside_what_was_measured(self) -> None:
        here, slower, there, relay = (
            plan(SQLITE, 16), plan(SQLITE, 4), plan(MARIADB, 4), plan(C_RELAY, 1)
        )  # fmt: skip
        costly = {"server": 20.0, "mariadb": 5.0}
        results = Results(
            {},
            [
                *measured(here, 0, report(12_345)),
                *measured(slower, 0, report(1_000)),
                *measured(there, 0, report(99, cost=costly, busy=costly | {"generator": 0.2})),
                *measured(relay, 0, report(24_690)),
            ],
        )
        rows = [row(here, slower, there, relay)]
        measured_on = "SQLite **12,300**; MariaDB **99**"
        self.assertEqual(
            self.cells(wanted(results, rows)),
            [["x", "work", "things/s", "older", "least", "more", measured_on]],
        )
        each = "server 20, mariadb 5"
        self.assertEqual(
            self.cells(costs(results, rows)),
            [
                ["x", "SQLite", "16", "12,300", "0.5", "2.5", "20", "0.9", "0.25", "0.5", "–"],
                ["x", "MariaDB", "4", "99", "0.5", "2.5", each, each, "0.2", "0.00401", "–"],
            ],
        )

    def test_shows_latencies(self) -> None:
        lone = plan(SQLITE, 1)
        of = row(lone, reading=Reading.LATENCY)
        [[*_, shown]] = self.cells(wanted(Results({}, measured(lone, 0, report(1))), [of]))
        self.assertEqual(shown, "SQLite **0.5 and 2.5**")

    def test_shows_memory(self) -> None:
        idle = Plan(SQLITE, Load("idle", CROWD))
        of = row(idle, reading=Reading.MEMORY)
        grown = report(0, cost={}, memory=[(0, 0), (10, 25_000)])
        [[*_, shown]] = self.cells(wanted(Results({}, measured(idle, 0, grown)), [of]))
        self.assertEqual(shown, "SQLite **2,500**")

    def test_shows_nothing_that_was_not_measured(self) -> None:
        self.assertEqual(self.cells(wanted(Results({}), [row(plan(SQLITE, 1))])), [])
        self.assertEqual(self.cells(costs(Results({}), [row(plan(SQLITE, 1))])), [])


class PlotTests(SynchronousTestCase):
    def test_draws_what_there_are_figures_for_and_always_the_same(self) -> None:
        [signals] = [row for row in ROWS if row.letter == "a"]
        results = Results(
            {},
            [
                Measurement("a", plan.site, plan.window, 0, 0, report(1000 * plan.window))
                for plan in signals.plans
            ],
        )
        with TemporaryDirectory() as folder:
            files = draw(results, Path(folder, "first"))
            self.assertEqual([file.name for file in files], ["throughput.svg", "latency.svg"])
            for file, again in zip(files, draw(results, Path(folder, "again")), strict=True):
                self.assertEqual(file.read_bytes(), again.read_bytes())
                self.assertIn(b"<svg", file.read_bytes())


class PageTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = temporary_folder(self)
        self.page = folder / "page.md"
        self.page.write_text("before\n<!-- measured: it -->\nold\n<!-- end -->\nafter\n")

    def test_figures_replace_what_stands_between_the_marks(self) -> None:
        for text in ("| 1 |\n", "| \\1 |\n"):
            put_into(self.page, {"it": text})
            self.assertEqual(
                self.page.read_text(),
                f"before\n<!-- measured: it -->\n\n{text}\n<!-- end -->\nafter\n",
            )

    def test_a_missing_place_is_told(self) -> None:
        with self.assertRaisesRegex(NoMark, "0 places for more"):
            put_into(self.page, {"it": "new", "more": "new"})
        self.assertIn("old", self.page.read_text())

    def test_the_page_gets_the_machine_and_what_was_wrong(self) -> None:
        faulty = measured(plan(SQLITE, 1), 0, report(1), report(1, faults={"lost": 2}))
        rows = [row(plan(SQLITE, 1))]
        told = texts(Results({"processor": "a slow one"}, faulty), rows)
        self.assertEqual(told.keys(), set(MEASURED))
        self.assertIn("| processor | a slow one |\n", told["machine"])
        self.assertIn("| faults | 2 lost in 2 runs of the generator |\n", told["machine"])
        told = texts(Results({}, faulty[:1]), rows)
        self.assertIn("| faults | none in 1 runs of the generator |\n", told["machine"])

    def test_the_real_pages_have_all_places(self) -> None:
        docs = Path(__file__).parents[2] / "docs"
        for page, names in {"performance.md": MEASURED, "scaling.md": ("scaling",)}.items():
            content = (docs / page).read_text()
            for name in names:
                self.assertEqual(content.count(f"<!-- measured: {name} -->"), 1, name)
