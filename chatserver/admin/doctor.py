"""The command: all checks, one after the other."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

import msgspec

from chatserver.admin.checkup import databases, ports, redis, system
from chatserver.admin.checkup.findings import (
    OK,
    PROBLEM,
    Check,
    Finding,
    NothingElse,
    problem,
)
from chatserver.admin.commands import CannotDo, Commands
from chatserver.admin.texts import count, printable
from chatserver.settings import Settings

#: What each check is called, in their order.
CHECKS: tuple[tuple[str, Check], ...] = (
    ("settings", system.contradictions),
    ("database", databases.file),
    ("database", databases.reachable),
    ("database", databases.server),
    ("database", databases.texts),
    ("database", databases.rights),
    ("redis", redis.redis),
    ("ports", ports.ports),
    ("tls", ports.certificates),
    ("limits", system.files),
    ("limits", system.network),
    ("limits", system.memory),
    ("exposure", ports.exposed),
)


def register(commands: Commands) -> None:
    parser = commands.add(
        "doctor",
        doctor,
        help="look for what is wrong with a set-up",
        description="Looks at the settings, the database, Redis, the ports, certificates and "
        "limits, and says what is wrong and what to do. It changes nothing, and may be run "
        "while servers run. Run it as the user that the server runs as, with its settings. "
        "Exit status 1 if there are problems; warnings are none.",
        examples=["doctor", "doctor --config /etc/chatserver/chatserver.toml --json"],
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def doctor(settings: Settings, options: Namespace) -> Iterator[str]:
    """What each check finds."""
    problems = 0
    ended: set[str] = set()
    for name, check in CHECKS:
        for finding in _findings(name, check, settings, ended):
            problems += finding.level == PROBLEM
            if options.json:
                yield msgspec.json.encode({"check": name, **finding._asdict()}).decode()
            else:
                yield f"{finding.level:8} {name:9} {printable(finding.what)}"
                if finding.level != OK and finding.todo:
                    yield f"{'':18} -> {printable(finding.todo)}"
    if problems:
        raise CannotDo(f"{count(problems, 'problem')} found")


def _findings(name: str, check: Check, settings: Settings, ended: set[str]) -> Iterator[Finding]:
    """What a check finds; where it fails itself, that.

    :param ended: the names of those that can find nothing else.
    """
    if name in ended:
        return
    try:
        yield from check(settings)
    except NothingElse as end:
        ended.add(name)
        yield end.finding
    except Exception as trouble:  # whatever it is, the other checks go on
        why = f"{trouble}" or type(trouble).__name__
        yield problem(f"can't be checked: {why}", "mend what is said above, and run this again")
