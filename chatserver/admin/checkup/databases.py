"""Checks of the database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from chatserver.admin.checkup.findings import Finding, NothingElse, either, ok, problem, warning
from chatserver.admin.commands import PROGRAM
from chatserver.admin.texts import size
from chatserver.settings import Settings
from chatserver.store.direct import DirectDatabase, at_once
from chatserver.store.engines import engine_of
from chatserver.store.errors import DatabaseUnusable
from chatserver.store.facts import (
    RIGHTS,
    check_right,
    check_texts,
    file_facts,
    select_skew,
    select_variables,
)
from chatserver.store.sqlite import SQLite
from chatserver.workers.number import number_of_workers

_CONNECTIONS = 6  # of each process: four that read, one that writes, one at its start
_STATEMENT = 2**19  # bytes of messages in one statement
_SKEW, _BAD_SKEW = 2.0, 30.0  # seconds
_LITTLE, _TOO_LITTLE = 2**30, 2**27  # bytes
_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs"}


def reachable(settings: Settings) -> Iterable[Finding]:
    """Whether there is a database with the right tables."""
    engine = engine_of(settings.database)
    try:
        versions = engine.look()
    except DatabaseUnusable as trouble:
        if isinstance(engine, SQLite) and not Path(engine.path).exists():
            folder = Path(engine.path).parent
            can_make = os.access(folder, os.W_OK | os.X_OK)
            finding = either(
                can_make,
                f"there is no {engine.path} yet: a server makes it at its start",
                problem(
                    f"there is no {engine.path}, and its folder can't be written by this user",
                    f"make the folder {folder}, owned by the server's user, or change --database",
                ),
            )
            raise NothingElse(finding) from None
        todo = "see that it runs and that --database is right"
        raise NothingElse(problem(str(trouble), todo)) from None
    yield ok(f"{engine.name} is reachable")
    if versions.is_current:
        yield ok(f"its tables have schema version {versions.found}, as this program needs")
    else:
        yield problem(
            f"its tables have schema version {versions.found}, this program needs "
            f"{versions.needed}",
            f"run `{PROGRAM} migrate`, or start a server as a user who may change tables",
        )


def file(settings: Settings) -> Iterable[Finding]:
    """The file of an SQLite database, and where it is."""
    engine = engine_of(settings.database)
    if not isinstance(engine, SQLite) or not Path(engine.path).exists():
        return  # which the next check tells
    path = Path(engine.path)
    try:
        facts = file_facts(engine.path)
    except DatabaseUnusable as trouble:
        todo = f"stop the server and go back to a backup with `{PROGRAM} restore`"
        raise NothingElse(problem(str(trouble), todo)) from None
    yield either(
        facts.damage is None,
        f"{path} is sound ({size(facts.size)})",
        problem(
            f"{path} is damaged: {facts.damage}",
            f"stop the server and go back to a backup with `{PROGRAM} restore`",
        ),
    )
    if facts.journal_mode != "wal":
        yield warning(
            f"{path} is in the journal mode {facts.journal_mode}",
            "start a server, which sets WAL; if it stays, the file system can't do it",
        )
    if not (facts.is_writable and facts.is_folder_writable):
        yield problem(
            f"{path} or its folder can't be written by this user",
            "let both belong to the user that the server runs as",
        )
    if facts.is_open_to_others:
        yield warning(f"other users can read {path}", f"chmod 600 {path}")
    kind = _file_system(path)
    if kind in _REMOTE:
        yield problem(
            f"{path} is on a network file system ({kind}), where SQLite can lose data",
            "move it to a local disk",
        )
    yield from room(path.parent)


def room(folder: Path) -> Iterable[Finding]:
    """What is left on a disk."""
    free = shutil.disk_usage(folder).free
    if free >= _LITTLE:
        yield ok(f"{folder} has room for {size(free)} more")
    else:
        kind = problem if free < _TOO_LITTLE else warning
        yield kind(f"{folder} has room for {size(free)} only", "make room on that disk")


def server(settings: Settings) -> Iterator[Finding]:
    """How a MySQL or MariaDB server is set."""
    engine = engine_of(settings.database)
    if isinstance(engine, SQLite):
        return
    with DirectDatabase(engine) as database:
        found = at_once(database.read(select_variables))
        skew = at_once(database.read(select_skew))
    yield ok(f"it is version {found['version']}")
    yield either(
        (found["isolation"], found["sql_mode"]) == ("READ-COMMITTED", "STRICT_ALL_TABLES"),
        "its connections are READ COMMITTED and strict, as the server sets them",
        problem(
            f"its connections are {found['isolation']} with sql_mode {found['sql_mode']!r}, though "
            "the server sets others",
            "find what changes them: a proxy, or init_connect",
        ),
    )
    yield either(
        found["innodb_flush_log_at_trx_commit"] == "1",
        "what it commits is on its disk",
        problem(
            "innodb_flush_log_at_trx_commit is "
            f"{found['innodb_flush_log_at_trx_commit']}: a power cut there loses messages that "
            "were acknowledged",
            "set innodb_flush_log_at_trx_commit = 1 (etc/mysql/chatserver.cnf)",
        ),
    )
    if int(found["sync_binlog"]) >= 100 and found["sync_binlog"] != "101":
        yield warning(
            "sync_binlog is not 1: after a power cut the binary log may lack transactions",
            "set sync_binlog = 1 (etc/mysql/chatserver.cnf)",
        )
    needed = _CONNECTIONS * number_of_workers(settings)
    yield either(
        int(found["max_connections"]) >= needed + 10,
        f"it takes {found['max_connections']} connections; this host needs {needed}",
        warning(
            f"it takes {found['max_connections']} connections; this host alone needs {needed}",
            "raise max_connections (etc/mysql/chatserver.cnf)",
        ),
    )
    packet = max(_STATEMENT, settings.max_text * 8) + 2**16
    if int(found["max_allowed_packet"]) < packet:
        yield problem(
            f"max_allowed_packet is {found['max_allowed_packet']}; statements have up to {packet} "
            "bytes",
            "set max_allowed_packet = 16M",
        )
    if int(found["wait_timeout"]) < 10:
        yield warning(
            f"wait_timeout is {found['wait_timeout']} s: connections have to be made again and "
            "again",
            "set wait_timeout = 600",
        )
    yield clock("the database", skew)


def texts(settings: Settings) -> Iterable[Finding]:
    """Whether MySQL keeps texts as they are."""
    engine = engine_of(settings.database)
    if isinstance(engine, SQLite):
        return
    with DirectDatabase(engine) as database:
        try:
            at_once(database.read(check_texts, engine.name))
        except DatabaseUnusable as trouble:
            what, _, todo = str(trouble).partition("; ")
            yield problem(what, todo or "see the sentence before")
        else:
            yield ok("texts are kept as they are (utf8mb4, compared by code point)")


def rights(settings: Settings) -> Iterable[Finding]:
    """What the user of the database may do."""
    engine = engine_of(settings.database)
    lacking = []
    if isinstance(engine, SQLite) or not engine.look().found:
        return
    with DirectDatabase(engine) as database:
        for right in RIGHTS:
            try:
                at_once(database.read(check_right, right))
            except Exception as trouble:
                if "denied" not in str(trouble):
                    raise
                lacking.append(right)
    yield either(
        not lacking,
        f"its user may {', '.join(RIGHTS)}",
        problem(
            f"its user may not {', '.join(lacking)}",
            "grant SELECT, INSERT, UPDATE and DELETE on the database (etc/mysql/grants.sql)",
        ),
    )


def clock(whose: str, skew: float) -> Finding:
    """Whether another clock agrees with this machine's."""
    if abs(skew) <= _SKEW:
        return ok(f"the clock of {whose} agrees with this machine's")
    direction = "ahead of" if skew > 0 else "behind"
    kind = problem if abs(skew) > _BAD_SKEW else warning
    return kind(
        f"the clock of {whose} is {abs(skew):.0f} s {direction} this machine's: the times of "
        "messages and the ends of tokens differ between nodes",
        "let NTP set the clocks of all hosts (chrony or systemd-timesyncd)",
    )


def _file_system(path: Path) -> str:
    """The kind of file system that a file is on, "" where that can't be told."""
    best, kind = "", ""
    with suppress(OSError):
        for line in Path("/proc/mounts").read_text().splitlines():
            _, mounted, found, *_ = line.split(" ")
            mounted = mounted.encode().decode("unicode_escape")
            if path.resolve().is_relative_to(mounted) and len(mounted) >= len(best):
                best, kind = mounted, found
    return kind
