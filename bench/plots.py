"""Plots of results, as SVG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.results import Results
from bench.rows import C_RELAY, MARIADB, PYTHON_RELAY, ROWS, SIZES_WINDOW, SQLITE, Plan, Row

_BLUE, _ORANGE, _GREEN, _GREY, _BLACK = "#2563a8", "#d9730d", "#2e8b57", "#8a8a8a", "#222222"
_STYLE: Any = {
    "svg.hashsalt": "bench",  # the same file from the same figures
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "legend.frameon": False,
}
_BY_LETTER = {row.letter: row for row in ROWS}


def draw(results: Results, folder: Path) -> list[Path]:
    """Write the plots that there are figures for."""
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    with mpl.rc_context(_STYLE):
        for name, plot in _PLOTS.items():
            figure = Figure(figsize=(8.4, 4.2), layout="constrained")
            if plot(results, figure.subplots()):
                files.append(folder / f"{name}.svg")
                figure.savefig(files[-1], metadata={"Date": None, "Creator": None})
    return files


def _throughput(results: Results, axes: Any) -> bool:
    lines = [
        ("a", C_RELAY, "relay in C", _BLACK, ":"),
        ("a", PYTHON_RELAY, "relay in Python", _GREY, ":"),
        ("a", SQLITE, "signals (a)", _GREEN, "-"),
        ("b", SQLITE, "chats, SQLite (b)", _BLUE, "-"),
        ("b", MARIADB, "chats, MariaDB (b)", _ORANGE, "-"),
        ("e", SQLITE, "group of 100, deliveries (e)", _BLUE, "--"),
    ]
    drawn = False
    for letter, site, label, color, style in lines:
        row = _BY_LETTER[letter]
        plans = [plan for plan in _measured(results, row, site) if plan.size == row.size]
        rates = [results.rate(row, plan) for plan in plans]
        windows = [plan.window for plan in plans]
        drawn |= _line(axes, windows, rates, label=label, color=color, linestyle=style)
    axes.set(
        xscale="log", yscale="log", xlabel="messages under way, for each sender", ylabel="a second"
    )
    axes.set_xticks([1, 4, 16, 64, 256], ["1", "4", "16", "64", "256"])
    axes.minorticks_off()
    _thousands(axes.yaxis)
    if drawn:
        _legend(axes)
    return drawn


def _latency(results: Results, axes: Any) -> bool:
    lines = [
        ("h", SQLITE, "a lone chat, SQLite (h)", _BLUE, "-"),
        ("h", MARIADB, "a lone chat, MariaDB (h)", _ORANGE, "-"),
        ("b", SQLITE, "chats of 50 pairs, SQLite (b)", _BLUE, "--"),
        ("b", MARIADB, "chats of 50 pairs, MariaDB (b)", _ORANGE, "--"),
        ("a", SQLITE, "signals of 50 pairs (a)", _GREEN, "-"),
        ("a", C_RELAY, "the same by the relay in C", _BLACK, ":"),
        ("a", PYTHON_RELAY, "the same by the relay in Python", _GREY, ":"),
    ]
    drawn = False
    for letter, site, label, color, style in lines:
        row = _BY_LETTER[letter]
        for plan in _measured(results, row, site):
            if plan.window == 1:
                slower = _slower(results, row, plan)
                axes.plot(*slower, label=label, color=color, linestyle=style, linewidth=1.8)
                drawn = True
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="milliseconds",
        ylabel="share of messages that took longer",
    )
    axes.set_ylim(1e-4, 1)
    axes.xaxis.set_major_formatter("{x:g}")
    if drawn:
        _legend(axes)
    return drawn


def _slower(results: Results, row: Row, plan: Plan) -> tuple[list[float], list[float]]:
    """Milliseconds, and the share of the messages of all rounds that took as long or longer."""
    numbers: Counter[float] = Counter()
    for one in results.of(row, plan):
        numbers.update(dict(one.report.histogram))
    total = left = numbers.total()
    shares = []
    for latency in sorted(numbers):
        shares.append(left / total)
        left -= numbers[latency]
    return [latency / 1000 for latency in sorted(numbers)], shares


def _memory(results: Results, axes: Any) -> bool:
    row = _BY_LETTER["g"]
    found = [one.report.memory for one in results.measurements if one.row == row.letter]
    for memory in found:
        counts = [count for count, _ in memory]
        _line(axes, counts, [size / 2**20 for _, size in memory], color=_BLUE)
    axes.set(xlabel="idle connections, logged in", ylabel="memory of the server, MiB")
    axes.set_ylim(bottom=0)
    _thousands(axes.xaxis)
    return bool(found)


def _groups(results: Results, axes: Any) -> bool:
    drawn = _costs(results, _BY_LETTER["e"], axes)
    axes.set(xlabel="members of the group", ylabel="CPU µs for a delivery")
    return drawn


def _stored(results: Results, axes: Any) -> bool:
    drawn = _costs(results, _BY_LETTER["i"], axes)
    axes.set(xlabel="messages in the log before", ylabel="CPU µs for a message")
    return drawn


def _costs(results: Results, row: Row, axes: Any) -> bool:
    """What one costs the server, by size, with the same number under way."""
    plans = {
        plan.size: plan
        for plan in row.plans
        if plan.window == SIZES_WINDOW and plan.size and results.of(row, plan)
    }
    costs = [
        results.median(row, plan, lambda report: report.cost.get("server")) or 0
        for plan in plans.values()
    ]
    drawn = _line(axes, list(plans), costs, color=_BLUE)
    axes.set(xscale="log")
    axes.set_ylim(bottom=0)
    _thousands(axes.xaxis)
    return drawn


def _measured(results: Results, row: Row, site: str) -> Iterable[Plan]:
    return [plan for plan in row.plans if plan.site == site and results.of(row, plan)]


def _line(axes: Any, xs: Sequence[float], ys: Sequence[float], **style: Any) -> bool:
    axes.plot(xs, ys, marker="o", markersize=4, linewidth=1.8, **style)
    return bool(xs)


def _legend(axes: Any) -> None:
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)


def _thousands(axis: Any) -> None:
    axis.set_major_formatter("{x:,.0f}")


_PLOTS: dict[str, Callable[[Results, Any], bool]] = {
    "throughput": _throughput,
    "latency": _latency,
    "memory": _memory,
    "groups": _groups,
    "stored": _stored,
}
