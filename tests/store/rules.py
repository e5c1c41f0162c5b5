"""What keeps the SQL fit for a database that is partitioned by conversation, as functions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tests.store.statements import Statement

#: Statements on messages that name no conversation, with the reason.
EXCEPTIONS = {
    "SELECT sender, cid, conversation, seq, sent, body FROM messages "
    "WHERE (sender = ? AND cid = ?)": (
        "the question whether cids were used before: a unique key, asked for repeats only"
    ),
    "SELECT sender, cid, conversation, seq FROM messages WHERE (sender = ? AND cid = ?)": (
        "the same, asked by an import"
    ),
}

_KEYWORD = r"(?:WHERE|JOIN|LEFT|ON|ORDER|GROUP|LIMIT|SET)\b"
_MENTION = re.compile(rf"\b(?:FROM|JOIN|UPDATE)\s+messages\b(?:\s+(?!{_KEYWORD})(\w+))?")
_INSERT = re.compile(r"\bINTO messages\s*\(([^)]*)\)")
_ROWS = re.compile(_INSERT.pattern + r" VALUES (.*)", re.DOTALL)
_MANY = re.compile(r"\bconversation\s+IN\b")
_LOCK = re.compile(r"SELECT id FROM conversations WHERE id IN \([?, ]+\) ORDER BY id FOR UPDATE")


def names_its_conversation(sql: str) -> bool:
    """Whether each mention of messages is bound to a conversation by equality or a list."""
    for mention in _MENTION.finditer(sql):
        column = rf"{mention[1]}\.conversation" if mention[1] else r"(?<![\w.])conversation"
        if not re.search(rf"\b{column}\s*(?:=|IN\b)", sql[mention.end() :]):
            return False
    for insert in _INSERT.finditer(sql):
        if not {"conversation", "seq"} <= set(re.split(r"\W+", insert[1])):
            return False
    return not re.search(r"\bmessages\b", sql) or bool(_MENTION.search(sql) or _INSERT.search(sql))


def mixes_conversations(sql: str) -> bool:
    """Whether messages of several conversations are ordered, counted or cut off together."""
    if not _MENTION.search(sql) or not _MANY.search(sql):
        return False
    is_grouped = re.search(r"\bGROUP BY conversation\b", sql)
    return not is_grouped or bool(re.search(r"\b(?:ORDER BY|LIMIT)\b", sql))


def appends(transaction: Sequence[Statement]) -> bool:
    """Whether a transaction writes messages."""
    return any(_INSERT.search(statement.sql) for statement in transaction)


def locks_in_order(transaction: Sequence[Statement]) -> bool:
    """Whether a transaction that appends has locked its conversations by then, by rising ids.

    Those that it has made itself are locked by that.
    """
    locked: set[object] = set()
    made = 0
    unlocked: set[object] = set()
    for sql, values, _ in transaction:
        if _LOCK.fullmatch(sql):
            if list(values) != sorted(values):
                return False
            locked.update(values)
        elif sql.startswith("INSERT INTO conversations"):
            made += 1
        elif _INSERT.search(sql):
            unlocked.update(_written(sql, values) - locked)
    return len(unlocked) <= made


def _written(sql: str, values: Sequence[object]) -> set[object]:
    """The conversations of the messages that a statement inserts, from values or text."""
    insert = _ROWS.search(sql)
    assert insert
    columns, rows = insert.groups()
    if not values:
        return set(map(int, re.findall(r"\((\d+),", rows)))
    return set(values[:: columns.count(",") + 1])
