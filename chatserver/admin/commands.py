"""How commands come into the command line."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable, Sequence
from textwrap import fill
from typing import NoReturn

from chatserver.settings import Settings, help_of, load

PROGRAM = "chatserver-admin"
#: The settings that every command takes as options.
_SETTINGS = {"database": "URL", "redis": "URL"}
_WIDTH = 79

#: Carries a command out; the lines it gives are printed as they come.
Run = Callable[[Settings, Namespace], Iterable[str]]


class CannotDo(Exception):
    """The command can't be done, or found something wrong; the text is one line that says so."""


class Parser(ArgumentParser):
    """Says in one line what is wrong with the arguments."""

    def error(self, message: str) -> NoReturn:
        raise SystemExit(f"{PROGRAM}: {message}; {self.prog} --help lists what there is")


class Commands:
    """The commands of a parser."""

    def __init__(self, parser: ArgumentParser) -> None:
        self._parsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(
        self, name: str, run: Run, *, help: str, description: str, examples: Sequence[str] = ()
    ) -> ArgumentParser:
        """A new command; the caller adds its own arguments to what is returned.

        :param help: a few words, without a full stop, for the list of commands.
        :param description: sentences for its own help.
        :param examples: whole command lines, without the name of the program.
        """
        parser: ArgumentParser = self._parsers.add_parser(
            name,
            help=help,
            description=fill(description, _WIDTH),
            epilog=_shown(examples),
            formatter_class=RawDescriptionHelpFormatter,
        )
        parser.set_defaults(run=run)
        settings = parser.add_argument_group("settings", "as the server takes them")
        settings.add_argument("--config", metavar="FILE", help="TOML file with settings")
        for setting, value in _SETTINGS.items():
            settings.add_argument(
                f"--{setting}", metavar=value, help=help_of(setting).replace("%", "%%")
            )
        return parser

    def group(self, name: str, *, help: str) -> Commands:
        """New commands of two words, the first of which is ``name``."""
        return Commands(self._parsers.add_parser(name, help=help, description=f"{help}."))


def settings_of(options: Namespace) -> Settings:
    """The settings that a command runs with.

    :raises SettingsError: one can't be used.
    """
    flags = {name: getattr(options, name) for name in _SETTINGS}
    given = {name: value for name, value in flags.items() if value is not None}
    return load(given, config=options.config)


def _shown(examples: Sequence[str]) -> str | None:
    if not examples:
        return None
    return "\n".join(["examples:", *(f"  {PROGRAM} {example}" for example in examples)])
