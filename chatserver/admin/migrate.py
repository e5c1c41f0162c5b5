"""``migrate``: the tables as this version of the server needs them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from chatserver.admin.commands import Commands
from chatserver.settings import Settings
from chatserver.store.engines import engine_of


def register(commands: Commands) -> None:
    commands.add(
        "migrate",
        migrate,
        help="make or change the tables as this version of the server needs them",
        description="Makes or changes the tables as this version of the server needs them. "
        "Servers that run as a database user who may not do that need it at each upgrade.",
        examples=["migrate", "migrate --config /etc/chatserver/chatserver.toml"],
    )


def migrate(settings: Settings, options: Namespace) -> Iterator[str]:  # noqa: ARG001
    """Bring the database up to date; tells what that meant."""
    engine = engine_of(settings.database)
    versions = engine.prepare()
    if versions.is_current:
        yield f"{engine.name} is up to date: schema version {versions.found}"
    else:
        yield f"{engine.name}: schema version {versions.found} -> {versions.needed}"
