"""Accounts, put into a database as they would be after a life in the chat, but quickly."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

_DAY = 86_400_000  # milliseconds
_GROUPS = 1_000_000  # ids of groups, and of their conversations, begin here
_PAIRS = 2_000_000  # ids of conversations of two

Table = tuple[str, Sequence[tuple[Any, ...]]]
Pair = tuple[int, int, int]  # the conversation, and the two


@dataclass(frozen=True)
class Crowd:
    """Accounts with neighbouring ids, each with one device and its token.

    :param friends: how many of the next accounts are on each one's list.
    :param group: so many neighbours share a group; 0: there are none.
    :param pending: messages that wait for each, from the next account.
    :param writers: the first so many have a conversation with each of those behind them.
    """

    first: int
    count: int
    friends: int = 0
    group: int = 0
    pending: int = 0
    writers: int = 0

    @property
    def ids(self) -> range:
        return range(self.first, self.first + self.count)

    def group_of(self, account: int) -> int:
        """The group that an account is in."""
        return _GROUPS + self.first + (account - self.first) // self.group

    def write(self, file: Path) -> Path:
        """List the accounts and their tokens for the generator."""
        file.write_text("".join(f"{id} {token_of(id)}\n" for id in self.ids))
        return file

    def tables(self) -> Iterator[Table]:
        """Statements, and the rows that each inserts."""
        now = int(time.time() * 1000)
        yield (
            "INSERT INTO accounts (id, name, password_hash, created) VALUES (?, ?, '', 0)",
            [(id, f"user {id}") for id in self.ids],
        )
        yield (
            "INSERT INTO devices (id, account, name) VALUES (?, ?, 'bench')",
            [(id, id) for id in self.ids],
        )
        yield (
            "INSERT INTO tokens (hash, device, expires) VALUES (?, ?, ?)",
            [(hashlib.sha256(token_of(id).encode()).digest(), id, now + _DAY) for id in self.ids],
        )
        yield (
            "INSERT INTO friends (account, friend) VALUES (?, ?)",
            [(id, self._next(id, step)) for id in self.ids for step in range(1, self.friends + 1)],
        )
        if self.group:
            yield from self._groups()
        if self.pending:
            pairs = [(_PAIRS + id, id, id + 1) for id in self.ids[:-1]]
            yield from _conversations(pairs)
            yield self._messages(pairs, now)
        if self.writers:
            both = product(self.ids[: self.writers], self.ids[self.writers :])
            yield from _conversations([(_PAIRS + at, *pair) for at, pair in enumerate(both)])

    def _groups(self) -> Iterator[Table]:
        groups = sorted({self.group_of(id) for id in self.ids})
        yield "INSERT INTO conversations (id) VALUES (?)", [(group,) for group in groups]
        yield (
            "INSERT INTO chat_groups (id, name, description, conversation) VALUES (?, ?, '', ?)",
            [(group, f"group {group}", group) for group in groups],
        )
        yield _members([(id, self.group_of(id)) for id in self.ids])

    def _messages(self, pairs: list[Pair], now: int) -> Table:
        return (
            "INSERT INTO messages (conversation, seq, sender, device, sent, cid, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (pair, seq, sender, sender, now, f"#bench.{seq}", "x" * 100)
                for pair, _, sender in pairs
                for seq in range(1, self.pending + 1)
            ],
        )

    def _next(self, id: int, step: int) -> int:
        return self.first + (id - self.first + step) % self.count


def token_of(account: int) -> str:
    """The token of an account's device; a relay reads the number."""
    return str(account)


def _conversations(pairs: list[Pair]) -> Iterator[Table]:
    yield "INSERT INTO conversations (id, low, high) VALUES (?, ?, ?)", pairs
    yield _members([(id, pair) for pair, *both in pairs for id in both])


def _members(rows: list[tuple[int, int]]) -> Table:
    statement = (
        "INSERT INTO members (account, conversation, joined, role) VALUES (?, ?, 0, 'normal')"
    )
    return statement, rows
