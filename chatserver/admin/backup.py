"""``backup``, ``restore`` and ``renumber``: copies of the database, and what follows from them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

from chatserver.admin.commands import PROGRAM, CannotDo, Commands
from chatserver.admin.database import open_database
from chatserver.admin.progress import Progress
from chatserver.admin.servers import Servers
from chatserver.admin.texts import size
from chatserver.orders import TellState
from chatserver.settings import Settings
from chatserver.store.backup import FileInTheWay, Tell, back_up, not_in_use, restore
from chatserver.store.direct import at_once
from chatserver.store.engines import engine_of
from chatserver.store.renumbering import Renumbered, renumber
from chatserver.store.sqlite import SQLite

_CLIENTS = (
    "clients may show messages again that they had got since the backup; what was sent since is "
    "gone, and passwords, tokens and disabled accounts are as they were then"
)


def register(commands: Commands) -> None:
    parser = commands.add(
        "backup",
        backup_database,
        help="copy an SQLite database while the server runs",
        description="Copies an SQLite database as it is at this moment, while the server goes on. "
        "The copy is checked, and appears as a whole or not at all; only its owner may read it.",
        examples=["backup /var/backups/chat-monday.db"],
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="where to")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser = commands.add(
        "restore",
        restore_database,
        help="put a backup in the place of an SQLite database",
        description="Puts a backup in the place of an SQLite database; the server has to be "
        "stopped. The old database is kept beside it. Conversations get new numbers, as clients "
        "would otherwise take new messages for some that they have seen.",
        examples=["restore /var/backups/chat-monday.db"],
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the backup")
    commands.add(
        "renumber",
        renumber_conversations,
        help="after other ways of restoring: give conversations new numbers",
        description="Gives all conversations new numbers, as `restore` does: needed after a dump "
        "of an earlier time was loaded into MySQL or MariaDB, and before servers start on it.",
        examples=["renumber"],
    )


class _ServerRuns(Exception):
    """A server is running on the database."""


def backup_database(settings: Settings, options: Namespace) -> Iterator[str]:
    """Copy it."""
    engine = engine_of(settings.database)
    if not isinstance(engine, SQLite):
        raise CannotDo(
            f"{engine.name} is no SQLite database; its own program copies it while servers run: "
            "mariadb-dump --single-transaction NAME > FILE (MySQL: mysqldump)"
        )
    engine.look()
    try:
        with Progress("copying pages") as progress:
            target = options.file.absolute()
            written = back_up(Path(engine.path), target, _tell(progress), replace=options.force)
    except FileInTheWay as problem:
        raise CannotDo(f"{problem}; choose another name, or --force") from None
    yield f"{engine.path} is copied to {options.file}: {size(written)}, checked"


def restore_database(settings: Settings, options: Namespace) -> Iterator[str]:
    """Put the copy in its place."""
    engine = engine_of(settings.database)
    if not isinstance(engine, SQLite):
        raise CannotDo(
            f"{engine.name} is no SQLite database: stop all servers, load the dump with "
            f"`mariadb NAME < FILE` (MySQL: mysql), and run `{PROGRAM} renumber`"
        )
    if not options.file.exists():
        raise CannotDo(f"there is no file {options.file}")
    with Progress("copying pages") as progress:
        restored = restore(options.file.absolute(), Path(engine.path), _tell(progress))
    yield f"{options.file} is in the place of {engine.path} now"
    if restored.aside is not None:
        yield f"the database that was there is {restored.aside}"
    yield from _told(restored.next)
    yield _CLIENTS


def renumber_conversations(settings: Settings, options: Namespace) -> Iterator[str]:  # noqa: ARG001
    """Give them new numbers, where no server runs."""
    engine = engine_of(settings.database)
    in_use = not_in_use(Path(engine.path)) if isinstance(engine, SQLite) else nullcontext()
    with in_use:
        pass  # a server would have it open
    with open_database(settings, is_patient=True) as database:
        if not isinstance(engine, SQLite):
            try:
                _look_for_servers(Servers(database))
            except _ServerRuns:
                raise CannotDo(
                    "a server is running on this database: stop all of them first"
                ) from None
        following = at_once(database.write(renumber, None))
    yield from _told(following)


def _look_for_servers(servers: Servers) -> None:
    with suppress(CannotDo):  # nodes that are known and don't answer: all there are in a dump
        for _ in servers.ask(TellState()):
            raise _ServerRuns


def _told(following: Renumbered) -> Iterator[str]:
    yield (
        f"conversations have new numbers; the next account will be {following.account}, the next "
        f"group {following.group}"
    )


def _tell(progress: Progress) -> Tell:
    return lambda done, total: progress.reach(done, total)
