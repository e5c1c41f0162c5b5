"""What the command lines of all programs here have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from chatclient import profiles
from chatclient.address import Server, parse_server
from chatclient.language import gettext as _
from chatclient.language import marked

SUBCOMMANDS = ("send", "tail", "login", "logout")

T = TypeVar("T")
_HEADINGS = (marked("options"), marked("positional arguments"))


class Parser(argparse.ArgumentParser):
    """Tells of a wrong argument in one line; takes no shortened options."""

    def __init__(self, prog: str, description: str, epilog: str, usage: str | None = None) -> None:
        super().__init__(
            prog=prog,
            usage=usage,
            description=description,
            epilog=epilog,
            formatter_class=_Help,
            allow_abbrev=False,
            add_help=False,
        )
        self.add_argument("-h", "--help", action="help", help=_("show this help and exit"))

    def error(self, message: str) -> NoReturn:
        text = _("{prog}: {message} (--help tells more)").format(prog=self.prog, message=message)
        self.exit(2, f"{text}\n")

    def add_profile(self) -> None:
        """Take ``--profile``."""
        self.add_argument(
            "--profile",
            metavar="NAME",
            default=profiles.DEFAULT,
            type=argument(_profile),
            help=_("which account, on which server (default {name})").format(name=profiles.DEFAULT),
        )

    def add_server(self, default: str, parse: Callable[[str], Server] = parse_server) -> None:
        """Take a server's address, and with ``--ca`` who signs its certificate."""
        self.add_argument(
            "server",
            metavar="SERVER",
            nargs="?",
            type=argument(parse),
            help=_(
                "HOST[:PORT] or [IPV6]:PORT, or tls:// and one of these (default {default})"
            ).format(default=default),
        )
        self.add_argument(
            "--ca",
            metavar="FILE",
            type=Path,
            help=_("with tls://, trust servers whose certificates these sign (PEM)"),
        )

    def server(self, options: argparse.Namespace) -> Server | None:
        """The server that the options name.

        :raises SystemExit: they don't fit one another.
        """
        server: Server | None = options.server
        if options.ca is None:
            return server
        if server is None or not server.tls:
            self.error(_("--ca goes with a server's address that begins with tls://"))
        return replace(server, authority=options.ca)


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help in the language in use."""

    def add_usage(
        self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None
    ) -> None:
        super().add_usage(usage, actions, groups, _("usage: ") if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        super().start_section(_(heading) if heading in _HEADINGS else heading)


def argument(parse: Callable[[str], T]) -> Callable[[str], T]:
    """Have argparse tell what a :class:`ValueError` says."""

    def parsed(text: str) -> T:
        try:
            return parse(text)
        except ValueError as problem:
            raise argparse.ArgumentTypeError(str(problem)) from None

    return parsed


def _profile(text: str) -> str:
    profiles.check_name(text)
    return text
