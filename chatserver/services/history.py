"""Reading back what was said, and acknowledging what arrived."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from msgspec import UNSET

from chatserver.dispatcher import handles
from chatserver.errors import InvalidField
from chatserver.services.membership import find_place
from chatserver.services.rendering import push_of_message
from chatserver.sessions.requests import Turn
from chatserver.store.conversations import Membership, pair_of
from chatserver.store.log import NO_LIMIT
from chatserver.store.store import Store
from chatserver.wire.frames import Reply
from chatserver.wire.requests import Ack, History


class HistoryService:
    """Knows where a device is in its conversations."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @handles(Ack, rated=False, late=True, answered=False)
    def ack(self, turn: Turn, request: Ack) -> Coroutine[Any, Any, None] | None:
        login = turn.session.logged_in
        if login.acked is not None and login.acked.acknowledged(request.conv, request.seq):
            return None
        return self._check_membership(login.account.id, request.conv)

    async def _check_membership(self, account: int, conversation: int) -> None:
        """
        :raises NotAMember: the account takes no part in it.
        """
        await self._store.conversations.membership(account, conversation)

    @handles(History)
    async def history(self, turn: Turn, request: History) -> Reply:
        account = turn.session.logged_in.account.id
        membership = await self._membership(turn, request)
        if membership is None:
            return Reply(messages=[], more=False)
        after = -1 if request.after is UNSET else request.after
        before = NO_LIMIT if request.before is UNSET else request.before
        page = await self._store.log.history(
            membership.conversation,
            max(after, membership.joined),
            before,
            request.limit,
            newest=request.after is UNSET or request.before is not UNSET,
        )
        return Reply(
            conv=membership.conversation,
            messages=[
                push_of_message(message, membership, reader=account) for message in page.messages
            ],
            more=page.more,
        )

    async def _membership(self, turn: Turn, request: History) -> Membership | None:
        """The account's part in the conversation; None with a user never written to.

        :raises NoSuchUser, NoSuchGroup, NotAMember: as the request names it.
        """
        named = [name for name in ("conv", "toid", "groupid") if getattr(request, name)]
        if not named:
            raise InvalidField("conv is missing; give conv, toid or groupid")
        if len(named) > 1:
            raise InvalidField(f"{named[1]} can't stand beside {named[0]}; give one of them")
        account = turn.session.logged_in.account
        if request.conv is not UNSET:
            return await self._store.conversations.membership(account.id, request.conv)
        if request.toid is not UNSET:
            return await self._with_user(account.id, request.toid)
        assert request.groupid is not UNSET
        place = await find_place(self._store, account, request.groupid)
        return await self._store.conversations.membership(account.id, place.conversation)

    async def _with_user(self, account: int, other: int) -> Membership | None:
        conversation = await self._store.conversations.of_pair(pair_of(account, other))
        if conversation is None:
            await self._store.accounts.name(other)
            return None
        return await self._store.conversations.membership(account, conversation)
