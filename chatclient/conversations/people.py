"""Names of people and groups, and who is online."""

from __future__ import annotations

from chatclient.conversations.peers import Peer, user
from chatclient.results import Account
from chatserver.wire.frames import Friend, Group, GroupUser, PresencePush, State


class People:
    """Everybody that was heard of.

    Whether somebody is online is known of friends, and told while oneself is.
    """

    def __init__(self) -> None:
        self.friends: dict[int, Friend] = {}
        self.groups: dict[int, Group] = {}
        self.names: dict[int, str] = {}
        self._group_names: dict[int, str] = {}

    def logged_in(self, account: Account) -> None:
        """Take what a login tells."""
        self.friends = {friend.id: friend for friend in account.friends}
        self.groups = {}
        self.names[account.id] = account.name
        for friend in account.friends:
            self.names[friend.id] = friend.name
        for group in account.groups:
            self.add_group(group)

    def add_friend(self, friend: Friend) -> None:
        """Somebody was put on the list of friends."""
        self.friends[friend.id] = friend
        self.names[friend.id] = friend.name

    def add_group(self, group: Group) -> None:
        """A group that one is in, with its members."""
        self.groups[group.id] = group
        self._group_names[group.id] = group.groupname
        for member in group.users:
            self.names[member.id] = member.name

    def add_member(self, groupid: int, userid: int, name: str) -> None:
        """Somebody is in a group, as they have written there."""
        group = self.groups.get(groupid)
        if group is not None and all(each.id != userid for each in group.users):
            group.users.append(GroupUser(id=userid, name=name, state="online", role="normal"))

    def call(self, peer: Peer, name: str) -> None:
        """A name that was once seen; newer ones overrule it."""
        (self._group_names if peer.is_group else self.names).setdefault(peer.id, name)

    def presence(self, push: PresencePush) -> None:
        """A friend came or went."""
        friend = self.friends.get(push.id)
        if friend is not None:
            friend.state = push.state

    def name(self, peer: Peer) -> str | None:
        """The name of a user or group, None where none is known."""
        return (self._group_names if peer.is_group else self.names).get(peer.id)

    def state(self, peer: Peer) -> State | None:
        """Whether a friend is online, None of anybody else."""
        friend = None if peer.is_group else self.friends.get(peer.id)
        return None if friend is None else friend.state

    def members(self, peer: Peer) -> list[GroupUser]:
        """The members of a group as of the last login, those online first."""
        group = self.groups.get(peer.id) if peer.is_group else None
        users = [] if group is None else group.users
        return sorted(users, key=lambda each: (each.state != "online", each.name, each.id))

    def users_named(self, name: str) -> list[Peer]:
        """The users of this name; where none has it, those of it in other letter cases."""
        exact = [user(userid) for userid, each in self.names.items() if each == name]
        folded = name.casefold()
        return exact or [
            user(userid) for userid, each in self.names.items() if each.casefold() == folded
        ]
