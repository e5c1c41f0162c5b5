"""The accounts that a command line names."""

from __future__ import annotations

from argparse import ArgumentParser

from chatserver.admin.commands import CannotDo
from chatserver.admin.texts import printable
from chatserver.store.accounts import Account, Accounts
from chatserver.store.direct import at_once
from chatserver.wire.fields import MAX_ID

#: How an account is named on the command line.
USER = "an id or a name; id:7 or name:7 where a name looks like an id"


def add_user(parser: ArgumentParser) -> None:
    """Let a command take one account."""
    parser.add_argument("user", metavar="USER", help=USER)


def find_user(accounts: Accounts, text: str) -> Account:
    """The account that a text means: an id, a name, ``id:7`` or ``name:7``.

    :raises CannotDo: it means none, or two.
    """
    by_id = by_name = None
    if text.startswith("name:"):
        by_name = _named(accounts, text.removeprefix("name:"))
    elif text.startswith("id:"):
        by_id = _numbered(accounts, text.removeprefix("id:"))
    else:
        by_id, by_name = _numbered(accounts, text), _named(accounts, text)
    if by_id is not None and by_name is not None and by_id.id != by_name.id:
        raise CannotDo(
            f"{text} is the id of {printable(by_id.name)!r} and the name of account {by_name.id}: "
            f"write id:{text} or name:{text}"
        )
    found = by_id or by_name
    if found is None:
        raise CannotDo(f"there is no account {printable(text)!r}; `user list` shows all")
    return found


def shown(account: Account) -> str:
    """An account for people, as "account 7 (li)"."""
    return f"account {account.id} ({printable(account.name)})"


def _numbered(accounts: Accounts, text: str) -> Account | None:
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) <= MAX_ID:
        return None
    return at_once(accounts.find(id=int(text)))


def _named(accounts: Accounts, text: str) -> Account | None:
    try:
        text.encode()
    except UnicodeEncodeError:  # an argument in another encoding than the terminal's
        return None
    return at_once(accounts.find(name=text))
