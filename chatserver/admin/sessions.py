"""``sessions`` and ``kick``: who is logged in, and sending them away."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

import msgspec

from chatserver.admin.commands import CannotDo, Commands
from chatserver.admin.database import open_database
from chatserver.admin.servers import Servers
from chatserver.admin.texts import columns, count, moment, size, span
from chatserver.admin.users import USER, add_user, find_user, shown
from chatserver.orders import Kick, Kicked, ListSessions, SessionInfo, Sessions
from chatserver.settings import Settings
from chatserver.store.accounts import Accounts
from chatserver.store.administration import Administration
from chatserver.store.direct import DirectDatabase, at_once
from chatserver.wire.times import utc_text

_HEAD = ("ID", "NAME", "DEVICE", "SERVER", "ADDRESS", "CONNECTED", "IDLE", "DIALECT", "UNSENT")
_RIGHT = "ID IDLE UNSENT"
_MOST_SECONDS = 86_400.0


def register(commands: Commands) -> None:
    parser = commands.add(
        "sessions",
        sessions,
        help="show who is logged in, on all servers",
        description="Shows the sessions of all servers on this database: account, device (- is "
        "the unnamed one), server, address, since when it is connected, how long nothing has come "
        "from it, dialect, and the bytes that wait to be sent to it.",
        examples=["sessions", "sessions --user li", "sessions --json | jq .address"],
    )
    parser.add_argument("--user", metavar="USER", help=f"only those of one account: {USER}")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser = commands.add(
        "kick",
        kick,
        help="close the sessions of an account",
        description="Closes the sessions of an account on all servers, and keeps it out for some "
        "seconds. Its programs may come back by themselves after that, as with a restart of the "
        "server, unless they are logged out with --logout and keep no password. To keep somebody "
        "out for good use `user disable`.",
        examples=["kick li", "kick li --device phone --for 60", "kick id:7 --logout"],
    )
    add_user(parser)
    parser.add_argument(
        "--device", metavar="NAME", help="only this device; '' is the unnamed one [all]"
    )
    parser.add_argument(
        "--for",
        dest="seconds",
        metavar="SECONDS",
        type=float,
        default=5.0,
        help="how long it is kept out [5]",
    )
    parser.add_argument("--logout", action="store_true", help="make its tokens worthless as well")


def sessions(settings: Settings, options: Namespace) -> Iterator[str]:
    """A line for each session."""
    with open_database(settings) as database:
        account = None
        if options.user is not None:
            account = find_user(Accounts(database), options.user).id
        found: list[SessionInfo] = []
        problem: CannotDo | None = None
        try:
            for answer in Servers(database).ask(ListSessions(account=account)):
                assert isinstance(answer, Sessions)
                if options.json:
                    yield from map(_json, answer.sessions)
                found += answer.sessions
        except CannotDo as incomplete:
            problem = incomplete
        if found and not options.json:
            found.sort(key=lambda one: (one.id, one.device, one.connected))
            yield from columns(_HEAD, map(_cells, found), _RIGHT)
        if problem is not None:
            raise problem
        if not options.json:
            yield count(len(found), "session")


def kick(settings: Settings, options: Namespace) -> Iterator[str]:
    """Close the sessions of an account, and tell how many there were."""
    if not 0 < options.seconds <= _MOST_SECONDS:
        raise CannotDo(f"--for must be more than 0 and at most {_MOST_SECONDS:g} seconds")
    with open_database(settings) as database:
        account = find_user(Accounts(database), options.user)
        if options.logout:
            at_once(Administration(database).revoke(account.id, options.device))
            yield f"the tokens of {shown(account)} are revoked"
        kicked = send_away(database, account.id, options.device, options.seconds)
        yield f"{shown(account)}: {count(kicked, 'session')} closed"


def send_away(
    database: DirectDatabase, account: int, device: str | None = None, seconds: float = 5.0
) -> int:
    """Close an account's sessions on all servers; returns how many there were.

    :raises CannotDo: not all servers have answered.
    """
    order = Kick(account=account, device=device, seconds=seconds)
    kicked = 0
    for answer in Servers(database).ask(order):
        assert isinstance(answer, Kicked)
        kicked += answer.sessions
    return kicked


def _cells(session: SessionInfo) -> list[str]:
    return [
        str(session.id),
        session.name,
        session.device or "-",
        session.server,
        session.address,
        moment(session.connected),
        span(session.idle),
        session.dialect,
        size(session.unsent),
    ]


def _json(session: SessionInfo) -> str:
    fields = msgspec.structs.asdict(session) | {"connected": utc_text(session.connected)}
    return msgspec.json.encode(fields).decode()
