"""Measures rows: all their plans in turn, round by round."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench.build import compiled
from bench.generator import Generator
from bench.results import Measurement
from bench.rows import C_RELAY, PYTHON_RELAY, SITES, Plan, Row
from bench.sites import Relay, Site

Tell = Callable[[Measurement], None]


class Bench:
    """Compiles its programs into a folder, and measures there.

    :param seconds: how long each load is measured, after a warm-up.
    :param tell: is told of each measurement.
    """

    def __init__(self, folder: Path, seconds: float, warm_up: float, tell: Tell) -> None:
        self._folder = folder
        self._tell = tell
        self._generator = Generator(compiled("generator", folder), folder, seconds, warm_up)
        in_python = [sys.executable, "-m", "bench.relay"]
        self._sites: dict[str, Callable[[Path], Site]] = {
            **SITES,
            C_RELAY: partial(Relay, command=[str(compiled("relay", folder))]),
            PYTHON_RELAY: partial(Relay, command=in_python),
        }

    def measure(self, row: Row, plans: Sequence[Plan], rounds: int) -> None:
        """Start the sites that plans of a row need, and measure in turn."""
        sites = {
            name: self._sites[name](self._folder / f"{row.letter}{number}")
            for number, name in enumerate(dict.fromkeys(plan.site for plan in plans))
        }
        try:
            for name, site in sites.items():
                site.start()
                for crowd in dict.fromkeys(plan.load.crowd for plan in plans if plan.site == name):
                    site.settle(crowd)
            for number in range(rounds):
                for plan in plans:
                    self._tell(self._measured(row, plan, sites[plan.site], number))
        finally:
            for site in sites.values():
                site.remove()

    def _measured(self, row: Row, plan: Plan, site: Site, number: int) -> Measurement:
        if plan.load.mode == "idle":
            site.restart()
        report = self._generator.run(plan.load, site)
        if plan.window > 1:
            report = replace(report, histogram=[])  # of no interest, and long
        return Measurement(row.letter, plan.site, plan.window, plan.size, number, report)
