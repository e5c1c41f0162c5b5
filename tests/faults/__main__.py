"""``python -m tests.faults``: run the faults, for as long as you like, and print what was seen."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from tests.faults.checker import Violation, check
from tests.faults.faults import FAULTS
from tests.faults.history import load
from tests.faults.measures import Measures, measure
from tests.faults.run import Plan
from tests.faults.runs import mixed, one_by_one
from tests.faults.site import Cluster, Single

_SITES = {"cluster": Cluster, "single": Single}
_SETS_CLOCK = "clock-back"  # makes the nodes slower, so it is left out of mixes if not asked for
_BREATH = 6.0  # seconds after each fault, in which the service must be back


def main() -> None:
    """Run, or check a history again; the exit status tells whether the promise was kept."""
    parser = _parser()
    options = parser.parse_args()
    for name in options.faults or ():
        if not issubclass(_SITES[options.site], FAULTS[name].kinds):
            parser.error(f"{name} is not for --site {options.site}")
    if options.list:
        print("\n".join(FAULTS))
        return
    if options.check:
        events = list(load(options.check))
        _print(check(events), measure(events))
        sys.exit(bool(check(events)))
    react(_react, [options])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--site", choices=_SITES, default="cluster", help="[%(default)s]")
    parser.add_argument("--faults", nargs="+", choices=FAULTS, metavar="FAULT", help="[all]")
    parser.add_argument(
        "--mix", type=float, metavar="SECONDS", help="random mixes for so long, not each alone"
    )
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="[random]")
    parser.add_argument("--people", type=int, default=6, help="accounts [%(default)s]")
    parser.add_argument(
        "--interval",
        type=float,
        default=0.25,
        help="seconds between a device's texts [%(default)s]",
    )
    parser.add_argument("--history", type=Path, default=Path("history.jsonl"), help="[%(default)s]")
    parser.add_argument(
        "--check", type=Path, metavar="HISTORY", help="check this again, run nothing"
    )
    parser.add_argument("--list", action="store_true", help="list the faults, run nothing")
    return parser


def _react(reactor: Any, options: argparse.Namespace) -> Deferred[None]:
    return Deferred.fromCoroutine(_run(reactor, options))


async def _run(reactor: Any, options: argparse.Namespace) -> None:
    kind = _SITES[options.site]
    names = options.faults or [
        name
        for name, one in FAULTS.items()
        if issubclass(kind, one.kinds) and not (options.mix and name == _SETS_CLOCK)
    ]
    plan = Plan(options.seed, options.people, options.interval)
    print(f"seed {options.seed}; history in {options.history}", flush=True)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        site = kind(reactor, Path(folder), sets_clock=_SETS_CLOCK in names)
        # Ctrl-C ends the reactor, and nothing that waits for it.
        reactor.addSystemEventTrigger("before", "shutdown", site.kill)
        if options.mix:
            report = await mixed(site, plan, names, options.mix, options.history)
        else:
            report = await one_by_one(site, plan, names, _BREATH, options.history)
    _print(report.violations, report.measures)
    if report.violations:
        raise SystemExit(1)


def _print(violations: list[Violation], measures: Measures) -> None:
    print(f"chats: {measures.sent} sent, {measures.acknowledged} acknowledged, ", end="")
    print(f"{measures.refused} refusals; {measures.pushed} pushes")
    print(f"acknowledged, then pushed again: {measures.repeats}")
    print(f"written to acknowledged:   {measures.answering}")
    print(f"written to refused:        {measures.refusing}")
    print(f"acknowledged to delivered: {measures.delivering}")
    print(f"knocking to logged in:     {measures.entering}")
    print("\nlongest, in s:      times    back  refused  delivered  logged in")
    for name, effect in measures.effects.items():
        back = "-" if effect.back is None else f"{effect.back:.2f}"
        print(f"  {name:18}{effect.times:5}{back:>9}{effect.refusing:9.2f}", end="")
        print(f"{effect.delivering:11.2f}{effect.entering:11.2f}")
    print()
    for violation in violations[:50]:
        print(f"BROKEN PROMISE, {violation.rule}: {violation.text}")
    print(f"{len(violations)} broken promises" if violations else "the promise was kept")


if __name__ == "__main__":
    main()
