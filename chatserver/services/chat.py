"""Sending: to one user and to a group."""

from __future__ import annotations

from functools import partial

from msgspec import UNSET, UnsetType, field
from twisted.internet.defer import Deferred

from chatserver.bus.bus import Bus
from chatserver.bus.events import ChatStored, of_account, of_group
from chatserver.dispatcher import handles
from chatserver.errors import InvalidField
from chatserver.services.membership import find_place
from chatserver.sessions.registry import GroupPlace
from chatserver.sessions.requests import Turn
from chatserver.sessions.session import Login
from chatserver.settings import Settings
from chatserver.store.conversations import pair_of
from chatserver.store.messages import Draft, Stored
from chatserver.store.store import Store
from chatserver.wire.frames import Reply
from chatserver.wire.requests import GroupChat, OneChat
from chatserver.wire.times import utc_text


class _Send(Draft):
    """A message whose sender waits for the answer."""

    stored: Deferred[Stored] = field(default_factory=Deferred)

    def settled(self, outcome: Stored | Exception) -> None:
        if isinstance(outcome, Exception):
            self.stored.errback(outcome)
        else:
            self.stored.callback(outcome)


class ChatService:
    """Stores what is sent, and then answers and publishes it."""

    def __init__(self, store: Store, bus: Bus, settings: Settings) -> None:
        self._store = store
        self._bus = bus
        self._max_text = settings.max_text

    @handles(OneChat)
    def one_chat(self, turn: Turn, request: OneChat) -> Deferred[Reply]:
        toid = request.toid if request.toid is not UNSET else request.to
        if toid is UNSET:
            raise InvalidField("toid is missing; it must be a whole number from 1 to 2^53-1")
        self._check_text(request.msg)
        sender = turn.session.logged_in.account.id
        pair = pair_of(sender, toid)
        conversation = self._store.conversations.cached_pair(pair)
        if conversation is None and self._store.accounts.cached_name(toid) is None:
            return Deferred.fromCoroutine(self._to_unknown_pair(turn, request, toid))
        return self._to_pair(turn, request, toid, conversation)

    @handles(GroupChat)
    def group_chat(self, turn: Turn, request: GroupChat) -> Deferred[Reply]:
        self._check_text(request.msg)
        place = turn.session.logged_in.account.groups.get(request.groupid)
        if place is None:
            return Deferred.fromCoroutine(self._to_unknown_group(turn, request))
        return self._to_group(turn, request, place)

    async def _to_unknown_pair(self, turn: Turn, request: OneChat, toid: int) -> Reply:
        """
        :raises NoSuchUser: nobody has this id.
        """
        pair = pair_of(turn.session.logged_in.account.id, toid)
        conversation = await self._store.conversations.of_pair(pair)
        if conversation is None:
            await self._store.accounts.name(toid)
        return await self._to_pair(turn, request, toid, conversation)

    async def _to_unknown_group(self, turn: Turn, request: GroupChat) -> Reply:
        account = turn.session.logged_in.account
        place = await find_place(self._store, account, request.groupid)
        return await self._to_group(turn, request, place)

    def _to_group(self, turn: Turn, request: GroupChat, place: GroupPlace) -> Deferred[Reply]:
        login = turn.session.logged_in
        draft = _Send(
            sender=login.account.id,
            device=login.device,
            text=request.msg,
            cid=self._cid(request.cid),
            conversation=place.conversation,
        )
        return self._send(turn, draft, login, request.cid, group=request.groupid)

    def _to_pair(
        self, turn: Turn, request: OneChat, toid: int, conversation: int | None
    ) -> Deferred[Reply]:
        login = turn.session.logged_in
        sender = login.account.id
        draft = _Send(
            sender=sender,
            device=login.device,
            text=request.msg,
            cid=self._cid(request.cid),
            conversation=conversation,
            pair=None if conversation else pair_of(sender, toid),
        )
        return self._send(turn, draft, login, request.cid, toid=toid)

    def _send(
        self,
        turn: Turn,
        draft: _Send,
        login: Login,
        cid: str | UnsetType,
        *,
        toid: int | None = None,
        group: int | None = None,
    ) -> Deferred[Reply]:
        self._store.log.append(draft)
        turn.release()
        return draft.stored.addCallback(partial(self._stored, draft, login, cid, toid, group))

    def _stored(
        self,
        draft: Draft,
        login: Login,
        cid: str | UnsetType,
        toid: int | None,
        group: int | None,
        stored: Stored,
    ) -> Reply:
        """Publish what has been committed, and answer."""
        reply = Reply(conv=stored.conversation, seq=stored.seq, time=utc_text(stored.sent))
        if stored.is_repeat:
            reply.dup = True
            return reply
        event = ChatStored(
            conversation=stored.conversation,
            seq=stored.seq,
            sender=draft.sender,
            name=login.account.name,
            device=draft.device,
            sent=stored.sent,
            text=draft.text,
            cid=None if cid is UNSET else cid,
            toid=toid,
            group=group,
        )
        if toid is None:
            topics = [of_group(stored.conversation)]
        else:
            topics = [of_account(draft.sender), of_account(toid)]
        self._bus.publish(topics, event)
        return reply

    def _cid(self, given: str | UnsetType) -> str:
        return self._store.log.cid(None if given is UNSET else given)

    def _check_text(self, text: str) -> None:
        if len(text) > self._max_text:
            raise InvalidField(f"msg must have at most {self._max_text} characters")
