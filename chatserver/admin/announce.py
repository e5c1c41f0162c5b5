"""``announce``: a message to everybody, which each gets once."""

from __future__ import annotations

import re
import secrets
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence

from chatserver.admin.commands import CannotDo, Commands
from chatserver.admin.credentials import check_name
from chatserver.admin.database import open_database
from chatserver.admin.progress import Progress
from chatserver.admin.servers import NobodyAnswered, Refusal, Servers
from chatserver.admin.texts import count
from chatserver.admin.users import USER, find_user, shown
from chatserver.clock import epoch_milliseconds
from chatserver.orders import Announce, Announced, ListSessions, NotDone, Sessions, TellState
from chatserver.settings import Settings
from chatserver.store.accounts import NO_PASSWORD, Account, Accounts
from chatserver.store.administration import Administration
from chatserver.store.counts import Counts
from chatserver.store.direct import DirectDatabase, at_once
from chatserver.store.errors import DatabaseUnusable

_SENDER = "announcements"
_ID = re.compile(r"[\w.-]{1,32}", re.ASCII)
_AT_ONCE = 1000  # accounts in one order
_TRIES = 4  # of an order that nobody takes, as a server may just be starting again


def register(commands: Commands) -> None:
    parser = commands.add(
        "announce",
        announce,
        help="send a message to everybody",
        description="Sends a message to every account that is not disabled: an ordinary chat "
        "message that is stored, so that who is offline gets it at the next login, with any "
        "client. A running server sends it, in moderate haste. Each account gets an announcement "
        "once: if this was interrupted, run it again with the --id that it printed first.",
        examples=[
            "announce 'We restart at 22:00 UTC.'",
            "announce - < news.txt",
            "announce --online 'Back in five minutes.'",
            "announce 'Your request was answered.' --from support --to li name:7",
        ],
    )
    parser.add_argument("text", metavar="TEXT", help="the message; - reads it from standard input")
    parser.add_argument(
        "--from",
        dest="sender",
        metavar="NAME",
        help="the account that sends it, made where it is missing; nobody can log in to it then "
        f"[{_SENDER}]",
    )
    parser.add_argument(
        "--id",
        metavar="ID",
        help="names the announcement; who has got it under this id does not get it again [random]",
    )
    whom = parser.add_mutually_exclusive_group()
    whom.add_argument("--to", metavar="USER", nargs="+", help=f"only to these: {USER}")
    whom.add_argument("--online", action="store_true", help="only to those who are logged in now")


def announce(settings: Settings, options: Namespace) -> Iterator[str]:
    """Send it to all, a thousand at a time."""
    text = _text_of(options.text, settings)
    id = options.id or secrets.token_hex(4)
    if not _ID.fullmatch(id):
        raise CannotDo("--id takes up to 32 letters, digits, dots, dashes and underscores")
    with open_database(settings) as database:
        servers = Servers(database)
        for _ in servers.ask(TellState()):
            break  # there is one
        recipients = _recipients(database, servers, options)
        sender = _sender(database, options.sender)
        announcement = _Announcement(servers, id, sender, text)
        yield f"announcement {id} from {shown(sender)}"
        try:
            with Progress("sending", recipients.total) as progress:
                for page in recipients.pages:
                    announcement.send([to for to in page if to != sender.id], progress)
        except (CannotDo, DatabaseUnusable) as problem:
            if isinstance(problem, Refusal) and problem.is_final:
                raise
            raise CannotDo(
                f"{problem}; {announcement.sent + announcement.had:,} have it: run it again with "
                f"--id {id}"
            ) from None
        yield f"{count(announcement.sent, 'account')} got it" + (
            f", {announcement.had:,} had it already" if announcement.had else ""
        )


class _Announcement:
    """Sends one announcement, and counts to how many."""

    def __init__(self, servers: Servers, id: str, sender: Account, text: str) -> None:
        self._servers = servers
        self._id = id
        self._sender = sender
        self._text = text
        self.sent = self.had = 0

    def send(self, to: Sequence[int], progress: Progress) -> None:
        """Send it to some.

        :raises CannotDo: a server can't, or there is none any more.
        """
        tries = _TRIES
        while to and tries:
            done = 0
            for answer in self._servers.ask_one(self._order(to)):
                if isinstance(answer, NotDone):
                    raise Refusal(answer)
                assert isinstance(answer, Announced)
                self.sent += answer.sent
                self.had += answer.had
                done += answer.sent + answer.had
                progress.advance(answer.sent + answer.had)
            tries = _TRIES if done else tries - 1
            to = to[done:]
        if to:
            raise NobodyAnswered

    def _order(self, to: Sequence[int]) -> Announce:
        return Announce(
            id=self._id,
            sender=self._sender.id,
            name=self._sender.name,
            text=self._text,
            to=list(to),
        )


class _Recipients:
    """Whom it is for: pages of ids, and how many there are if that is known."""

    def __init__(self, pages: Iterator[list[int]], total: int | None) -> None:
        self.pages = pages
        self.total = total


def _recipients(database: DirectDatabase, servers: Servers, options: Namespace) -> _Recipients:
    if options.online:
        online: set[int] = set()
        for answer in servers.ask(ListSessions()):
            assert isinstance(answer, Sessions)
            online.update(session.id for session in answer.sessions)
        return _listed(sorted(online))
    if options.to is not None:
        accounts = [find_user(Accounts(database), user) for user in options.to]
        for account in accounts:
            if account.disabled:
                raise CannotDo(f"{shown(account)} is disabled")
        return _listed(sorted({account.id for account in accounts}))
    return _Recipients(_everybody(database), at_once(Counts(database).of("accounts")).number)


def _listed(ids: Sequence[int]) -> _Recipients:
    pages = (list(ids[start : start + _AT_ONCE]) for start in range(0, len(ids), _AT_ONCE))
    return _Recipients(pages, len(ids))


def _everybody(database: DirectDatabase) -> Iterator[list[int]]:
    administration = Administration(database)
    last = 0
    while page := at_once(administration.page(last, _AT_ONCE, disabled=False)):
        last = page[-1].id
        yield [account.id for account in page]


def _sender(database: DirectDatabase, chosen: str | None) -> Account:
    """The account to send from, made where it is missing."""
    name = chosen or _SENDER
    check_name(name)
    accounts = Accounts(database)
    found = at_once(accounts.find(name=name))
    if found is None:
        id = at_once(accounts.create(name, NO_PASSWORD, epoch_milliseconds()))
        return Account(id, name, NO_PASSWORD, disabled=False)
    if chosen is None and found.password_hash != NO_PASSWORD:
        raise CannotDo(
            f"{shown(found)} is somebody's who can log in: choose who sends with --from; "
            f"`--from {_SENDER}` takes it nevertheless"
        )
    return found


def _text_of(given: str, settings: Settings) -> str:
    try:
        if given == "-":
            text = sys.stdin.buffer.read().decode().removesuffix("\n")
        else:
            text = given
            given.encode()
    except UnicodeError:
        raise CannotDo("the text is not in UTF-8") from None
    if not text.strip():
        raise CannotDo("the text is empty")
    if len(text) > settings.max_text:
        raise CannotDo(
            f"the text has {len(text):,} characters; --max-text allows {settings.max_text:,}"
        )
    return text
