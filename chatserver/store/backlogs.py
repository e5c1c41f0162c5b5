"""Messages that devices have missed, read in pages across their conversations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from chatserver.clock import Clock
from chatserver.store.chunks import chunks, padded
from chatserver.store.conversations import Conversations, Membership, select_memberships
from chatserver.store.cursors import Standing
from chatserver.store.database import Database
from chatserver.store.engine import Cursor
from chatserver.store.gathered import GatheredReads
from chatserver.store.messages import Message, message_of, short_body

_PAGES_AT_ONCE = 50  # in one read
_SPANS = 100  # conversations in one statement
_BYTES = 2**18  # of text in a page
_SPANS_AT_ONCE = 128  # of several devices, in one statement
_FEW = 32  # messages that are read at once with the rest that a login needs

_IN_SPAN = "WHERE m.conversation = ? AND m.seq > ? AND m.seq <= ?"
_MESSAGES = (
    "m.conversation, m.seq, m.sender, a.name, m.device, m.sent, m.cid, {body} "
    f"FROM messages m JOIN accounts a ON a.id = m.sender {_IN_SPAN}"
)


class Span(NamedTuple):
    """Messages of a conversation: all in (floor, last]."""

    conversation: int
    floor: int
    last: int


class Missed(NamedTuple):
    """A message that a member of its conversation has missed."""

    membership: Membership
    message: Message


class _Wish(NamedTuple):
    """The first messages of some spans for an account, and whose memberships have to be read."""

    account: int
    spans: list[Span]
    unknown: list[int]


class _Read(NamedTuple):
    messages: list[tuple[int, Message]]
    memberships: list[Membership]


class Backlogs:
    """Reads what was missed, for many devices together."""

    def __init__(self, database: Database, conversations: Conversations, clock: Clock) -> None:
        self._database = database
        self._conversations = conversations
        self._pages: GatheredReads[_Wish, _Read] = GatheredReads(clock, self._read, _PAGES_AT_ONCE)

    async def page(self, account: int, spans: Iterable[Span], limit: int) -> list[Missed]:
        """The first messages of an account's conversations, each conversation's by seq.

        They come in the order of the spans: ``limit`` of them, or fewer long ones.
        """
        memberships: dict[int, Membership] = {}
        unknown = []
        first = list(_first(spans, limit))
        if not first:
            return []
        for conversation, _, _ in first:
            membership = self._conversations.cached_membership(account, conversation)
            if membership is None:
                unknown.append(conversation)
            else:
                memberships[conversation] = membership
        messages, found = await self._pages.ask(_Wish(account, first, unknown))
        for membership in found:
            memberships[membership.conversation] = membership
            self._conversations.remember_membership(account, membership)
        return [Missed(memberships[conversation], message) for conversation, message in messages]

    async def _read(self, wishes: list[_Wish]) -> list[_Read]:
        return await self._database.read(_select_pages, self._database.body_size, wishes)


class _Few(NamedTuple):
    """A span of a guest who has missed little, and the bytes that one of its texts may have."""

    guest: int
    span: Span
    most: int


def select_few(
    cursor: Cursor, body_size: str, standings: Sequence[Standing]
) -> list[list[tuple[int, Message]]]:
    """What each of some devices has missed, with the conversations, where it is not much."""
    wishes = [few for at, standing in enumerate(standings) for few in _few_of(at, standing)]
    found: list[list[tuple[int, Message]]] = [[] for _ in standings]
    too_long: set[int] = set()
    for chunk in chunks(wishes, _SPANS_AT_ONCE):
        among = padded(chunk)
        part = f"SELECT ?, {_MESSAGES.format(body=short_body(body_size))}"
        values = [value for at, few in enumerate(among) for value in (at, few.most, *few.span)]
        cursor.execute(" UNION ALL ".join([part] * len(among)), values)
        for at, *row in sorted(cursor.fetchall(), key=lambda row: (row[0], row[2])):
            if at < len(chunk):
                guest = chunk[at].guest
                if row[-1] is None:
                    too_long.add(guest)
                found[guest].append((row[0], message_of(row[1:])))
    return [[] if guest in too_long else some for guest, some in enumerate(found)]


def _few_of(guest: int, standing: Standing) -> Iterator[_Few]:
    """What a device has missed; nothing, if it is much."""
    spans = [Span(one.conversation, one.floor, one.last) for one in standing.backlogs if one.missed]
    count = sum(last - floor for _, floor, last in spans)
    if count <= _FEW:
        for span in spans:
            yield _Few(guest, span, _BYTES // count)


def _first(spans: Iterable[Span], limit: int) -> Iterator[Span]:
    """The beginning of the spans that has up to ``limit`` messages, as there are no holes."""
    for conversation, floor, last in islice(spans, _SPANS):
        end = min(last, floor + limit)
        if end > floor:
            yield Span(conversation, floor, end)
        limit -= end - floor


def _select_pages(cursor: Cursor, body_size: str, wishes: Sequence[_Wish]) -> list[_Read]:
    return [
        _Read(
            _select_page(cursor, body_size, spans),
            select_memberships(cursor, account, unknown) if unknown else [],
        )
        for account, spans, unknown in wishes
    ]


def _select_page(
    cursor: Cursor, body_size: str, spans: Sequence[Span]
) -> list[tuple[int, Message]]:
    """The messages of spans, or the first of them where all are too many bytes.

    They come with their conversations, in the order of the spans.
    """
    count = sum(last - floor for _, floor, last in spans)
    values = [value for span in spans for value in (_BYTES // count, *span)]
    rows = _select(cursor, short_body(body_size), spans, values)
    if any(row[-1] is None for row in rows):  # long ones: they may be too much together
        spans = _fitting(cursor, body_size, spans)
        rows = _select(cursor, "m.body", spans, list(chain.from_iterable(spans)))
    return [(row[0], message_of(row[1:])) for row in rows]


def _select(
    cursor: Cursor, body: str, spans: Sequence[Span], values: Sequence[int]
) -> list[Sequence[Any]]:
    """The rows of all messages of spans, in the order of these."""
    part = f"SELECT {_MESSAGES.format(body=body)}"
    cursor.execute(" UNION ALL ".join([part] * len(spans)), values)
    place = {span.conversation: at for at, span in enumerate(spans)}
    return sorted(cursor.fetchall(), key=lambda row: (place[row[0]], row[1]))


def _fitting(cursor: Cursor, body_size: str, spans: Sequence[Span]) -> list[Span]:
    """The beginning of the spans that has not too many bytes, though one message at least."""
    cursor.execute(
        " UNION ALL ".join(
            [f"SELECT m.conversation, m.seq, {body_size} FROM messages m {_IN_SPAN}"] * len(spans)
        ),
        list(chain.from_iterable(spans)),
    )
    place = {span.conversation: at for at, span in enumerate(spans)}
    sizes = sorted(
        (place[conversation], seq, size) for conversation, seq, size in cursor.fetchall()
    )
    lasts: dict[int, int] = {}
    total = 0
    for at, seq, size in sizes:
        total += size
        if lasts and total > _BYTES:
            break
        lasts[at] = seq
    return [spans[at]._replace(last=last) for at, last in lasts.items()]
