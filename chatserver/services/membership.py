"""An account's place in a group that a request names."""

from __future__ import annotations

from chatserver.errors import NotAMember
from chatserver.sessions.registry import GroupPlace, LocalAccount
from chatserver.store.store import Store


async def find_place(store: Store, account: LocalAccount, group: int) -> GroupPlace:
    """The place, also where the account has just come in on another node.

    :raises NoSuchGroup: there is no such group.
    :raises NotAMember: there is, but the account is not in it.
    """
    known = account.groups.get(group)
    if known is not None:
        return known
    found = await store.groups.place_of(account.id, group)
    if found is None:
        await store.groups.find(group)
        raise NotAMember("you are not a member of this group; join it first")
    return GroupPlace(*found)
