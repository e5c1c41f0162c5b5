"""The promise holds under each fault, and under several at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet import reactor

from tests.e2e.asynchronous import asynchronous
from tests.faults.faults import FAULTS
from tests.faults.run import Plan
from tests.faults.runs import mixed, one_by_one
from tests.faults.site import Balanced, Cluster, Single

_BREATH = 2.0  # seconds
_MIX = 20.0  # seconds
# A run by hand has the longest ones: twenty seconds of nothing are for `make faults`.
_SHORT = [name for name in FAULTS if not name.endswith("-20")]

GROUPS = {
    "nodes": ["kill-node", "stop-node-1", "stop-node-5"],
    "mariadb-dies": ["kill-mariadb", "stop-mariadb-1", "stop-mariadb-5", "halfopen-mariadb"],
    "mariadb-refuses": ["lose-commit", "lock-rows", "deadlock"],
    "redis": ["kill-redis", "stop-redis-1", "stop-redis-5", "halfopen-redis"],
    "redis-forgets": ["kick-redis", "overflow-redis"],
    "clients": ["cut-clients", "cut-replies", "halfopen-clients"],
}
ALONE = ["kill-node", "stop-node-5", "full-disk", "cut-clients", "cut-replies"]
# These need sites of their own.
APART = ["restart-nodes", "clock-back"]


def test_all_short_faults_are_tried() -> None:
    tried = {name for group in GROUPS.values() for name in group} | {*ALONE, *APART}
    assert tried == set(_SHORT)


@pytest.mark.parametrize("group", GROUPS)
@asynchronous
async def test_two_nodes_keep_the_promise(group: str, tmp_path: Path) -> None:
    report = await one_by_one(Cluster(reactor, tmp_path), Plan(seed=1), GROUPS[group], _BREATH)
    assert report.violations == []
    if group.startswith("mariadb"):
        assert report.measures.refused > 0, "it was away"
    if group not in ("nodes", "clients"):
        assert report.measures.goodbyes == {}, "nobody was sent away"


@asynchronous
async def test_one_node_keeps_the_promise(tmp_path: Path) -> None:
    report = await one_by_one(Single(reactor, tmp_path), Plan(seed=1), ALONE, _BREATH)
    assert report.violations == []
    assert report.measures.effects["full-disk"].refusing > 0, "it was full"


@asynchronous
async def test_behind_nginx_the_dead_are_left_and_the_restarted_come_back(tmp_path: Path) -> None:
    site = Balanced(reactor, tmp_path)
    report = await one_by_one(site, Plan(seed=1), ["kill-node", "kill-node"], _BREATH)
    assert report.violations == []


@asynchronous
async def test_a_rolling_restart_is_no_more_than_a_pause(tmp_path: Path) -> None:
    site = Balanced(reactor, tmp_path)
    report = await one_by_one(site, Plan(seed=1), ["restart-nodes"], _BREATH)
    assert report.violations == []
    assert report.measures.repeats == 0, "what was acknowledged does not come again"
    assert set(report.measures.goodbyes) == {"shutdown"}, "nobody is sent away without a word"


@asynchronous
async def test_a_clock_that_is_set_back_changes_nothing(tmp_path: Path) -> None:
    site = Cluster(reactor, tmp_path, sets_clock=True)
    report = await one_by_one(site, Plan(seed=1), ["clock-back"], _BREATH)
    assert report.violations == []
    assert report.measures.goodbyes == {}, "nobody was sent away"


@pytest.mark.parametrize("kind", [Cluster, Single])
@asynchronous
async def test_the_promise_is_kept_under_several_faults_at_once(
    kind: type[Cluster | Single], tmp_path: Path
) -> None:
    site = kind(reactor, tmp_path)
    names = [
        name for name in _SHORT if issubclass(kind, FAULTS[name].kinds) and name != "clock-back"
    ]
    report = await mixed(site, Plan(seed=2), sorted(names), _MIX)
    assert report.violations == []
