"""What comes from another chat's database, written into this one; each step may be repeated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from chatserver.store.chunks import chunks, marks
from chatserver.store.conversations import insert_pairs, select_pairs
from chatserver.store.database import Database
from chatserver.store.devices import UNNAMED, create_device
from chatserver.store.engine import Cursor, Row
from chatserver.store.messages import Lock, Pair, select_last_seq, select_last_seqs, server_cid
from chatserver.wire.fields import MAX_NAME

_KEYS = 200  # in one statement, which must not be nested too deeply for SQLite
ACCOUNT, GROUP = "account", "group"
_TABLES = {ACCOUNT: "accounts", GROUP: "chat_groups"}


class Newcomer(NamedTuple):
    """An account or a group that wants to come.

    :param old: its id in the other chat.
    :param old_name: its name there; ``name`` is the one that it shall have here.
    :param detail: the account's password hash, or the group's description.
    :param keeps_id: whether it shall have the old id, or any.
    """

    old: int
    old_name: str
    name: str
    detail: str
    keeps_id: bool


class Arrival(NamedTuple):
    """An account or a group that has come: its old id, and its id and name here."""

    old: int
    id: int
    name: str


class Relic(NamedTuple):
    """A message of another chat, to a ``conversation`` here or to a pair of accounts."""

    sender: int
    cid: str
    sent: int
    text: str
    place: int | Pair


class Known(NamedTuple):
    """What came before: its id here, and the name that it had in the other chat."""

    id: int
    old_name: str


def select_known(cursor: Cursor, source: str, kind: str, olds: Sequence[int]) -> dict[int, Known]:
    """Those of the old ids that have come already."""
    found: dict[int, Known] = {}
    for chunk in chunks(olds):
        cursor.execute(
            "SELECT old, id, name FROM imported WHERE source = ? AND kind = ? "
            f"AND old IN ({marks(chunk)})",
            (source, kind, *chunk),
        )
        found |= {old: Known(id, name) for old, id, name in cursor.fetchall()}
    return found


def insert_newcomers(
    cursor: Cursor, source: str, kind: str, newcomers: Sequence[Newcomer], now: int, dry: bool
) -> list[Arrival]:
    """Let those come whose id is free, or who take any.

    A name that is taken gets the old id behind it. With ``dry`` nothing is written, and who takes
    any id gets 0.
    """
    table = _TABLES[kind]
    taken_ids = _taken(cursor, f"id FROM {table} WHERE id", [one.old for one in newcomers])
    names = [one.name for one in newcomers]
    names += [_told_apart(one.name, one.old) for one in newcomers]
    taken_names = _taken(cursor, f"name FROM {table} WHERE name", names)
    arrivals = []
    for one in newcomers:
        if one.keeps_id and one.old in taken_ids:
            continue
        name, old, times = one.name, one.old, 1
        while name in taken_names or (times > 2 and _is_taken(cursor, table, name)):
            name = _told_apart(one.name, old, times)
            times += 1
        taken_names.add(name)
        id = 0 if dry and not one.keeps_id else one.old
        if not dry:
            id = _insert_one(cursor, kind, one, name, now)
            cursor.execute(
                "INSERT INTO imported (source, kind, old, name, id) VALUES (?, ?, ?, ?, ?)",
                (source, kind, old, one.old_name, id),
            )
        arrivals.append(Arrival(old, id, name))
    return arrivals


def _insert_one(cursor: Cursor, kind: str, one: Newcomer, name: str, now: int) -> int:
    ids = (one.old,) if one.keeps_id else ()
    id_column = "id, " if one.keeps_id else ""
    if kind == ACCOUNT:
        columns, values = "name, password_hash, created", (name, one.detail, now)
    else:
        cursor.execute("INSERT INTO conversations (low, high) VALUES (NULL, NULL)")
        assert cursor.lastrowid is not None
        columns, values = "name, description, conversation", (name, one.detail, cursor.lastrowid)
    cursor.execute(
        f"INSERT INTO {_TABLES[kind]} ({id_column}{columns}) VALUES ({marks((*ids, *values))})",
        (*ids, *values),
    )
    if one.keeps_id:
        return one.old
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _told_apart(name: str, old: int, times: int = 1) -> str:
    ending = f" ({old})" if times == 1 else f" ({old}-{times})"
    return name[: MAX_NAME - len(ending)].rstrip() + ending


def _is_taken(cursor: Cursor, table: str, name: str) -> bool:
    return bool(_taken(cursor, f"name FROM {table} WHERE name", [name]))


def _taken(cursor: Cursor, column: str, values: Sequence[object]) -> set[object]:
    found: set[object] = set()
    for chunk in chunks(values):
        cursor.execute(f"SELECT {column} IN ({marks(chunk)})", chunk)
        found.update(value for (value,) in cursor.fetchall())
    return found


def select_group_conversations(cursor: Cursor, groups: Sequence[int]) -> dict[int, int]:
    """The conversations of groups."""
    found: dict[int, int] = {}
    for chunk in chunks(groups):
        cursor.execute(
            f"SELECT id, conversation FROM chat_groups WHERE id IN ({marks(chunk)})", chunk
        )
        found |= dict(cursor.fetchall())
    return found


def insert_friends(cursor: Cursor, pairs: Collection[tuple[int, int]], dry: bool) -> int:
    """Put users on lists where they are not yet; how many that were."""
    new = dict.fromkeys(pairs)
    for chunk in chunks(sorted({account for account, _ in pairs})):
        cursor.execute(
            f"SELECT account, friend FROM friends WHERE account IN ({marks(chunk)})", chunk
        )
        for account, friend in cursor.fetchall():
            new.pop((account, friend), None)
    if new and not dry:
        cursor.executemany("INSERT INTO friends (account, friend) VALUES (?, ?)", list(new))
    return len(new)


def insert_members(
    cursor: Cursor,
    lock: Lock,
    conversation: int,
    members: Mapping[int, tuple[str, int | None]],
    dry: bool,
) -> int:
    """Make accounts members with a role, where they are none yet; how many that were.

    :param members: the role of each, and the seq behind which messages are theirs; None for the
        last.
    """
    lock(cursor, [conversation])
    cursor.execute("SELECT account FROM members WHERE conversation = ?", (conversation,))
    here = {account for (account,) in cursor.fetchall()}
    last = select_last_seq(cursor, conversation)
    new = [
        (account, conversation, last if joined is None else joined, role)
        for account, (role, joined) in members.items()
        if account not in here
    ]
    if new and not dry:
        cursor.executemany(
            "INSERT INTO members (account, conversation, joined, role) VALUES (?, ?, ?, ?)", new
        )
    return len(new)


def insert_relics(
    cursor: Cursor, database: Database, relics: Sequence[Relic]
) -> list[tuple[int, int, bool]]:
    """Write messages behind what there is, but for those that are there already.

    Returns for each its conversation, its seq, and whether it is new. They count as sent from the
    unnamed device of their senders, as all that C++ clients send.
    """
    stored = _select_stored(cursor, relics)
    unique = {(relic.sender, relic.cid): relic for relic in reversed(relics)}
    new = [relic for key, relic in reversed(unique.items()) if key not in stored]
    pairs = {relic.place for relic in new if isinstance(relic.place, tuple)}
    found = select_pairs(cursor, pairs)
    found |= insert_pairs(cursor, sorted(pairs - found.keys()))
    places = {_conversation(relic, found) for relic in new}
    last_seqs = database.lock(cursor, places)
    for chunk in chunks(sorted(places - last_seqs.keys())):
        last_seqs |= select_last_seqs(cursor, chunk)
    devices = _unnamed_devices(cursor, sorted({relic.sender for relic in new}))
    rows: list[Row] = []
    for relic in new:
        conversation = _conversation(relic, found)
        last_seqs[conversation] = seq = last_seqs[conversation] + 1
        device, cid = devices[relic.sender], server_cid(relic.cid)
        rows.append((conversation, seq, relic.sender, device, relic.sent, cid, relic.text))
        stored[relic.sender, relic.cid] = (conversation, seq, True)
    database.insert_messages(cursor, rows)
    return [stored[relic.sender, relic.cid] for relic in relics]


def _conversation(relic: Relic, pairs: Mapping[Pair, int]) -> int:
    return pairs[relic.place] if isinstance(relic.place, tuple) else relic.place


def _select_stored(
    cursor: Cursor, relics: Sequence[Relic]
) -> dict[tuple[int, str], tuple[int, int, bool]]:
    stored = {}
    for chunk in chunks(relics, _KEYS):
        wanted = " OR ".join(["(sender = ? AND cid = ?)"] * len(chunk))
        keys = [(relic.sender, server_cid(relic.cid)) for relic in chunk]
        cursor.execute(
            f"SELECT sender, cid, conversation, seq FROM messages WHERE {wanted}",
            list(chain.from_iterable(keys)),
        )
        for sender, cid, conversation, seq in cursor.fetchall():
            stored[sender, cid.removeprefix(server_cid(""))] = (conversation, seq, False)
    return stored


def _unnamed_devices(cursor: Cursor, accounts: Sequence[int]) -> dict[int, int]:
    """The unnamed device of each account, made where it is missing."""
    found = dict(_select_unnamed(cursor, accounts))
    for account in accounts:
        if account not in found:
            found[account] = create_device(cursor, account, UNNAMED)
    return found


def _select_unnamed(cursor: Cursor, accounts: Sequence[int]) -> Iterator[tuple[int, int]]:
    for chunk in chunks(accounts):
        cursor.execute(
            f"SELECT account, id FROM devices WHERE name = ? AND account IN ({marks(chunk)})",
            (UNNAMED, *chunk),
        )
        yield from cursor.fetchall()
