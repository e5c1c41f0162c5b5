"""``chatclient logout``: take the profile's tokens back, on the server and here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from chatclient import profiles
from chatclient.arguments import Parser
from chatclient.language import gettext as _
from chatclient.language import marked
from chatclient.reasons import NO_CONNECTION, reason
from chatclient.subcommands.account import existing_profile
from chatclient.subcommands.endings import EXIT_CODES, FAILED, OK, Ending
from chatclient.subcommands.output import print_result
from chatserver.errors import ChatError

_EPILOG = marked(
    """\
Whoever has a copy of the tokens can't log in with them any more. The profile stays,
with what else is kept of the account: chatclient login logs it in again, and
deleting its folder, {folder}, ends it.

{exit_codes}"""
)


def prepare(arguments: Sequence[str]) -> Callable[[Any], Awaitable[int]]:
    """Read the arguments.

    :raises Ending: there is no profile.
    """
    parser = Parser(
        "chatclient logout",
        _("Take back what logs a profile's programs in."),
        _(_EPILOG).format(folder="…/NAME", exit_codes=_(EXIT_CODES)),
    )
    parser.add_profile()
    profile = existing_profile(parser.parse_args(arguments).profile)
    return lambda reactor: _log_out(reactor, profile)


async def _log_out(reactor: Any, profile: profiles.Profile) -> int:
    try:
        await profiles.log_out(reactor, profile)
    except (ChatError, *NO_CONNECTION) as problem:
        text = _("not logged out, so the tokens are still here ({server}: {why}); try again")
        raise Ending(FAILED, text.format(server=profile.server, why=reason(problem))) from None
    text = _("logged out: {name} (id {id}) on {server}")
    done = text.format(name=profile.name, id=profile.userid, server=profile.server)
    print_result("chatclient logout", done)
    return OK
