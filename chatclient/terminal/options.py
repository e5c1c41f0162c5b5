"""The command line of the program for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatclient.address import DEFAULT_HOST, DEFAULT_PORT, Server, parse_server
from chatclient.arguments import SUBCOMMANDS, Parser, argument
from chatclient.language import gettext as _
from chatclient.language import marked
from chatclient.terminal.chat import COMMANDS
from chatclient.terminal.commands import help_lines

DEFAULT_SERVER = Server(DEFAULT_HOST, DEFAULT_PORT)
_MAX_DEVICE = 64

_USAGE = marked(
    """\
chatclient [SERVER] [--profile NAME] [--plain] [--device NAME] [--ca FILE]
       chatclient send|tail|login|logout …"""
)
_EPILOG = marked(
    """\
for scripts and bots, each with a --help of its own:
  chatclient login    make a profile: log in once, by password
  chatclient send     send a text; done when the server has stored it
  chatclient tail     print messages as they come, also as JSON
  chatclient logout   take the profile's logins back
  A server that is named like one of these is written with its port: send:6000

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

The language is that of the locale (LC_ALL, LC_MESSAGES, LANG): English or Chinese.
"""
)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; ``server`` is None where it names none."""

    server: Server | None
    profile: str
    device: str
    plain: bool


def parse_options(arguments: Sequence[str]) -> Options:
    """The options in the arguments.

    :raises SystemExit: after ``--help``, or after one line about what is wrong.
    """
    commands = "\n".join(help_lines(COMMANDS))
    parser = Parser(
        "chatclient",
        _("Chat on a server, from a terminal or a script."),
        _(_EPILOG).format(commands=commands, where=DEFAULT_SERVER),
        _(_USAGE),
    )
    parser.add_server(str(DEFAULT_SERVER), _server)
    parser.add_profile()
    parser.add_argument(
        "--plain",
        action="store_true",
        help=_("menu and lines instead of the full screen, as where there is no terminal"),
    )
    parser.add_argument(
        "--device",
        metavar="NAME",
        default="terminal",
        type=argument(_device),
        help=_("with --plain, the name of this terminal among your devices (default terminal)"),
    )
    options = parser.parse_args(arguments)
    return Options(parser.server(options), options.profile, options.device, options.plain)


def _server(text: str) -> Server:
    if text in SUBCOMMANDS:
        raise ValueError(
            _(
                "options stand behind it: chatclient {name} …; a server is written {name}:6000"
            ).format(name=text)
        )
    return parse_server(text)


def _device(text: str) -> str:
    if not 1 <= len(text) <= _MAX_DEVICE:
        raise ValueError(_("a name has 1 to {most} characters").format(most=_MAX_DEVICE))
    return text
