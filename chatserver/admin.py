"""``chatserver-admin``: what is done to a server's data from the command line."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import NoReturn

from chatserver import __version__
from chatserver.settings import Settings, SettingsError, help_of, load
from chatserver.store.engines import engine_of
from chatserver.store.errors import DatabaseUnusable


class _Parser(ArgumentParser):
    """Says in one line what is wrong with the arguments."""

    def error(self, message: str) -> NoReturn:
        _give_up(f"{message}; {self.prog} --help lists what there is")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; ends with exit status 1 and one line where it can't be done."""
    options = _parser().parse_args(arguments)
    try:
        sys.stdout.write(options.run(_settings(options)) + "\n")
    except (SettingsError, DatabaseUnusable) as problem:
        _give_up(str(problem))


def migrate(settings: Settings) -> str:
    """Bring the database up to date; returns what that meant."""
    engine = engine_of(settings.database)
    versions = engine.prepare()
    if versions.is_current:
        return f"{engine.name} is up to date: schema version {versions.found}"
    return f"{engine.name}: schema version {versions.found} -> {versions.needed}"


def _parser() -> ArgumentParser:
    parser = _Parser(
        prog="chatserver-admin",
        description="Looks after a chat server's data, with the server's own settings.",
    )
    parser.add_argument("--version", action="version", version=f"chatserver {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    command = commands.add_parser(
        "migrate",
        help="make or change the tables as this version of the server needs them",
        description="Makes or changes the tables as this version of the server needs them. "
        "Servers that run as a database user who may not do that need it at each upgrade.",
    )
    command.set_defaults(run=migrate)
    command.add_argument("--config", metavar="FILE", help="TOML file with settings")
    command.add_argument("--database", metavar="URL", help=help_of("database").replace("%", "%%"))
    return parser


def _settings(options: Namespace) -> Settings:
    flags = {} if options.database is None else {"database": options.database}
    return load(flags, config=options.config)


def _give_up(why: str) -> NoReturn:
    raise SystemExit(f"chatserver-admin: {why}")


if __name__ == "__main__":
    main()
