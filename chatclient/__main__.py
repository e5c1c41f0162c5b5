"""``python -m chatclient`` and the console script ``chatclient``."""

from __future__ import annotations

import io
import os
import sys
from typing import NoReturn

from chatclient.arguments import SUBCOMMANDS
from chatclient.language import language_of, use_language


def main() -> NoReturn:
    """Run the program for people, or a subcommand; ends with its exit code."""
    _speak_utf8()
    use_language(language_of(os.environ))
    if len(sys.argv) > 1 and sys.argv[1] in SUBCOMMANDS:
        _run_subcommand(*sys.argv[1:])
    _run_terminal(*sys.argv[1:])


# Each imports what it needs itself: scripts shall not wait for what a terminal needs.


def _run_subcommand(name: str, *arguments: str) -> NoReturn:
    from twisted.internet.task import react

    from chatclient.subcommands.run import prepare, run

    react(run, [name, prepare(name, arguments)])


def _run_terminal(*arguments: str) -> NoReturn:
    from twisted.internet import asyncioreactor
    from twisted.internet.task import react

    from chatclient.terminal.options import parse_options
    from chatclient.terminal.start import start

    options = parse_options(arguments)
    asyncioreactor.install()
    react(start, [options])


def _speak_utf8() -> None:
    """Whatever the locale says."""
    for stream, errors in (
        (sys.stdin, "replace"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)


if __name__ == "__main__":
    main()
