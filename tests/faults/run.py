"""One run: people chat, a nemesis breaks things, and in the end all is checked."""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from tests.faults import events
from tests.faults.checker import Violation, check, missing
from tests.faults.crowd import Crowd
from tests.faults.history import History
from tests.faults.measures import Measures, measure
from tests.faults.site import Site

_ALL_IN_WITHIN = 20.0  # seconds
_STORED_WITHIN = 45.0
_CALM_BEFORE = 1.0  # seconds
_UNFORESEEN = ("Traceback", "Unhandled")

Trouble = Callable[[], Coroutine[Any, Any, None]]


@dataclass
class Plan:
    """How much goes on in a run.

    :param interval: seconds between two texts of a device.
    :param unnamed: whether there is an account with an unnamed device, whose place may take up to
        30 seconds to be free.
    :param patience: seconds after the trouble, once all is stored, in which all must be delivered.
    """

    seed: int
    people: int = 5
    interval: float = 0.25
    unnamed: bool = True
    patience: float = 45.0


@dataclass(frozen=True)
class Report:
    """What came of a run."""

    violations: list[Violation]
    measures: Measures
    history: Path


async def run(site: Site, history: History, trouble: Trouble, plan: Plan) -> Report:
    """Let people chat on a site that has started, while ``trouble`` lasts, and check it all."""
    chance = random.Random(plan.seed)
    crowd = Crowd(site.reactor, [door.port for door in site.doors], history, chance)
    try:
        await crowd.come(site.nodes[0].port, plan.people, unnamed=plan.unnamed)
        assert await _until(site, lambda: crowd.is_in, _ALL_IN_WITHIN), "not all could log in"
        crowd.begin(plan.interval)
        await deferLater(site.reactor, _CALM_BEFORE)
        await trouble()
        crowd.end()
        await _settle(site, history, crowd, plan.patience)
    finally:
        await crowd.go()
        history.close()
    violations = await deferToThread(check, history.events)
    violations += [
        Violation("nothing unforeseen", f"{node.name} logged {word}; see {node.log_file}")
        for node in site.nodes
        for word in _UNFORESEEN
        if word in node.log
    ]
    return Report(violations, await deferToThread(measure, history.events), history.file)


async def _settle(site: Site, history: History, crowd: Crowd, patience: float) -> None:
    """Wait until all is stored and delivered; note whether that came true, and what there is."""
    is_stored = await _until(site, lambda: crowd.is_done, _STORED_WITHIN)
    rows = await deferToThread(_rows, site, history.now())
    is_delivered = await _until(
        site, lambda: not missing([*history.events, *rows]), patience, every=0.5
    )
    await deferLater(site.reactor, 0.3)  # what should not come would come now
    for row in await deferToThread(_rows, site, history.now()):
        history.note(row)
    history.note(events.Settled(history.now(), is_stored and is_delivered))


async def _until(
    site: Site, condition: Callable[[], bool], patience: float, *, every: float = 0.05
) -> bool:
    """Wait until a condition holds; False where it does not in the time given."""
    for _ in range(int(patience / every)):
        if condition():
            return True
        await deferLater(site.reactor, every)
    return False


def _rows(site: Site, now: float) -> list[events.Event]:
    """What the database has."""
    rows: list[events.Event] = [
        events.Stored(now, conv, seq, sender, cid, text, sent)
        for conv, seq, sender, cid, text, sent in site.sql(
            "SELECT conversation, seq, sender, cid, body, sent FROM messages"
        )
    ]
    rows += [
        events.Member(now, conv, account, joined, role, group)
        for conv, account, joined, role, group in site.sql(
            "SELECT m.conversation, m.account, m.joined, m.role, g.id FROM members m "
            "LEFT JOIN chat_groups g ON g.conversation = m.conversation"
        )
    ]
    rows += [
        events.Friend(now, account, friend)
        for account, friend in site.sql("SELECT account, friend FROM friends")
    ]
    return rows
