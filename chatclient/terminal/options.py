"""The command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from chatclient.address import DEFAULT_HOST, DEFAULT_PORT, parse_address
from chatclient.terminal.chat import COMMANDS
from chatclient.terminal.commands import help_lines

_MAX_DEVICE = 64

_EPILOG = """\
commands, once you are logged in:
{commands}

A text may hold colons. Ctrl-D or Ctrl-C leaves as well.

devices:
  An account can be logged in from several places at once, each with a device
  name of its own. Two terminals with one account need two names: a second login
  with the same name replaces the first.

scripts:
  Input that is not from a terminal is read line by line, first the answers to
  the menu, then commands; each is finished before the next is read. Messages
  and results go to stdout, refusals to stderr:

    printf '1\\nzhang san\\nsecret\\nchat:15:hello\\nquit\\n' | chatclient {where}

  At its end the messages missed so far are waited for. The exit code is 0, or
  1 where something was refused (a refused login ends the program at once) or
  the connection failed, or 2 for a wrong argument.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    host: str
    port: int
    device: str

    @property
    def where(self) -> str:
        """The server's address as one would write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (--help tells more)\n")


def parse_options(arguments: Sequence[str]) -> Options:
    """The options in the arguments.

    :raises SystemExit: after ``--help``, or after one line about what is wrong.
    """
    where = f"{DEFAULT_HOST}:{DEFAULT_PORT}"
    parser = _Parser(
        prog="chatclient",
        description="Chat on a server, from a terminal or a script.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_EPILOG.format(commands="\n".join(help_lines(COMMANDS)), where=where),
        allow_abbrev=False,
    )
    parser.add_argument(
        "server",
        metavar="HOST[:PORT]",
        nargs="?",
        default=where,
        type=_address,
        help=f"the server, also [IPV6]:PORT (default {where})",
    )
    parser.add_argument(
        "--device",
        metavar="NAME",
        default="terminal",
        type=_device,
        help="the name of this terminal among your devices (default terminal)",
    )
    options = parser.parse_args(arguments)
    host, port = options.server
    return Options(host=host, port=port, device=options.device)


def _address(text: str) -> tuple[str, int]:
    try:
        return parse_address(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _device(text: str) -> str:
    if not 1 <= len(text) <= _MAX_DEVICE:
        raise argparse.ArgumentTypeError(f"a name has 1 to {_MAX_DEVICE} characters")
    return text
