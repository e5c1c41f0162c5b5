"""The sessions of this node, by account, by group and by friend."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from chatserver.sessions.limits import TokenBucket
from chatserver.sessions.session import Session


class GroupPlace(NamedTuple):
    """An account's place in a group: what follows ``joined`` is for it."""

    conversation: int
    joined: int


# Shared by all accounts that have none, as an empty one of each would take more memory than
# all the rest of an account. They are never written to.
_NO_GROUPS: dict[int, GroupPlace] = {}
_NOBODY: set[int] = set()
NO_CONVERSATIONS: set[int] = set()


class LocalAccount:
    """An account with a session on this node.

    ``groups`` has its places by group id; ``conversations`` is all that it takes part in, or
    None until that has been read.
    """

    __slots__ = ("bucket", "conversations", "friends", "groups", "id", "name", "sessions")

    def __init__(self, id: int, name: str) -> None:
        self.id = id
        self.name = name
        #: Limits the requests of all its sessions; None before the first.
        self.bucket: TokenBucket | None = None
        self.sessions: tuple[Session, ...] = ()
        self.groups = _NO_GROUPS
        self.friends = _NOBODY
        self.conversations: set[int] | None = None

    def follow(self, conversation: int) -> bool:
        """Note that it takes part in a conversation, once all have been read; is that news?"""
        known = self.conversations
        assert known is not None
        if conversation in known:
            return False
        if known is NO_CONVERSATIONS:
            self.conversations = {conversation}
        else:
            known.add(conversation)
        return True


class Vacated(NamedTuple):
    """What nobody on this node has to hear of any longer."""

    accounts: list[int]
    conversations: list[int]
    friends: list[int]


class Registry:
    """Finds sessions."""

    def __init__(self) -> None:
        self.sessions: set[Session] = set()
        self._accounts: dict[int, LocalAccount] = {}
        #: The account with an id, if it has a session here.
        self.account = self._accounts.get
        self._members: dict[int, dict[LocalAccount, int]] = {}
        self._watchers: dict[int, set[LocalAccount]] = {}

    def joined(self, account: LocalAccount, conversation: int) -> int:
        """The seq after which all of a conversation is for an account that takes part in it."""
        return self._members.get(conversation, {}).get(account, 0)

    def accounts(self) -> list[LocalAccount]:
        """All accounts with a session here."""
        return list(self._accounts.values())

    def pair(self, one: int, other: int) -> list[LocalAccount]:
        """Those of two accounts, which may be the same, that have a session here."""
        found, here = [], self._accounts
        if one in here:
            found.append(here[one])
        if other in here and other != one:
            found.append(here[other])
        return found

    def members(self, conversation: int) -> Iterable[tuple[LocalAccount, int]]:
        """The members of a group that have a session here, with the seq at which each joined."""
        return self._members.get(conversation, {}).items()

    def watchers(self, id: int) -> Iterable[LocalAccount]:
        """Those with a session here that have this account on their list of friends."""
        return self._watchers.get(id, ())

    def watched(self) -> list[int]:
        """The accounts that somebody here has on the list of friends."""
        return list(self._watchers)

    def add(self, account: LocalAccount, session: Session) -> None:
        """Put a session under its account, of which there must be one object only."""
        known = self._accounts.setdefault(account.id, account)
        assert known is account
        account.sessions = (*account.sessions, session)

    def remove(self, account: LocalAccount, session: Session) -> Vacated:
        """Take a session away."""
        vacated = Vacated([], [], [])
        account.sessions = tuple(one for one in account.sessions if one is not session)
        if account.sessions:
            return vacated
        del self._accounts[account.id]
        vacated.accounts.append(account.id)
        for place in account.groups.values():
            members = self._members[place.conversation]
            del members[account]
            if not members:
                del self._members[place.conversation]
                vacated.conversations.append(place.conversation)
        for friend in account.friends:
            watchers = self._watchers[friend]
            watchers.remove(account)
            if not watchers:
                del self._watchers[friend]
                vacated.friends.append(friend)
        return vacated

    def add_group(self, account: LocalAccount, group: int, place: GroupPlace) -> None:
        """Deliver a group's messages to the account from now on."""
        if account.groups is _NO_GROUPS:
            account.groups = {}
        account.groups[group] = place
        self._members.setdefault(place.conversation, {})[account] = place.joined

    def add_friend(self, account: LocalAccount, friend: int) -> None:
        """Tell the account of a friend's presence from now on."""
        if account.friends is _NOBODY:
            account.friends = set()
        account.friends.add(friend)
        self._watchers.setdefault(friend, set()).add(account)
