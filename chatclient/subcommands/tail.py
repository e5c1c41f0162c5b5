"""``chatclient tail``: messages as they come, and first those missed since the last time."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from chatclient.arguments import Parser
from chatclient.language import gettext as _
from chatclient.language import marked
from chatclient.subcommands.account import existing_profile
from chatclient.subcommands.endings import EXIT_CODES, FAILED, Ending
from chatclient.subcommands.tailing import Tailing

_EPILOG = marked(
    """\
Each message comes once: what was written to standard output is acknowledged, and
what was not comes at the next tail. So of two tails of a profile the second is refused.
It stays until it is ended, by Ctrl-C or SIGTERM or because nobody reads any more (exit
code 0), and comes back by itself when the connection is lost; it tells that on stderr.

With --json each line is an object with these keys:
  conv, seq    the conversation, and the message's number in it
  time         when the server stored it, UTC
  from, name   who sent it; own is true where that is this account
  to           the id of the user it is for, null in a group
  group        the id of the group, with group_name; else null
  text         the text, line ends and all
  reply        where an answer goes: the TO of chatclient send

example, a bot:
  chatclient tail --json | while read -r line; do
    to=$(printf '%s' "$line" | jq -r .reply)
    chatclient send "$to" "you said: $(printf '%s' "$line" | jq -r .text)"
  done

{exit_codes}"""
)


def prepare(arguments: Sequence[str]) -> Callable[[Any], Awaitable[int]]:
    """Read the arguments.

    :raises Ending: there is no profile.
    """
    parser = Parser(
        "chatclient tail",
        _("Print messages as they come, and first what was missed since the last tail."),
        _(_EPILOG).format(exit_codes=_(EXIT_CODES)),
    )
    parser.add_profile()
    parser.add_argument("--json", action="store_true", help=_("one JSON object a line, see below"))
    parser.add_argument(
        "--own", action="store_true", help=_("also what this account sends from elsewhere")
    )
    options = parser.parse_args(arguments)
    profile = existing_profile(options.profile)
    if sys.stdout is None:
        raise Ending(FAILED, _("there is no standard output to write to"))
    return lambda reactor: Tailing(reactor, profile, options.json, options.own).run()
