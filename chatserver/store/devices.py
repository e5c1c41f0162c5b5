"""The devices of accounts, and the tokens that log them in again."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred

from chatserver.clock import Clock
from chatserver.errors import Refused
from chatserver.store.accounts import Account
from chatserver.store.chunks import marks, padded
from chatserver.store.database import Database
from chatserver.store.engine import Cursor
from chatserver.store.errors import RowRefused
from chatserver.store.gathered import GatheredReads
from chatserver.store.group_commit import AwaitedCommit
from chatserver.store.messages import last_seq_of
from chatserver.store.ties import Ties, select_ties

UNNAMED = ""
# A device that keeps logging in by password keeps its newest tokens.
_TOKENS_KEPT = 16
# Tokens in one statement.
_RENEWED_AT_ONCE = 100
_READ_AT_ONCE = 100


class Entry(NamedTuple):
    """A device that may come in. ``expires`` in milliseconds since the epoch."""

    device: int
    token: str
    expires: int


class Renewal(NamedTuple):
    """Until when a token is to be valid, in milliseconds since the epoch."""

    token_hash: bytes
    expires: int


class TokenOwner(NamedTuple):
    """Whom a token belongs to, and whom that account has to do with."""

    account: Account
    device: int
    device_name: str
    ties: Ties


class _Shown(NamedTuple):
    """A token that is shown at a time, in milliseconds since the epoch."""

    token_hash: bytes
    now: int


class Devices:
    """Knows the devices of accounts; stores tokens only hashed.

    :param token_days: how long a token is valid after its last use.
    """

    def __init__(self, database: Database, token_days: float, clock: Clock) -> None:
        self._database = database
        self._lifetime = int(token_days * 86_400_000)
        self._shown: GatheredReads[_Shown, TokenOwner | None] = GatheredReads(
            clock, self._read_owners, _READ_AT_ONCE
        )
        #: The tokens whose time is being prolonged: of all who come back together in one
        #: transaction.
        self.renewals: AwaitedCommit[Renewal, int | None] = AwaitedCommit(
            clock, self._commit_renewals, _RENEWED_AT_ONCE
        )

    async def is_known(self, account: int, name: str) -> bool:
        """Whether the account has been seen with this device."""
        return await self._database.read(_find, account, name) is not None

    async def enter(self, account: int, name: str, now: int) -> Entry:
        """Let a device in that showed a password, with a new token.

        A new device begins with what no device of the account has received or sent.
        """
        token = secrets.token_urlsafe(32)
        expires = now + self._lifetime
        values = (account, name, _hash(token), now, expires)
        try:
            device = await self._database.write(_enter, *values)
        except RowRefused:  # another node has just made the device
            device = await self._database.write(_enter, *values)
        return Entry(device, token, expires)

    def renew(self, owner: TokenOwner, token: str, now: int) -> Deferred[Entry]:
        """Let a device in that showed a token, which is valid from now on for its whole time.

        Fails with :class:`Refused` where it has just been revoked.
        """

        def entry(expires: int | None) -> Entry:
            if expires is None:
                raise unknown_token()
            return Entry(owner.device, token, expires)

        renewal = Renewal(_hash(token), now + self._lifetime)
        return self.renewals.write(renewal).addCallback(entry)

    def owner_of(self, token: str, now: int) -> Deferred[TokenOwner | None]:
        """Whom a token belongs to that is known and has not expired."""
        return self._shown.ask(_Shown(_hash(token), now))

    async def revoke(self, device: int) -> None:
        """Make all tokens of a device worthless."""
        await self._database.write(_revoke, device)

    async def _read_owners(self, shown: list[_Shown]) -> list[TokenOwner | None]:
        return await self._database.read(_select_owners, shown)

    async def _commit_renewals(self, renewals: list[Renewal]) -> list[int | None]:
        return await self._database.write(_renew, renewals)


def unknown_token() -> Refused:
    """What the owner of no token is told."""
    return Refused("unknown or expired token; log in with the password")


def _hash(token: str) -> bytes:
    """Tokens are random enough for a plain hash."""
    return hashlib.sha256(token.encode()).digest()


def _find(cursor: Cursor, account: int, name: str) -> int | None:
    cursor.execute("SELECT id FROM devices WHERE account = ? AND name = ?", (account, name))
    row = cursor.fetchone()
    return None if row is None else int(row[0])


def _enter(
    cursor: Cursor, account: int, name: str, token_hash: bytes, now: int, expires: int
) -> int:
    device = _find(cursor, account, name)
    if device is None:
        device = create_device(cursor, account, name)
    cursor.execute("DELETE FROM tokens WHERE device = ? AND expires < ?", (device, now))
    cursor.execute("SELECT hash FROM tokens WHERE device = ? ORDER BY expires DESC", (device,))
    for (worn,) in cursor.fetchall()[_TOKENS_KEPT - 1 :]:
        cursor.execute("DELETE FROM tokens WHERE hash = ?", (worn,))
    cursor.execute(
        "INSERT INTO tokens (hash, device, expires) VALUES (?, ?, ?)",
        (token_hash, device, expires),
    )
    return device


def create_device(cursor: Cursor, account: int, name: str) -> int:
    """A new device, inside a transaction; it begins where the account's others are."""
    cursor.execute("SELECT 1 FROM devices WHERE account = ? LIMIT 1", (account,))
    is_first = cursor.fetchone() is None
    cursor.execute("INSERT INTO devices (account, name) VALUES (?, ?)", (account, name))
    device = cursor.lastrowid
    assert device is not None
    if not is_first:
        _begin_where_others_are(cursor, account, device)
    return device


def _begin_where_others_are(cursor: Cursor, account: int, device: int) -> None:
    cursor.execute(
        "INSERT INTO cursors (device, conversation, seq, own) "
        "SELECT ?, m.conversation,"
        " COALESCE((SELECT MAX(c.seq) FROM devices d JOIN cursors c ON c.device = d.id"
        "  WHERE d.account = m.account AND c.conversation = m.conversation), 0),"
        f" {last_seq_of('m.conversation')} "
        "FROM members m WHERE m.account = ?",
        (device, account),
    )


def _renew(cursor: Cursor, renewals: list[Renewal]) -> list[int | None]:
    """Make all tokens valid as long as the last of them; until when each is, if there is one."""
    expires = max(renewal.expires for renewal in renewals)
    # In the order of the key: two nodes that renew the same ones don't end in a deadlock.
    hashes = sorted({renewal.token_hash for renewal in renewals})
    among = padded(hashes)
    cursor.execute(
        f"UPDATE tokens SET expires = ? WHERE hash IN ({marks(among)})", (expires, *among)
    )
    known = set(hashes)
    if cursor.rowcount < len(hashes):
        cursor.execute(f"SELECT hash FROM tokens WHERE hash IN ({marks(hashes)})", hashes)
        known = {bytes(token_hash) for (token_hash,) in cursor.fetchall()}
    return [expires if renewal.token_hash in known else None for renewal in renewals]


def _select_owners(cursor: Cursor, shown: Sequence[_Shown]) -> list[TokenOwner | None]:
    """Whom each token belongs to."""
    hashes = padded({token_hash for token_hash, _ in shown})
    cursor.execute(
        "SELECT t.hash, t.expires, d.id, d.name, a.id, a.name, a.password_hash, a.disabled "
        "FROM tokens t JOIN devices d ON d.id = t.device JOIN accounts a ON a.id = d.account "
        f"WHERE t.hash IN ({marks(hashes)})",
        hashes,
    )
    rows = {row[0]: row[1:] for row in cursor.fetchall()}
    valid = []
    for token_hash, now in shown:
        row = rows.get(token_hash)
        valid.append(row if row is not None and row[0] >= now else None)
    # Tokens that are good for nothing cost the same, whatever is wrong with them.
    accounts = sorted({row[3] for row in valid if row is not None})
    ties = select_ties(cursor, accounts) if accounts else {}
    return [None if row is None else _owner(row, ties) for row in valid]


def _owner(row: Sequence[Any], ties: Mapping[int, Ties]) -> TokenOwner:
    _, device, device_name, id, name, password_hash, disabled = row
    account = Account(id, name, password_hash, bool(disabled))
    return TokenOwner(account, device, device_name, ties[id])


def _revoke(cursor: Cursor, device: int) -> None:
    cursor.execute("DELETE FROM tokens WHERE device = ?", (device,))
