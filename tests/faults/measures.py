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


class Effect(NamedTuple):
    """The longest that things took from a fault's beginning to the next one's, in seconds.

    :param back: from the fault's end until every node acknowledged a chat again; None where the
        next fault came first.
    """

    times: int
    back: float | None
    refusing: float
    delivering: float
    entering: float


class Measures(NamedTuple):
    """The figures of a run.

    :param repeats: messages that came again on a later connection though they had been
        acknowledged on an earlier one.
    :param goodbyes: connections that ended while people chatted, by the server's reason ("" where
        it gave none).
    :param answering: from a chat's being written to its acknowledgement on that connection.
    :param refusing: the same to its refusal.
    :param delivering: from a chat's first acknowledgement to its coming to each other device
        that was logged in by then.
    :param entering: from a device's first attempt to log in, after it lost its connection, to its
        success.
    :param effects: by fault.
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
    effects: dict[str, Effect]


class Span(NamedTuple):
    """When something began and how long it took, in seconds."""

    begun: float
    took: float


class Period(NamedTuple):
    """A fault, and the time up to the next one."""

    fault: str
    begun: float
    over: float
    end: float


def measure(history: Iterable[Event]) -> Measures:
    """The figures of a history."""
    facts = Facts(history)
    refusing = list(_since_written(facts, facts.all(events.Refused)))
    delivering, entering = list(_deliveries(facts)), list(_entries(facts))
    return Measures(
        sent=len(facts.given),
        acknowledged=len(facts.answered),
        refused=sum(1 for one in facts.all(events.Refused) if one.cid is not None),
        pushed=len(facts.all(events.Pushed)),
        repeats=sum(1 for _ in _repeats(facts)),
        goodbyes=_goodbyes(facts),
        answering=_spread(_since_written(facts, facts.all(events.Answered))),
        refusing=_spread(refusing),
        delivering=_spread(delivering),
        entering=_spread(entering),
        effects=_effects(facts, refusing, delivering, entering),
    )


def _spread(spans: Iterable[Span]) -> Spread:
    ordered = sorted(span.took for span in spans)
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
) -> Iterator[Span]:
    written: dict[tuple[str, str, int | None], list[float]] = defaultdict(list)
    for one in facts.all(events.Wrote):
        if one.cid is not None:
            written[one.device, one.cid, one.visit].append(one.at)
    for end in ends:
        if end.cid is not None and end.visit is not None:
            before = written[end.device, end.cid, end.visit]
            begun = before[bisect_right(before, end.at) - 1]
            yield Span(begun, end.at - begun)


def _deliveries(facts: Facts) -> Iterator[Span]:
    stored = {}
    for answers in facts.answered.values():
        first = min(answers, key=lambda one: one.at)
        stored[first.conv, first.seq] = first.at
    since = {one.visit: one.at for one in facts.all(events.Entered)}
    for push in facts.all(events.Pushed):
        begun = stored.get((push.conv, push.seq))
        if begun is not None and since.get(push.visit, float("inf")) <= begun:
            yield Span(begun, max(0.0, push.at - begun))


def _entries(facts: Facts) -> Iterator[Span]:
    waiting: dict[str, float] = {}
    both: list[events.Knocked | events.Entered] = [
        *facts.all(events.Knocked),
        *facts.all(events.Entered),
    ]
    for event in sorted(both, key=lambda one: one.at):
        if isinstance(event, events.Knocked):
            waiting.setdefault(event.device, event.at)
        else:
            begun = waiting.pop(event.device)
            yield Span(begun, event.at - begun)


def _effects(
    facts: Facts, refusing: list[Span], delivering: list[Span], entering: list[Span]
) -> dict[str, Effect]:
    periods = list(_periods(facts))
    found = {}
    for name in dict.fromkeys(period.fault for period in periods):
        mine = [period for period in periods if period.fault == name]
        backs = [back for back in (_back(facts, period) for period in mine) if back is not None]
        found[name] = Effect(
            len(mine),
            max(backs, default=None),
            *(_longest(spans, mine) for spans in (refusing, delivering, entering)),
        )
    return found


def _periods(facts: Facts) -> Iterator[Period]:
    begun: dict[str, float] = {}
    begins = [one.at for one in facts.all(events.Fault) if not one.is_over]
    for fault in facts.all(events.Fault):
        if fault.is_over:
            end = next((at for at in begins if at > fault.at), float("inf"))
            yield Period(fault.name, begun.pop(fault.name), fault.at, end)
        else:
            begun[fault.name] = fault.at


def _longest(spans: Iterable[Span], periods: Sequence[Period]) -> float:
    return max(
        (
            span.took
            for span in spans
            if any(period.begun <= span.begun < period.end for period in periods)
        ),
        default=0.0,
    )


def _back(facts: Facts, period: Period) -> float | None:
    """Seconds from the fault's end until something was acknowledged through every door."""
    door_of = {one.visit: one.door for one in facts.all(events.Knocked)}
    missing = set(door_of.values())
    for answer in facts.all(events.Answered):
        if answer.visit is not None and period.over < answer.at < period.end:
            missing.discard(door_of[answer.visit])
            if not missing:
                return answer.at - period.over
    return None
