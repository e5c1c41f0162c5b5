"""``chatclient login``: make a profile, or renew its tokens."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chatclient import profiles
from chatclient.address import DEFAULT_HOST, DEFAULT_PORT, Server
from chatclient.arguments import Parser
from chatclient.language import gettext as _
from chatclient.language import marked
from chatclient.reasons import NO_CONNECTION, reason
from chatclient.subcommands.endings import EXIT_CODES, FAILED, OK, Ending
from chatclient.subcommands.output import print_result
from chatclient.terminal.commands import parse_id
from chatserver.errors import ChatError

_EPILOG = marked(
    """\
A profile is an account on a server. It keeps what logs in by itself, in files that
nobody else on this machine may read; the password is kept nowhere. Without use for
30 days, or what the server has instead, it has to be logged in again.

examples:
  chatclient login tls://chat.example.org --user ann
  chatclient login --register --user builds --profile builds
  pass show chat | chatclient login --user ann --password-stdin

Profiles are in {home}; CHATCLIENT_HOME names another folder.

{exit_codes}"""
)


@dataclass(frozen=True, slots=True)
class _Wish:
    """Who wants to log in where; ``profile`` is the one there is, if any."""

    profile_name: str
    profile: profiles.Profile | None
    server: Server
    user: str
    password: str
    register: bool


def prepare(arguments: Sequence[str]) -> Callable[[Any], Awaitable[int]]:
    """Read the arguments and the password.

    :raises Ending: they don't fit the profile.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    server = parser.server(options)
    profile = profiles.load(profiles.home(os.environ), options.profile)
    if profile is not None:
        _check_same(profile, server, options)
        server = profile.server
    user = "" if profile is not None else options.user or _ask_user(parser)
    wish = _Wish(
        options.profile,
        profile,
        server or Server(DEFAULT_HOST, DEFAULT_PORT),
        user,
        _password(parser, options),
        options.register,
    )
    return lambda reactor: _log_in(reactor, wish)


def _parser() -> Parser:
    parser = Parser(
        "chatclient login",
        _("Log in once, so that the other programs can without a password."),
        _(_EPILOG).format(home=profiles.home(os.environ), exit_codes=_(EXIT_CODES)),
    )
    parser.add_server(f"{DEFAULT_HOST}:{DEFAULT_PORT}")
    parser.add_argument("--user", metavar="NAME", help=_("the account's name or id"))
    parser.add_argument(
        "--register", action="store_true", help=_("make the account first, with this name")
    )
    parser.add_profile()
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help=_("read the password from standard input, its first line"),
    )
    return parser


def _check_same(
    profile: profiles.Profile, server: Server | None, options: argparse.Namespace
) -> None:
    same_user = options.user in (None, profile.name, str(profile.userid))
    if server not in (None, profile.server) or not same_user or options.register:
        raise Ending(
            FAILED,
            _(
                "profile {profile} is {name} (id {id}) on {server}; take another name for this "
                "one: --profile NAME. Where a server has moved, change its address in {file}"
            ).format(
                profile=options.profile,
                name=profile.name,
                id=profile.userid,
                server=profile.server,
                file=profile.folder / "profile.json",
            ),
        )


def _ask_user(parser: Parser) -> str:
    if sys.stdin is None or not sys.stdin.isatty():
        parser.error(_("say who logs in: --user NAME"))
    user = input(_("user id or name: ")).strip()
    if not user:
        parser.error(_("say who logs in: --user NAME"))
    return user


def _password(parser: Parser, options: argparse.Namespace) -> str:
    if options.password_stdin:
        line = sys.stdin.readline() if sys.stdin is not None else ""
        password = line.removesuffix("\n")
    elif sys.stdin is not None and sys.stdin.isatty():
        password = getpass.getpass(_("password: "))
        if options.register and getpass.getpass(_("the password again: ")) != password:
            raise Ending(FAILED, _("the two passwords differ; nothing was done"))
    else:
        parser.error(_("where there is no terminal, give the password with --password-stdin"))
    if not password:
        raise Ending(FAILED, _("no password was given; nothing was done"))
    return password


async def _log_in(reactor: Any, wish: _Wish) -> int:
    profile = wish.profile
    try:
        if profile is None:
            userid = None if wish.register else parse_id(wish.user)
            profile = await profiles.first_start(
                reactor,
                profiles.home(os.environ),
                wish.profile_name,
                wish.server,
                account=wish.user if userid is None else userid,
                password=wish.password,
                register=wish.register,
            )
        else:
            await profiles.log_in_again(reactor, profile, wish.password, None)
    except ChatError as refusal:
        raise Ending(FAILED, reason(refusal)) from None
    except NO_CONNECTION as problem:
        text = _("cannot log in to {server}: {why}")
        raise Ending(FAILED, text.format(server=wish.server, why=reason(problem))) from None
    text = _("logged in as {name} (id {id}) on {server}")
    done = text.format(name=profile.name, id=profile.userid, server=profile.server)
    print_result("chatclient login", done)
    return OK
