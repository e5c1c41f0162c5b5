"""Runs from beginning to end: a site starts, breaks, is checked and stopped."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from tests.faults.history import History
from tests.faults.nemesis import Nemesis
from tests.faults.run import Plan, Report, run
from tests.faults.site import Site


async def one_by_one(
    site: Site, plan: Plan, names: Sequence[str], breath: float, file: Path | None = None
) -> Report:
    """Break a site in these ways, each alone, ``breath`` seconds apart.

    :param file: for the history, if it is to be kept.
    """
    return await _go(site, plan, names, lambda nemesis: nemesis.one_by_one(breath), file)


async def mixed(
    site: Site, plan: Plan, names: Sequence[str], seconds: float, file: Path | None = None
) -> Report:
    """Break a site in these ways, in any order and up to two at once, for so long.

    :param file: for the history, if it is to be kept.
    """
    return await _go(site, plan, names, lambda nemesis: nemesis.mix(seconds), file)


async def _go(
    site: Site,
    plan: Plan,
    names: Sequence[str],
    trouble: Callable[[Nemesis], Coroutine[Any, Any, None]],
    file: Path | None,
) -> Report:
    history = History(file or site.folder / "history.jsonl")
    nemesis = Nemesis(site, names, history, plan.seed)
    try:
        await site.start()
        return await run(site, history, lambda: trouble(nemesis), plan)
    finally:
        await site.stop()
