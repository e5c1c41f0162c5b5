"""``user``: making accounts, changing them, and looking at them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

import msgspec

from chatserver.admin.commands import PROGRAM, CannotDo, Commands
from chatserver.admin.credentials import add_password_option, check_name, new_password
from chatserver.admin.database import open_database
from chatserver.admin.servers import NobodyAnswered
from chatserver.admin.sessions import send_away
from chatserver.admin.texts import columns, count, moment, printable
from chatserver.admin.users import add_user, find_user, shown
from chatserver.clock import epoch_milliseconds
from chatserver.errors import Refused
from chatserver.services.passwords import hash_of
from chatserver.settings import Settings
from chatserver.store.accounts import Account, Accounts
from chatserver.store.administration import AccountInfo, Administration, DeviceInfo
from chatserver.store.direct import DirectDatabase, at_once
from chatserver.wire.times import utc_text

_LIMIT = 100
_MOST = 10_000


def register(commands: Commands) -> None:
    group = commands.group("user", help="make, change and show accounts")
    parser = group.add(
        "add",
        add,
        help="make an account",
        description="Makes an account, and asks for its password.",
        examples=["user add li", "user add 'zhang san' --password-stdin < password.txt"],
    )
    parser.add_argument("name", metavar="NAME", help="1 to 50 characters")
    add_password_option(parser)
    parser = group.add(
        "passwd",
        passwd,
        help="change a password",
        description="Changes the password of an account. All its devices are logged out: its "
        "tokens are revoked and its sessions are closed.",
        examples=["user passwd li", "user passwd id:7 --password-stdin < password.txt"],
    )
    add_user(parser)
    add_password_option(parser)
    parser = group.add(
        "disable",
        disable,
        help="keep somebody out",
        description="Refuses all logins to an account from now on, revokes its tokens and closes "
        "its sessions. Nothing that it has sent or received is lost.",
        examples=["user disable li"],
    )
    add_user(parser)
    parser = group.add(
        "enable",
        enable,
        help="let somebody in again",
        description="Lets a disabled account log in again, with its old password.",
        examples=["user enable li"],
    )
    add_user(parser)
    _register_reading(group)


def _register_reading(group: Commands) -> None:
    parser = group.add(
        "list",
        list_users,
        help="show accounts, a page at a time",
        description="Shows accounts in the order of their ids.",
        examples=["user list", "user list --after 100 --limit 50", "user list --disabled --json"],
    )
    parser.add_argument("--after", metavar="ID", type=int, default=0, help="begin above this id")
    parser.add_argument(
        "--limit", metavar="N", type=int, default=_LIMIT, help=f"at most so many [{_LIMIT}]"
    )
    parser.add_argument("--disabled", action="store_true", help="only those that are disabled")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser = group.add(
        "show",
        show,
        help="show one account with its devices and groups",
        description="Shows an account: since when it exists, whether it is disabled, its devices "
        "with the time up to which a token logs them in again, and its groups.",
        examples=["user show li", "user show id:7 --json"],
    )
    add_user(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")


def add(settings: Settings, options: Namespace) -> Iterator[str]:
    """Make an account; tells its id."""
    check_name(options.name)
    with open_database(settings) as database:
        accounts = Accounts(database)
        if at_once(accounts.is_taken(options.name)):
            raise CannotDo(f"the name {options.name} is taken; choose another")
        password_hash = hash_of(new_password(options, options.name))
        try:
            id = at_once(accounts.create(options.name, password_hash, epoch_milliseconds()))
        except Refused as problem:
            raise CannotDo(problem.errmsg) from None
        yield f"account {id} ({options.name}) was made"


def passwd(settings: Settings, options: Namespace) -> Iterator[str]:
    """Change a password, and log all out."""
    with open_database(settings) as database:
        account = find_user(Accounts(database), options.user)
        password_hash = hash_of(new_password(options, printable(account.name)))
        at_once(Administration(database).set_password(account.id, password_hash))
        yield f"{shown(account)} has a new password; its tokens are revoked"
        yield _sent_away(database, account)


def disable(settings: Settings, options: Namespace) -> Iterator[str]:
    """Let nobody log in to an account, and log all out."""
    with open_database(settings) as database:
        account = find_user(Accounts(database), options.user)
        at_once(Administration(database).disable(account.id))
        yield f"{shown(account)} is disabled; its tokens are revoked"
        yield _sent_away(database, account)


def enable(settings: Settings, options: Namespace) -> Iterator[str]:
    """Let people log in to an account again."""
    with open_database(settings) as database:
        account = find_user(Accounts(database), options.user)
        at_once(Administration(database).enable(account.id))
        yield f"{shown(account)} is enabled"


def list_users(settings: Settings, options: Namespace) -> Iterator[str]:
    """A line for each account of a page."""
    if not 0 < options.limit <= _MOST:
        raise CannotDo(f"--limit must be from 1 to {_MOST}")
    only = True if options.disabled else None
    with open_database(settings) as database:
        reading = Administration(database).page(options.after, options.limit + 1, disabled=only)
        found = at_once(reading)
    page = found[: options.limit]
    if options.json:
        yield from (msgspec.json.encode(_fields(one)).decode() for one in page)
        return
    rows = [[str(one.id), one.name, moment(one.created), _state(one)] for one in page]
    yield from columns(("ID", "NAME", "CREATED", "STATE"), rows, "ID")
    if len(found) > len(page):
        disabled = " --disabled" if options.disabled else ""
        yield f"there are more: {PROGRAM} user list --after {page[-1].id}{disabled}"


def show(settings: Settings, options: Namespace) -> Iterator[str]:
    """What there is of an account."""
    now = epoch_milliseconds()
    with open_database(settings) as database:
        id = find_user(Accounts(database), options.user).id
        administration = Administration(database)
        [account] = at_once(administration.page(id - 1, 1))
        profile = at_once(administration.profile(id, now))
    if options.json:
        fields = _fields(account) | {
            "devices": list(map(_device_fields, profile.devices)),
            "groups": profile.groups,
            "friends": profile.friends,
            "conversations": profile.conversations,
        }
        yield msgspec.json.encode(fields).decode()
        return
    yield f"account        {account.id} ({printable(account.name)}), {_state(account)}"
    yield f"created        {moment(account.created)}"
    yield f"friends        {profile.friends:,}"
    yield f"conversations  {profile.conversations:,}"
    yield f"groups         {', '.join(map(printable, profile.groups)) or '-'}"
    yield f"devices        {len(profile.devices) or '-'}"
    if profile.devices:
        yield from columns(("DEVICE", "TOKENS", "UNTIL"), map(_device, profile.devices), "TOKENS")


def _sent_away(database: DirectDatabase, account: Account) -> str:
    """What became of an account's sessions; where no server runs, there are none."""
    try:
        return f"{count(send_away(database, account.id), 'session')} closed"
    except NobodyAnswered as problem:
        return f"no session closed: {problem}"


def _state(account: AccountInfo) -> str:
    return "disabled" if account.disabled else "enabled"


def _fields(account: AccountInfo) -> dict[str, object]:
    return account._asdict() | {"created": utc_text(account.created)}


def _device(device: DeviceInfo) -> list[str]:
    until = moment(device.expires) if device.tokens else "-"
    return [device.name or "-", str(device.tokens), until]


def _device_fields(device: DeviceInfo) -> dict[str, object]:
    expires = utc_text(device.expires) if device.tokens else None
    return device._asdict() | {"expires": expires}
