"""Who a text is for, as people write it."""

from __future__ import annotations

from dataclasses import dataclass

from chatclient.language import gettext as _
from chatclient.results import Account
from chatclient.terminal.commands import parse_id

_GROUP = "group:"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A user or a group, by id or else by name."""

    is_group: bool
    id: int | None
    name: str

    def found_by(self, account: Account) -> int | None:
        """The id; a name is looked up among the people and groups that the account knows."""
        if self.id is not None:
            return self.id
        if self.is_group:
            return next((each.id for each in account.groups if each.groupname == self.name), None)
        people = {account.name: account.id}
        for group in account.groups:
            people |= {user.name: user.id for user in group.users}
        people |= {friend.name: friend.id for friend in account.friends}
        return people.get(self.name)


def parse_recipient(text: str) -> Recipient:
    """The recipient of ``15``, ``ann``, ``@ann``, ``#2``, ``#tea``, ``group:2`` or ``group:tea``.

    Digits are an id, but behind an @.

    :raises ValueError: it names nobody.
    """
    for prefix, is_group in (("@", False), ("#", True), (_GROUP, True), ("", False)):
        if text.startswith(prefix):
            name = text.removeprefix(prefix)
            if not name:
                raise ValueError(_("{text!r} names nobody").format(text=text))
            return Recipient(is_group, None if prefix == "@" else parse_id(name), name)
    raise AssertionError(text)


def address_of(userid: int, groupid: int | None) -> str:
    """What an answer is sent to: the group, or else the user."""
    return str(userid) if groupid is None else f"{_GROUP}{groupid}"
