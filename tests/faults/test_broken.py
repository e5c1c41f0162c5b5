"""The checker finds what is wrong with servers that are deliberately broken."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from twisted.internet import reactor

from tests.e2e.asynchronous import asynchronous
from tests.faults.broken import WAYS
from tests.faults.run import Plan
from tests.faults.runs import one_by_one
from tests.faults.site import Cluster, Single


class Case(NamedTuple):
    """A broken server; the faults that bring it to light, and the rules that it breaks then."""

    way: str
    kind: type[Cluster | Single]
    faults: list[str]
    rules: set[str]
    breath: float = 1.5


CASES = [
    Case("ack-before-commit", Cluster, ["kill-mariadb"], {"acknowledged is stored"}),
    Case("deliver-before-commit", Cluster, ["kill-mariadb"], {"one name, one text"}),
    Case("forget-the-resync", Cluster, ["stop-redis-5"], {"settles", "reached all"}, 0.3),
    Case("drop-the-dedup", Single, ["cut-replies"], {"stored once"}),
    Case("advance-the-cursor-early", Single, ["halfopen-clients"], {"reached all"}),
    Case("forget-the-backlog", Single, ["cut-clients"], {"begins where it was"}),
    Case("trust-the-order-of-the-bus", Cluster, ["kick-redis"], {"in order"}),
    Case("store-the-last-first", Single, [], {"keeps order"}, 3.0),
    Case("tell-everybody", Single, [], {"only theirs"}, 3.0),
    Case("show-what-was-before", Single, [], {"only theirs"}, 5.0),
    Case("keep-friends-in-memory", Single, [], {"answered state stays"}, 3.0),
]


def test_every_broken_server_has_its_case() -> None:
    assert [case.way for case in CASES] == list(WAYS)


@pytest.mark.parametrize("case", CASES, ids=[case.way for case in CASES])
@asynchronous
async def test_it_is_caught(case: Case, tmp_path: Path) -> None:
    site = case.kind(reactor, tmp_path, broken=case.way)
    plan = Plan(seed=1, interval=0.1, unnamed=False, patience=3)
    report = await one_by_one(site, plan, case.faults, case.breath)
    found = {violation.rule for violation in report.violations}
    assert case.rules <= found, report.violations[:10]
