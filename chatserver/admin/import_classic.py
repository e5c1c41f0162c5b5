"""``import-classic``: moves a chat of the C++ cluster chat server to this one."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator

from chatserver.admin.classic.arrivals import Arrivals
from chatserver.admin.classic.texts import ENCODINGS, find_encoding
from chatserver.admin.classic.ties import Ties
from chatserver.admin.commands import Commands
from chatserver.admin.database import open_database
from chatserver.settings import Settings
from chatserver.store.classic import ClassicDatabase
from chatserver.store.imports import ACCOUNT, GROUP

#: The environment variable that may name the C++ server's database, where passwords don't show.
ORIGIN = "CLASSIC_DATABASE"


def register(commands: Commands) -> None:
    parser = commands.add(
        "import-classic",
        import_classic,
        help="take over the chat of a C++ cluster chat server",
        description="Takes accounts, friends, groups with their roles and offline messages over "
        "from the database of the C++ cluster chat server. Passwords are hashed on the way. Ids "
        "and names stay as they are where they are free here. Nothing is changed there. It may be "
        "run again at any time: what has come already stays as it is here, passwords too.",
        examples=[
            "import-classic --from mysql://root:123456@127.0.0.1:3306/chat --dry-run",
            "import-classic --from mysql://root:123456@127.0.0.1:3306/chat",
        ],
    )
    parser.add_argument(
        "--from",
        dest="origin",
        metavar="URL",
        default=os.environ.get(ORIGIN),
        required=ORIGIN not in os.environ,
        help="the database of the C++ server: mysql://USER:PASSWORD@HOST:PORT/NAME; the "
        f"environment variable {ORIGIN} names it too, and does not show its password to others",
    )
    parser.add_argument(
        "--encoding",
        choices=ENCODINGS,
        help="how texts stand there, if that is found out wrongly: as the tables declare, or as "
        "bytes of one encoding that a client passed off as another",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="change nothing, and say what would be done"
    )


def import_classic(settings: Settings, options: Namespace) -> Iterator[str]:
    """First who there is, then what connects them."""
    dry: bool = options.dry_run
    with ClassicDatabase(options.origin) as classic, open_database(settings) as database:
        encoding = options.encoding or find_encoding(classic.sample())
        yield f"texts there: {encoding}"
        users = Arrivals(database, classic.source, ACCOUNT, encoding, dry=dry)
        users.users(classic)
        yield from users.report.lines()
        groups = Arrivals(database, classic.source, GROUP, encoding, dry=dry)
        groups.groups(classic)
        yield from groups.report.lines()
        ties = Ties(
            database,
            classic,
            users.ids,
            groups.ids,
            encoding=encoding,
            longest=settings.max_text,
            dry=dry,
        )
        yield from ties.friends().lines()
        yield from ties.messages().lines()
        # Last: who is a member already gets what comes, and these have their share already.
        yield from ties.members().lines()
        if dry:
            yield "nothing was changed (--dry-run)"
