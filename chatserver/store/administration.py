"""What only those who run the server do to accounts."""

from __future__ import annotations

from typing import NamedTuple

from chatserver.store.chunks import chunks, marks
from chatserver.store.database import Database
from chatserver.store.engine import Cursor


class AccountInfo(NamedTuple):
    """An account as people see it; ``created`` in milliseconds since the epoch."""

    id: int
    name: str
    disabled: bool
    created: int


class DeviceInfo(NamedTuple):
    """A device, and until when the last of its tokens is valid; 0 where it has none."""

    name: str
    tokens: int
    expires: int


class Profile(NamedTuple):
    """What an account has."""

    devices: list[DeviceInfo]
    groups: list[str]
    friends: int
    conversations: int


class Administration:
    """Changes accounts, and tells of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, after: int, limit: int, *, disabled: bool | None = None
    ) -> list[AccountInfo]:
        """Accounts in the order of their ids, above ``after``; only (not) disabled ones if said."""
        return await self._database.read(_select_page, after, limit, disabled)

    async def profile(self, account: int, now: int) -> Profile:
        """What an account has; of tokens, those that are valid ``now``."""
        return await self._database.read(_select_profile, account, now)

    async def set_password(self, account: int, password_hash: str) -> None:
        """Change the password, and make all tokens worthless."""
        await self._database.write(_set_password, account, password_hash)

    async def disable(self, account: int) -> None:
        """Let nobody log in, and make all tokens worthless."""
        await self._database.write(_disable, account)

    async def enable(self, account: int) -> None:
        """Let people log in again."""
        await self._database.write(_set_disabled, account, False)

    async def revoke(self, account: int, device: str | None) -> None:
        """Make the tokens of a device worthless, or of all."""
        await self._database.write(_revoke, account, device)


def _select_page(
    cursor: Cursor, after: int, limit: int, disabled: bool | None
) -> list[AccountInfo]:
    only = "" if disabled is None else f"AND disabled = {int(disabled)} "
    cursor.execute(
        f"SELECT id, name, disabled, created FROM accounts WHERE id > ? {only}ORDER BY id LIMIT ?",
        (after, limit),
    )
    return [
        AccountInfo(id, name, bool(is_disabled), created)
        for id, name, is_disabled, created in cursor.fetchall()
    ]


def _select_profile(cursor: Cursor, account: int, now: int) -> Profile:
    cursor.execute(
        "SELECT d.name, COUNT(t.expires), COALESCE(MAX(t.expires), 0) FROM devices d "
        "LEFT JOIN tokens t ON t.device = d.id AND t.expires >= ? "
        "WHERE d.account = ? GROUP BY d.name ORDER BY d.name",
        (now, account),
    )
    devices = [DeviceInfo(*row) for row in cursor.fetchall()]
    cursor.execute(
        "SELECT g.name FROM members m JOIN chat_groups g ON g.conversation = m.conversation "
        "WHERE m.account = ? ORDER BY g.name",
        (account,),
    )
    groups = [name for (name,) in cursor.fetchall()]
    cursor.execute("SELECT COUNT(*) FROM friends WHERE account = ?", (account,))
    (friends,) = cursor.fetchone()
    cursor.execute("SELECT COUNT(*) FROM members WHERE account = ?", (account,))
    (conversations,) = cursor.fetchone()
    return Profile(devices, groups, friends, conversations)


def _set_password(cursor: Cursor, account: int, password_hash: str) -> None:
    cursor.execute("UPDATE accounts SET password_hash = ? WHERE id = ?", (password_hash, account))
    _revoke(cursor, account, None)


def _disable(cursor: Cursor, account: int) -> None:
    _set_disabled(cursor, account, True)
    _revoke(cursor, account, None)


def _set_disabled(cursor: Cursor, account: int, disabled: bool) -> None:
    cursor.execute("UPDATE accounts SET disabled = ? WHERE id = ?", (int(disabled), account))


def _revoke(cursor: Cursor, account: int, device: str | None) -> None:
    cursor.execute("SELECT id, name FROM devices WHERE account = ?", (account,))
    devices = [id for id, name in cursor.fetchall() if device in (None, name)]
    for chunk in chunks(devices):
        cursor.execute(f"DELETE FROM tokens WHERE device IN ({marks(chunk)})", chunk)
