"""The program: its commands, and how it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from typing import NoReturn

from twisted.logger import globalLogBeginner

from chatserver import __version__
from chatserver.admin import (
    announce,
    backup,
    doctor,
    export,
    import_classic,
    migrate,
    sessions,
    stats,
    user,
)
from chatserver.admin.commands import PROGRAM, CannotDo, Commands, Parser, Run, settings_of
from chatserver.settings import SettingsError
from chatserver.store.errors import DatabaseUnusable

#: The modules with commands, in the order of the help.
_MODULES = (doctor, stats, user, sessions, announce, backup, export, import_classic, migrate)
_INTERRUPTED = 130  # the exit status, as shells have it for SIGINT


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; ends with exit status 1 and one line where it can't be done."""
    if isinstance(sys.stdout, TextIOWrapper):  # it may have no Chinese
        sys.stdout.reconfigure(errors="backslashreplace")
    # What can't be done is told by exceptions; Twisted would tell of it once more.
    globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)
    try:
        for line in lines(arguments):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
    except (SettingsError, DatabaseUnusable, CannotDo) as problem:
        _give_up(str(problem))
    except BrokenPipeError:  # who reads this has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        sys.stderr.write(f"{PROGRAM}: interrupted\n")
        raise SystemExit(_INTERRUPTED) from None


def lines(arguments: Sequence[str] | None = None) -> Iterable[str]:
    """What one command prints, as it comes.

    :raises CannotDo, DatabaseUnusable, SettingsError: see the text.
    """
    options = _parser().parse_args(arguments)
    run: Run = options.run
    return run(settings_of(options), options)


def _parser() -> Parser:
    parser = Parser(
        prog=PROGRAM,
        description="Looks after a chat server, with the server's own settings.",
        epilog=f"{PROGRAM} COMMAND --help tells more of a command, with examples.",
    )
    parser.add_argument("--version", action="version", version=f"chatserver {__version__}")
    commands = Commands(parser)
    for module in _MODULES:
        module.register(commands)
    return parser


def _give_up(why: str) -> NoReturn:
    raise SystemExit(f"{PROGRAM}: {why}")
