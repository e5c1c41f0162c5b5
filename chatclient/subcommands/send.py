"""``chatclient send``: one text, and certainty whether the server has stored it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from chatclient import profiles
from chatclient.arguments import Parser, argument
from chatclient.client import fresh_cid
from chatclient.language import gettext as _
from chatclient.language import marked
from chatclient.subcommands.account import existing_profile
from chatclient.subcommands.endings import EXIT_CODES, FAILED, OK, Ending
from chatclient.subcommands.output import complain, print_result
from chatclient.subcommands.recipient import parse_recipient
from chatclient.subcommands.sending import Sending

# Given, as argparse spoils its own in other languages where options may stand anywhere.
_USAGE = "chatclient send [--profile NAME] [--cid NAME] [--timeout SECONDS] [--json] TO [TEXT]"
_EPILOG = marked(
    """\
TO is who shall get it:
  15           a user, by id
  ann          a friend, or a member of one of your groups, by name
  @15          the same for one whose name is 15
  group:2      a group, by id
  group:tea    one of your groups, by name
  '#2' '#tea'  the same; a shell wants quotes around a #

examples:
  chatclient send ann 'the build is green'
  make 2>&1 | tail -n 20 | chatclient send group:builds
  chatclient send --cid "backup-$(date +%F)" ann 'backup done'

While the server can't be reached it tries again until the time is up. Other sends
of the same profile take turns. What was not stored is not sent later.

{exit_codes}\
  4  nobody knows whether the text is stored: run it again with the --cid that
     stderr tells; then it is stored once, whatever happened
"""
)
_MOST_TEXT = 65536  # characters; servers take 16384 by default
_MOST_CID = 64
_TIMEOUT = 60.0


def prepare(arguments: Sequence[str]) -> Callable[[Any], Awaitable[int]]:
    """Read the arguments and the text.

    :raises Ending: there is nothing to send, or no profile.
    """
    parser = _parser()
    options = parser.parse_intermixed_args(arguments)
    profile = existing_profile(options.profile)
    if options.text is None or options.text == "-":
        options.text = _read_text(options.text is None)
    if not options.text:
        parser.error(_("there is no text to send"))
    if len(options.text) > _MOST_TEXT:
        raise Ending(FAILED, _("the text is too long; send a part of it, or say where it is"))
    return lambda reactor: _send(reactor, profile, options)


def _parser() -> Parser:
    parser = Parser(
        "chatclient send",
        _("Send a text to a user or a group; done when the server has stored it."),
        _(_EPILOG).format(exit_codes=_(EXIT_CODES)),
        _USAGE,
    )
    parser.add_argument(
        "to", metavar="TO", type=argument(parse_recipient), help=_("who shall get it, see below")
    )
    parser.add_argument(
        "text",
        metavar="TEXT",
        nargs="?",
        type=_argument_text,
        help=_("without it, or if it is -, all of standard input is sent as one text"),
    )
    parser.add_profile()
    parser.add_argument(
        "--cid",
        metavar="NAME",
        type=argument(_cid),
        help=_("a name for this text, up to 64 characters: the same one again is not stored twice"),
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=argument(_seconds),
        default=_TIMEOUT,
        help=_("how long it may take (default {seconds:g})").format(seconds=_TIMEOUT),
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help=_("print conv, seq, time and cid of the stored message, and whether it was there"),
    )
    return parser


def _argument_text(text: str) -> str:
    # Bytes that are no UTF-8 come as lone surrogates.
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _cid(text: str) -> str:
    if not 1 <= len(text) <= _MOST_CID:
        raise ValueError(_("a name has 1 to {most} characters").format(most=_MOST_CID))
    return _argument_text(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError(_("{text!r} is no number of seconds").format(text=text))
    return seconds


def _read_text(wanted_by_omission: bool) -> str:
    if sys.stdin is None:
        return ""
    if wanted_by_omission and sys.stdin.isatty():
        complain("chatclient send", _("type the text, and Ctrl-D at its end"))
    return sys.stdin.read(_MOST_TEXT + 2).removesuffix("\n")


async def _send(reactor: Any, profile: profiles.Profile, options: argparse.Namespace) -> int:
    cid = options.cid or fresh_cid()
    sent = await Sending(reactor, profile, options.to, options.text, cid).run(options.timeout)
    if options.json:
        print_result("chatclient send", msgspec.json.encode(sent).decode())
    return OK
