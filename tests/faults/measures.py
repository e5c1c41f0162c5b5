"""How long things took in a run, as figures for the report."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tests.faults import events
from tests.faults.checker import Facts
from tests.faults.events import Event


class Spread(NamedTuple):
    """How some durations are spread, in seconds."""

    size: int
    median: float
    p99: float
    longest: float

    def __str__(self) -> str:
        return (
            f"median {self.median:.3f} s, p99 {self.p99:.3f} s, longest {self.longest:.2f} s "
            f"({self.size})"
        )


class Measures(NamedTuple):
    """The figures of a run.

    :param repeats: messages that came again on a later connection though they had been
        acknowledged on an earlier one.
    :param goodbyes: connections that ended while people chatted, by the server's reason ("" where
        it gave none).
    :param answering: from a chat's being written to its acknowledgement on that connection.
    :param refusing: the same to its refusal.
    :param delivering: from a chat's first acknowledgement to its coming to each other device.
    :param entering: from a device's first attempt to log in, after it lost its connection, to its
        success.
    :param recovering: by fault, from its end until every node acknowledges a chat again.
    """

    sent: int
    acknowledged: int
    refused: int
    pushed: int
    repeats: int
    goodbyes: dict[str, int]
    answering: Spread
    refusing: Spread
    delivering: Spread
    entering: Spread
    recovering: dict[str, Spread]


def measure(history: Iterable[Event]) -> Measures:
    """The figures of a history."""
    facts = Facts(history)
    return Measures(
        sent=len(facts.given),
        acknowledged=len(facts.answered),
        refused=sum(1 for one in facts.all(events.Refused) if one.cid is not None),
        pushed=len(facts.all(events.Pushed)),
        repeats=sum(1 for _ in _repeats(facts)),
        goodbyes=_goodbyes(facts),
        answering=_spread(_since_written(facts, facts.all(events.Answered))),
        refusing=_spread(_since_written(facts, facts.all(events.Refused))),
        delivering=_spread(_deliveries(facts)),
        entering=_spread(_entries(facts)),
        recovering=_recoveries(facts),
    )


def _spread(durations: Iterable[float]) -> Spread:
    ordered = sorted(durations)
    if not ordered:
        return Spread(0, 0, 0, 0)
    count = len(ordered)
    return Spread(count, ordered[count // 2], ordered[int(count * 0.99)], ordered[-1])


def _repeats(facts: Facts) -> Iterator[tuple[str, int, int]]:
    acked: dict[str, dict[tuple[int, int], int]] = defaultdict(dict)  # by visit and conv
    for one in facts.all(events.Acked):
        acked[one.device][one.visit, one.conv] = one.seq
    for push in facts.all(events.Pushed):
        earlier = (
            seq
            for (visit, conv), seq in acked[push.device].items()
            if conv == push.conv and visit < push.visit
        )
        if push.seq <= max(earlier, default=0):
            yield push.device, push.conv, push.seq


def _goodbyes(facts: Facts) -> dict[str, int]:
    end = min((one.at for one in facts.all(events.Settled)), default=float("inf"))
    return Counter(one.goodbye or "" for one in facts.all(events.Left) if one.at < end)


def _since_written(
    facts: Facts, ends: Sequence[events.Answered] | Sequence[events.Refused]
) -> Iterator[float]:
    written: dict[tuple[str, str, int | None], list[float]] = defaultdict(list)
    for one in facts.all(events.Wrote):
        if one.cid is not None:
            written[one.device, one.cid, one.visit].append(one.at)
    for end in ends:
        if end.cid is not None and end.visit is not None:
            before = written[end.device, end.cid, end.visit]
            yield end.at - before[bisect_right(before, end.at) - 1]


def _deliveries(facts: Facts) -> Iterator[float]:
    stored = {}
    for answers in facts.answered.values():
        first = min(answers, key=lambda one: one.at)
        stored[first.conv, first.seq] = first.at
    seen = set()
    for push in facts.all(events.Pushed):
        key = (push.device, push.conv, push.seq)
        if key not in seen and (push.conv, push.seq) in stored:
            seen.add(key)
            yield max(0.0, push.at - stored[push.conv, push.seq])


def _entries(facts: Facts) -> Iterator[float]:
    waiting: dict[str, float] = {}
    both: list[events.Knocked | events.Entered] = [
        *facts.all(events.Knocked),
        *facts.all(events.Entered),
    ]
    for event in sorted(both, key=lambda one: one.at):
        if isinstance(event, events.Knocked):
            waiting.setdefault(event.device, event.at)
        else:
            yield event.at - waiting.pop(event.device)


def _recoveries(facts: Facts) -> dict[str, Spread]:
    node_of = {one.visit: one.node for one in facts.all(events.Knocked)}
    answers: dict[int, list[float]] = defaultdict(list)
    for one in facts.all(events.Answered):
        if one.visit is not None:
            answers[node_of[one.visit]].append(one.at)
    begins = [one.at for one in facts.all(events.Fault) if not one.is_over]
    found: dict[str, list[float]] = defaultdict(list)
    for fault in facts.all(events.Fault):
        if not fault.is_over:
            continue
        until = next((at for at in begins if at > fault.at), float("inf"))
        firsts = []
        for times in answers.values():
            at = bisect_right(times, fault.at)
            if at < len(times) and times[at] < until:
                firsts.append(times[at] - fault.at)
        # Where another fault came before all nodes were back, this one can't be judged.
        if len(firsts) == len(answers):
            found[fault.name].append(max(firsts))
    return {name: _spread(durations) for name, durations in found.items()}
