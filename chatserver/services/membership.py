"""Why a request that names a group is refused to who is not in it."""

from __future__ import annotations

from typing import NoReturn

from chatserver.errors import NotAMember
from chatserver.store.store import Store


async def refuse_group(store: Store, group: int) -> NoReturn:
    """
    :raises NoSuchGroup: there is no such group.
    :raises NotAMember: there is.
    """
    await store.groups.find(group)
    raise NotAMember("you are not a member of this group; join it first")
