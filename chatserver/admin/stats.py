"""``stats``: how much there is, and how the servers are."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

import msgspec

from chatserver.admin.commands import CannotDo, Commands
from chatserver.admin.database import open_database
from chatserver.admin.servers import Servers
from chatserver.admin.texts import columns, size, span
from chatserver.orders import State, TellState
from chatserver.settings import Settings
from chatserver.store.counts import COUNTED, Count, Counts
from chatserver.store.direct import DirectDatabase, at_once
from chatserver.store.engines import engine_of

_HEAD = (
    "SERVER", "VERSION", "UP", "CONNECTIONS", "LOGGED IN", "ACCOUNTS", "STORED", "PENDING",
    "UNSENT", "LATE", "BUS",
)  # fmt: skip


def register(commands: Commands) -> None:
    parser = commands.add(
        "stats",
        stats,
        help="show how much there is, and how the servers are",
        description="Shows how much there is in the database (what would take long to count is "
        "estimated: about), and how each running server is: its version, how long it has run, "
        "connections, sessions, accounts that are logged in, messages stored since it started and "
        "waiting to be, bytes that wait to be sent, its longest turn of the last one to two "
        "minutes (where --web is set), and whether it hears the others.",
        examples=["stats", "stats --json"],
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def stats(settings: Settings, options: Namespace) -> Iterator[str]:
    """What there is, and a line for each server."""
    engine = engine_of(settings.database)
    schema = engine.look().found
    with open_database(settings) as database:
        counts, bytes = _counts(database)
        if not options.json:
            yield f"database       {engine.name}, schema version {schema}, {size(bytes)}"
            yield from _count_lines(counts)
        states: list[State] = []
        problem: CannotDo | None = None
        try:
            for answer in Servers(database).ask(TellState()):
                assert isinstance(answer, State)
                states.append(answer)
        except CannotDo as incomplete:
            problem = incomplete
    states.sort(key=lambda state: state.server)
    if options.json:
        yield _json(engine.name, schema, bytes, counts, states)
    elif states:
        yield ""
        yield from columns(_HEAD, map(_cells, states), " ".join(_HEAD[3:-2]))
    if problem is not None:
        raise problem


def _counts(database: DirectDatabase) -> tuple[dict[str, Count], int]:
    counts = Counts(database)
    return {what: at_once(counts.of(what)) for what in COUNTED}, at_once(counts.size())


def _count_lines(counts: dict[str, Count]) -> Iterator[str]:
    disabled = counts["disabled"]
    for what, found in counts.items():
        if what == "accounts" and disabled.number:
            yield f"{what:13}  {_shown(found)}, {_shown(disabled)} of them disabled"
        elif what != "disabled":
            yield f"{what:13}  {_shown(found)}"


def _shown(found: Count) -> str:
    return f"{found.number:,}" if found.is_exact else f"about {found.number:,}"


def _cells(state: State) -> list[str]:
    return [
        state.server,
        state.version,
        span(state.uptime),
        f"{state.connections:,}",
        f"{state.logged_in:,}",
        f"{state.accounts:,}",
        f"{state.stored:,}",
        f"{state.pending:,}",
        size(state.unsent),
        "-" if state.late is None else f"{state.late * 1000:.0f} ms",
        "whole" if state.is_bus_whole else "NOT WHOLE",
    ]


def _json(name: str, schema: int, bytes: int, counts: dict[str, Count], states: list[State]) -> str:
    return msgspec.json.encode(
        {
            "database": {"name": name, "schema": schema, "bytes": bytes},
            "counts": {what: found.number for what, found in counts.items()},
            "estimated": [what for what, found in counts.items() if not found.is_exact],
            "servers": [msgspec.structs.asdict(state) for state in states],
        }
    ).decode()
