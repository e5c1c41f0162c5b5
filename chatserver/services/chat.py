"""Sending: to one user and to a group."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from msgspec import UNSET

from chatserver.bus.bus import Bus
from chatserver.dispatcher import LATER, Later, handles
from chatserver.errors import InvalidField
from chatserver.services.membership import find_place
from chatserver.services.publishing import PublishedDraft
from chatserver.sessions.requests import Turn
from chatserver.sessions.session import Login
from chatserver.settings import Settings
from chatserver.store.conversations import pair_of
from chatserver.store.messages import Stored
from chatserver.store.store import Store
from chatserver.wire.frames import Sent
from chatserver.wire.requests import GroupChat, OneChat, msgid_of
from chatserver.wire.times import utc_text

_ONE_CHAT, _GROUP_CHAT = msgid_of(OneChat), msgid_of(GroupChat)
_Answer = Later | Coroutine[Any, Any, Later]


class _Send(PublishedDraft, kw_only=True, gc=False):
    """A message whose sender waits for the answer."""

    turn: Turn

    def settled(self, outcome: Stored | Exception) -> None:
        """Publish what has been committed, and answer."""
        turn = self.turn
        try:
            if isinstance(outcome, Exception):
                raise outcome
            if not outcome.is_repeat:
                self.publish(outcome)
            reply = Sent(
                re=_ONE_CHAT if self.group is None else _GROUP_CHAT,
                req=turn.request.req,
                conv=outcome.conversation,
                seq=outcome.seq,
                time=utc_text(outcome.sent),
                dup=True if outcome.is_repeat else UNSET,
            )
            turn.finish(turn.session.dialect.encode(reply))
        except Exception as problem:
            turn.session.desk.refuse(turn, problem)


class ChatService:
    """Stores what is sent, and then answers and publishes it."""

    def __init__(self, store: Store, bus: Bus, settings: Settings) -> None:
        self._store = store
        self._bus = bus
        self._max_text = settings.max_text

    @handles(OneChat)
    def one_chat(self, turn: Turn, request: OneChat) -> _Answer:
        toid = request.toid if request.toid is not UNSET else request.to
        if toid is UNSET:
            raise InvalidField("toid is missing; it must be a whole number from 1 to 2^53-1")
        if len(request.msg) > self._max_text:
            raise self._too_long()
        login = turn.session.login
        assert login is not None
        pair = pair_of(login.account.id, toid)
        conversation = self._store.conversations.cached_pair(pair)
        if conversation is None and self._store.accounts.cached_name(toid) is None:
            return self._to_unknown_pair(turn, request, toid, pair)
        return self._send(turn, login, request, conversation, pair=pair, toid=toid)

    @handles(GroupChat)
    def group_chat(self, turn: Turn, request: GroupChat) -> _Answer:
        if len(request.msg) > self._max_text:
            raise self._too_long()
        group = request.groupid
        login = turn.session.login
        assert login is not None
        place = login.account.groups.get(group)
        if place is None:
            return self._to_unknown_group(turn, request)
        return self._send(turn, login, request, place.conversation, group=group)

    async def _to_unknown_pair(
        self, turn: Turn, request: OneChat, toid: int, pair: tuple[int, int]
    ) -> Later:
        """
        :raises NoSuchUser: nobody has this id.
        """
        conversation = await self._store.conversations.of_pair(pair)
        if conversation is None:
            await self._store.accounts.name(toid)
        login = turn.session.logged_in
        return self._send(turn, login, request, conversation, pair=pair, toid=toid)

    async def _to_unknown_group(self, turn: Turn, request: GroupChat) -> Later:
        place = await find_place(self._store, turn.session.logged_in.account, request.groupid)
        login = turn.session.logged_in
        return self._send(turn, login, request, place.conversation, group=request.groupid)

    def _send(
        self,
        turn: Turn,
        login: Login,
        request: OneChat | GroupChat,
        conversation: int | None,
        *,
        pair: tuple[int, int] | None = None,
        toid: int | None = None,
        group: int | None = None,
    ) -> Later:
        """Give a message its place in the log's queue; what follows the commit answers it."""
        cid = None if request.cid is UNSET else request.cid
        self._store.log.append(
            _Send(
                login.account.id,
                login.device,
                request.msg,
                self._store.log.cid(cid),
                conversation,
                pair,
                bus=self._bus,
                turn=turn,
                name=login.account.name,
                given_cid=cid,
                toid=toid,
                group=group,
            )
        )
        turn.release()
        return LATER

    def _too_long(self) -> InvalidField:
        return InvalidField(f"msg must have at most {self._max_text} characters")
