"""The dashboard shows the metrics that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from chatserver.web.metrics import ROWS

_FILE = Path(__file__).parents[2] / "etc/grafana/chatserver.json"
_METRIC = re.compile(r"\bchatserver_\w+")
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


class DashboardTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.dashboard: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
        self.panels = [one for one in self.dashboard["panels"] if one["type"] != "row"]
        self.queries = [target["expr"] for panel in self.panels for target in panel["targets"]]

    def test_it_shows_every_metric_and_no_other(self) -> None:
        there = {
            f"{row.full_name}_{part}": row.full_name
            for row in ROWS
            if row.is_histogram
            for part in ("bucket", "sum", "count")
        }
        there |= {row.full_name: row.full_name for row in ROWS if not row.is_histogram}
        shown = {name for query in self.queries for name in _METRIC.findall(query)}
        self.assertEqual(shown - there.keys(), set())
        self.assertEqual({there[name] for name in shown}, {row.full_name for row in ROWS})

    def test_counters_are_shown_as_rates(self) -> None:
        for query in self.queries:
            for name in re.findall(r"chatserver_\w+_(?:total|bucket|sum|count)\b", query):
                self.assertRegex(query, rf"(rate|increase)\({name}{{[^}}]*}}\[", query)

    def test_every_query_is_of_the_nodes_that_were_chosen(self) -> None:
        for query in self.queries:
            chosen = query.count('{job=~"$job",instance=~"$instance"}')
            self.assertEqual(chosen, len(_METRIC.findall(query)), query)

    def test_every_panel_asks_the_prometheus_that_was_chosen(self) -> None:
        names = [variable["name"] for variable in self.dashboard["templating"]["list"]]
        self.assertEqual(names, ["datasource", "job", "instance"])
        for panel in self.panels:
            for asked in (panel, *panel["targets"]):
                self.assertEqual(asked["datasource"], _SOURCE, panel["title"])

    def test_panels_have_places_and_numbers_of_their_own(self) -> None:
        panels = self.dashboard["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken: set[tuple[int, int]] = set()
        for panel in panels:
            at = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(at["x"], at["x"] + at["w"])
                for y in range(at["y"], at["y"] + at["h"])
            }
            self.assertFalse(cells & taken, panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24)
            taken |= cells
