"""Messages as the log keeps them, and the statements that write and read them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence, Set
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from chatserver.errors import Conflict
from chatserver.store.chunks import chunks, marks, padded
from chatserver.store.conversations import insert_pairs, select_pairs
from chatserver.store.database import Database
from chatserver.store.engine import Cursor, Row

_KEYS = 200  # in one statement, which must not be nested too deeply for SQLite


class Draft(msgspec.Struct):
    """A message on its way into the log; a subclass says what follows.

    Its place is a ``conversation``, or a ``pair`` of users whose conversation is not known.
    """

    sender: int
    device: int
    text: str
    cid: str
    conversation: int | None = None
    pair: tuple[int, int] | None = None

    def settled(self, outcome: Stored | Exception) -> None:
        """Called once, after the commit: where it stands, or why it is not in the log.

        The exception is :class:`Conflict`, or :class:`TryAgain` where the database can't be
        reached or doesn't take the message.
        """
        raise NotImplementedError


class Stored(msgspec.Struct, frozen=True, gc=False):
    """Where a draft stands in the log; ``sent`` in milliseconds since the epoch.

    ``is_repeat``: it stood there before, under the same cid.
    """

    conversation: int
    seq: int
    sent: int
    is_repeat: bool = False


class _Earlier(NamedTuple):
    """A message that was in the log before."""

    conversation: int
    seq: int
    sent: int
    text: str


class Message(NamedTuple):
    """A message read back; ``sent`` in milliseconds since the epoch."""

    seq: int
    sender: int
    name: str
    device: int
    sent: int
    cid: str | None
    text: str


class Page(NamedTuple):
    """Messages of a conversation, oldest first; ``more``: the range holds more of them."""

    messages: list[Message]
    more: bool


class Batch(NamedTuple):
    """What became of the drafts of one transaction, in their order."""

    outcomes: list[Stored | Conflict]
    last_seqs: dict[int, int]
    pairs: dict[tuple[int, int], int]


def client_cid(cid: str) -> str:
    """A client's cid as stored."""
    return "=" + cid


def server_cid(cid: str) -> str:
    """A cid that the server made, as stored: no client can send it."""
    return "#" + cid


LastSeq = Callable[[int], int | None]
#: Keeps other writers out of conversations; returns the last seq where it may have changed.
Lock = Callable[[Cursor, Collection[int]], dict[int, int]]
Pair = tuple[int, int]


def insert(
    cursor: Cursor, database: Database, drafts: Sequence[Draft], now: int, last_seq: LastSeq
) -> Batch:
    """Write drafts, trusting that no cid was used before and that ``last_seq`` is right.

    Where either is wrong, the database's unique keys refuse the whole batch.
    """
    pairs = _find_or_make(cursor, {_pair(draft) for draft in drafts if draft.conversation is None})
    places = [draft.conversation or pairs[_pair(draft)] for draft in drafts]
    last_seqs = _lock(cursor, database, set(places), last_seq)
    rows: list[Row] = []
    outcomes: list[Stored | Conflict] = []
    for draft, conversation in zip(drafts, places, strict=True):
        last_seqs[conversation] = seq = last_seqs[conversation] + 1
        rows.append((conversation, seq, draft.sender, draft.device, now, draft.cid, draft.text))
        outcomes.append(Stored(conversation, seq, now))
    database.insert_messages(cursor, rows)
    return Batch(outcomes, last_seqs, pairs)


def _lock(
    cursor: Cursor, database: Database, conversations: Set[int], last_seq: LastSeq
) -> dict[int, int]:
    """The last seqs of conversations, which stay so until the transaction ends."""
    last_seqs = database.lock(cursor, conversations)
    unknown = []
    for conversation in conversations - last_seqs.keys():
        last = last_seq(conversation)
        if last is None:
            unknown.append(conversation)
        else:
            last_seqs[conversation] = last
    for chunk in chunks(unknown):
        last_seqs |= select_last_seqs(cursor, chunk)
    return last_seqs


def insert_carefully(
    cursor: Cursor, database: Database, drafts: Sequence[Draft], now: int
) -> Batch:
    """Write those drafts that are not in the log already, trusting only the database."""
    stored = _select_stored(cursor, drafts)
    pairs = select_pairs(cursor, {_pair(draft) for draft in drafts if draft.conversation is None})
    new = [draft for draft in drafts if _key(draft) not in stored]
    pairs |= _find_or_make(cursor, {_pair(draft) for draft in new if draft.conversation is None})
    places = {draft.conversation or pairs[_pair(draft)] for draft in new}
    last_seqs = _lock(cursor, database, places, lambda _: None)
    rows: list[Row] = []
    outcomes: list[Stored | Conflict] = []
    for draft in drafts:
        conversation = draft.conversation or pairs.get(_pair(draft))
        earlier = stored.get(_key(draft))
        if earlier is None:
            assert conversation is not None
            last_seqs[conversation] = seq = last_seqs[conversation] + 1
            rows.append((conversation, seq, draft.sender, draft.device, now, draft.cid, draft.text))
            outcomes.append(Stored(conversation, seq, now))
            stored[_key(draft)] = _Earlier(conversation, seq, now, draft.text)
        elif (earlier.conversation, earlier.text) == (conversation, draft.text):
            outcomes.append(Stored(earlier.conversation, earlier.seq, earlier.sent, True))
        else:
            outcomes.append(Conflict())
    database.insert_messages(cursor, rows)
    return Batch(outcomes, last_seqs, pairs)


def _find_or_make(cursor: Cursor, pairs: Set[Pair]) -> dict[Pair, int]:
    """The pairs' conversations.

    New ones are made in the order of the pairs: two nodes that make the same ones at once don't
    end in a deadlock.
    """
    found = select_pairs(cursor, pairs)
    return found | insert_pairs(cursor, sorted(pairs - found.keys()))


def _pair(draft: Draft) -> Pair:
    assert draft.pair is not None
    return draft.pair


def _key(draft: Draft) -> tuple[int, str]:
    """No two messages have the same."""
    return draft.sender, draft.cid


def select_last_seq(cursor: Cursor, conversation: int) -> int:
    """The last seq of a conversation, inside a transaction; 0 where it is empty."""
    cursor.execute(
        "SELECT COALESCE(MAX(seq), 0) FROM messages WHERE conversation = ?", (conversation,)
    )
    return int(cursor.fetchone()[0])


def select_last_seqs(cursor: Cursor, conversations: Collection[int]) -> dict[int, int]:
    """The last seqs of conversations, 0 where one is empty."""
    among = padded(conversations)
    cursor.execute(
        f"SELECT c.id, {last_seq_of('c.id')} FROM conversations c WHERE c.id IN ({marks(among)})",
        among,
    )
    return dict(cursor.fetchall())


def last_seq_of(conversation: str) -> str:
    """SQL for the last seq of a conversation of an outer row; 0 where it is empty.

    It is one look at the index, where MariaDB would read all of the conversation for MAX(seq).
    """
    return (
        f"COALESCE((SELECT seq FROM messages WHERE conversation = {conversation} "
        "ORDER BY seq DESC LIMIT 1), 0)"
    )


def _select_stored(cursor: Cursor, drafts: Sequence[Draft]) -> dict[tuple[int, str], _Earlier]:
    """The messages in the log that have the keys of drafts."""
    stored: dict[tuple[int, str], _Earlier] = {}
    for chunk in chunks({_key(draft) for draft in drafts}, _KEYS):
        wanted = " OR ".join(["(sender = ? AND cid = ?)"] * len(chunk))
        cursor.execute(
            f"SELECT sender, cid, conversation, seq, sent, body FROM messages WHERE {wanted}",
            list(chain.from_iterable(chunk)),
        )
        stored |= {(sender, cid): _Earlier(*row) for sender, cid, *row in cursor.fetchall()}
    return stored


_COLUMNS = "m.seq, m.sender, a.name, m.device, m.sent, m.cid, m.body"
_BETWEEN = (
    "FROM messages m JOIN accounts a ON a.id = m.sender "
    "WHERE m.conversation = ? AND m.seq > ? AND m.seq < ? ORDER BY m.seq"
)


def select_page(
    cursor: Cursor,
    body_size: str,
    conversation: int,
    after: int,
    before: int,
    limit: int,
    most: int,
    *,
    newest: bool,
) -> Page:
    """The oldest or the newest messages between two seqs (both exclusive).

    :param body_size: SQL for the bytes of ``m.body``.
    :param limit: the most messages.
    :param most: the most bytes of their texts, though one message is always taken.
    """
    columns = _COLUMNS.replace("m.body", short_body(body_size))
    direction = "DESC" if newest else ""
    cursor.execute(
        f"SELECT {columns}, {body_size} {_BETWEEN} {direction} LIMIT ?",
        (most // (limit + 1), conversation, after, before, limit + 1),
    )
    found = cursor.fetchall()
    rows: list[Any] = [row for *row, _ in found[:limit]]
    if any(text is None for *_, text in rows):  # long ones: they may be too much together
        seqs = _fitting([(row[0], row[-1]) for row in found[:limit]], most)
        bounds = (conversation, min(seqs) - 1, max(seqs) + 1)
        cursor.execute(f"SELECT {_COLUMNS} {_BETWEEN}", bounds)
        rows = list(cursor.fetchall())
    elif newest:
        rows.reverse()
    return Page([message_of(row) for row in rows], len(found) > len(rows))


def _fitting(found: Sequence[tuple[int, int]], most: int) -> list[int]:
    """The first seqs of (seq, size) whose sizes make ``most`` together, but one at least."""
    seqs: list[int] = []
    total = 0
    for seq, size in found:
        total += size
        if seqs and total > most:
            break
        seqs.append(seq)
    return seqs


def short_body(body_size: str) -> str:
    """SQL for ``m.body``, or for NULL where it has more bytes than its one parameter says."""
    return f"CASE WHEN {body_size} <= ? THEN m.body END"


def message_of(row: Sequence[Any]) -> Message:
    """The message in a row: seq, sender, the sender's name, device, sent, cid and body."""
    seq, sender, name, device, sent, cid, text = row
    return Message(seq, sender, name, device, sent, cid[1:] if cid.startswith("=") else None, text)
