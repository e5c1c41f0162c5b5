"""Names and passwords, as the server takes them."""

from __future__ import annotations

import sys
import warnings
from argparse import ArgumentParser, Namespace
from getpass import GetPassWarning, getpass

import msgspec

from chatserver.admin.commands import CannotDo
from chatserver.wire.codec import Rejected, decode
from chatserver.wire.requests import Register, msgid_of

_ANY_PASSWORD = "x"  # noqa: S105


def add_password_option(parser: ArgumentParser) -> None:
    """Let a command read a password from its standard input."""
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password from the first line of standard input, instead of asking for it "
        "twice on the terminal",
    )


def check_name(name: str) -> None:
    """
    :raises CannotDo: no account may have this name.
    """
    _check(name, _ANY_PASSWORD)


def new_password(options: Namespace, name: str) -> str:
    """A new password for the account of a name.

    :raises CannotDo: it can't be read, or is none that the server takes.
    """
    password = _read() if options.password_stdin else _ask(name)
    _check("x", password)
    return password


def _check(name: str, password: str) -> None:
    try:
        fields = {"msgid": msgid_of(Register), "name": name, "password": password}
        request = decode(msgspec.json.encode(fields))
    except UnicodeEncodeError:
        raise CannotDo("that is no valid text in the encoding of this terminal") from None
    if isinstance(request, Rejected):
        raise CannotDo(request.error.errmsg)


def _read() -> str:
    try:
        return sys.stdin.buffer.readline().decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise CannotDo("the password on standard input is not in UTF-8") from None


def _ask(name: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)  # it would be seen as it is typed
        try:
            password = getpass(f"New password for {name}: ")
            again = getpass("Once more: ")
        except (GetPassWarning, EOFError):
            raise CannotDo(
                "there is no terminal to ask for the password on; use --password-stdin"
            ) from None
    if password != again:
        raise CannotDo("the two passwords are not the same; nothing was changed")
    return password
