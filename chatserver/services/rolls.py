"""The groups in the answer to a login, with all their members."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from chatserver.clock import Clock, sleep
from chatserver.services import rendering
from chatserver.store.places import Places
from chatserver.store.welcomes import Circle
from chatserver.wire import frames
from chatserver.wire.dialects import Dialect

_MEMBERS_AT_ONCE = 5000  # are put into an answer in one turn of the reactor


async def groups_of(
    circle: Circle, places: Places, dialect: Dialect, clock: Clock
) -> tuple[list[frames.Group], Collection[int]]:
    """The groups as the login's answer has them, and which friends are online by then.

    Very many members take several turns of the reactor.
    """
    online = await places.online(circle.accounts())
    is_long = sum(len(mine.members) for mine in circle.groups) > _MEMBERS_AT_ONCE
    if not is_long:
        return [rendering.group(mine, online) for mine in circle.groups], online
    groups: list[Any] = []
    members = 0
    for mine in circle.groups:
        members += len(mine.members)
        if members > _MEMBERS_AT_ONCE:
            members = len(mine.members)
            await sleep(clock, 0)
        # A dialect with short frames leaves most of them out; others take them as they are.
        groups.append(dialect.part(rendering.group(mine, online)))
    return groups, await places.online([id for id, _ in circle.friends])
