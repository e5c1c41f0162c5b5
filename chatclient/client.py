"""The client library: one account's chat with a server."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import UNSET, UnsetType
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import connectProtocol
from twisted.python.failure import Failure

from chatclient.acks import Acknowledger
from chatclient.backlog import Backlog
from chatclient.errors import BadFrame, NotConnected
from chatclient.interfaces import Clock, Endpoint
from chatclient.protocol import ChatClientProtocol, Event
from chatclient.results import Account, HistoryPage, Sent, account_of, given, page_of, sent_of
from chatserver.wire.frames import Friend, Group, GroupChatPush, LoginAck, OneChatPush, Push
from chatserver.wire.requests import (
    AddFriend,
    AddGroup,
    CreateGroup,
    GroupChat,
    History,
    Login,
    Loginout,
    OneChat,
    Ping,
    Register,
    Signal,
)

CLOSE_PATIENCE = 5.0

T = TypeVar("T")
A = TypeVar("A")


class ChatClient:
    """Chat with a server; connect first, then register or log in.

    Every request returns a Deferred. It fails with the
    :class:`~chatserver.errors.ChatError` of the server's refusal, or with a
    :class:`twisted.internet.error.ConnectionClosed` where the connection went before the
    answer came. Requests need not wait for one another; they take effect in order. A lone
    surrogate in a text raises UnicodeEncodeError.

    :param clock: the reactor, or a clock in tests.
    :param on_event: called with each message, presence change, signal and goodbye, and with
        the :class:`~chatserver.wire.frames.Reply` that refuses a signal. Each message comes
        once, however often the server repeats it. Where it raises, that is logged and the
        message is not acknowledged: it comes again at the next login, unless a later one of
        its conversation is acknowledged.
    :param on_lost: called with why when the connection goes without :meth:`close`; connect
        and log in again if you like.
    :param reply_timeout: seconds after which a silent server counts as hung.
    :param ack_delay: seconds that an acknowledgement may wait for others.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        on_event: Callable[[Event], None] = lambda _: None,
        on_lost: Callable[[Failure], None] = lambda _: None,
        reply_timeout: float = 15.0,
        ack_delay: float = 0.2,
    ) -> None:
        self.connected = False
        self.account: Account | None = None
        self._clock = clock
        self._on_event = on_event
        self._on_lost = on_lost
        self._reply_timeout = reply_timeout
        self._protocol: ChatClientProtocol | None = None
        self._closing: list[Deferred[None]] = []
        self._acks = Acknowledger(clock, self._send_ack, ack_delay)
        self._acknowledges = False
        self._backlog = Backlog(clock, reply_timeout)
        # The highest seq received of each conversation: of every account, and of the present.
        self._received_by: dict[int, dict[int, int]] = {}
        self._received: dict[int, int] = {}

    def connect(self, endpoint: Endpoint) -> Deferred[None]:
        """Connect, for example to ``HostnameEndpoint(reactor, host, port)``.

        Fails with what the endpoint fails with.
        """
        if self.connected:
            raise RuntimeError("connected already")
        protocol = ChatClientProtocol(
            self._clock, self._event, self._gone, reply_timeout=self._reply_timeout
        )
        connecting: Deferred[ChatClientProtocol]
        connecting = connectProtocol(endpoint, protocol)
        return connecting.addCallback(self._connected)

    def register(self, name: str, password: str) -> Deferred[int]:
        """Create an account; its id."""
        message = Register(name=name, password=password)
        return self._read(self._link.request(message), lambda ack: given(ack.id, "id"))

    def login(
        self,
        *,
        userid: int | None = None,
        name: str | None = None,
        password: str | None = None,
        token: str | None = None,
        device: str | None = None,
        ack: bool = True,
    ) -> Deferred[Account]:
        """Log in by ``token``, or by ``userid`` or ``name`` with ``password``.

        ``device`` names this client among the account's: a second login with the same name
        replaces the first, one without a name is refused while another such lives. With
        ``ack`` a message counts as delivered once ``on_event`` has had it; without, once the
        server has written it. The messages missed come right after the result.
        """
        message = Login(
            id=_or_unset(userid),
            name=_or_unset(name),
            password=_or_unset(password),
            token=_or_unset(token),
            device=_or_unset(device),
            ack=ack,
        )

        def logged_in(answer: LoginAck) -> Account:
            self.account = account_of(answer)
            self._received = self._received_by.setdefault(self.account.id, {})
            self._acknowledges = ack
            self._backlog.expect(self.account.pending)
            return self.account

        return self._read(self._link.request(message), logged_in)

    def logout(self) -> Deferred[None]:
        """Log out; this revokes the device's token. The connection stays."""
        self._acks.flush()
        return self._read(self._link.request(Loginout()), lambda _: self._logged_out())

    def chat(self, toid: int, text: str, *, cid: str | None = None) -> Deferred[Sent]:
        """Send a text to a user; fires once the server has stored it.

        Every send has a ``cid`` of its own; give that of an earlier one to repeat it: the
        server stores it once, however often it comes.
        """
        cid = cid or fresh_cid()
        message = OneChat(toid=toid, msg=text, cid=cid)
        return self._read(self._link.request(message), lambda reply: sent_of(reply, cid))

    def group_chat(self, groupid: int, text: str, *, cid: str | None = None) -> Deferred[Sent]:
        """Send a text to a group; as :meth:`chat`."""
        cid = cid or fresh_cid()
        message = GroupChat(groupid=groupid, msg=text, cid=cid)
        return self._read(self._link.request(message), lambda reply: sent_of(reply, cid))

    def add_friend(self, userid: int) -> Deferred[Friend | None]:
        """Put a user on one's own list; the new entry, where the server tells it."""
        message = AddFriend(friendid=userid)
        return self._read(self._link.request(message), lambda reply: _or_none(reply.friend))

    def create_group(self, name: str, description: str = "") -> Deferred[int]:
        """Create a group; its id."""
        message = CreateGroup(groupname=name, groupdesc=description)
        return self._read(
            self._link.request(message), lambda reply: given(reply.groupid, "groupid")
        )

    def add_group(self, groupid: int) -> Deferred[Group | None]:
        """Join a group; the group, where the server tells it."""
        message = AddGroup(groupid=groupid)
        return self._read(self._link.request(message), lambda reply: _or_none(reply.group))

    def history(
        self,
        *,
        conv: int | None = None,
        toid: int | None = None,
        groupid: int | None = None,
        before: int | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> Deferred[HistoryPage]:
        """Read back a conversation, named by ``conv``, ``toid`` or ``groupid``.

        ``before`` and ``after`` are ``seq``, neither included. The newest ``limit`` (up to
        200) messages of the range; the oldest where only ``after`` is given.
        """
        message = History(
            conv=_or_unset(conv),
            toid=_or_unset(toid),
            groupid=_or_unset(groupid),
            before=_or_unset(before),
            after=_or_unset(after),
            limit=limit,
        )
        return self._read(self._link.request(message), page_of)

    def signal(self, data: Any, *, toid: int | None = None, groupid: int | None = None) -> None:
        """Pass any JSON value on to a user's or a group's devices that are online now.

        Nothing tells whether it arrived; a refusal comes as an event.
        """
        self._link.send(Signal(toid=_or_unset(toid), groupid=_or_unset(groupid), data=data))

    def ping(self) -> Deferred[float]:
        """Ask for a sign of life; how long it took, in seconds."""
        start = self._clock.seconds()
        return self._read(self._link.request(Ping()), lambda _: self._clock.seconds() - start)

    def caught_up(self) -> Deferred[None]:
        """Fires once as many messages came as the login announced.

        Fails with :class:`TimeoutError` after ``reply_timeout`` seconds without one.
        """
        return self._backlog.wait()

    def close(self) -> Deferred[None]:
        """Acknowledge what was received and close, without logging out; never fails.

        Fires when the connection is gone, after 5 seconds at most.
        """
        done: Deferred[None] = Deferred()
        if not self.connected:
            done.callback(None)
            return done
        self._closing.append(done)
        if len(self._closing) == 1:
            self._acks.flush()
            self._link.close()
            hung = NotConnected("the server did not let go")
            timer = self._clock.callLater(CLOSE_PATIENCE, self._link.abort, hung)
            done.addCallback(lambda _: timer.cancel() if timer.active() else None)
        return done

    @property
    def _link(self) -> ChatClientProtocol:
        if self._protocol is None:
            raise RuntimeError("connect first")
        return self._protocol

    def _connected(self, protocol: ChatClientProtocol) -> None:
        self._protocol = protocol
        self.connected = True

    def _read(self, answer: Deferred[A], read: Callable[[A], T]) -> Deferred[T]:
        """What ``read`` makes of the answer, in the same turn in which that comes."""
        return answer.addCallback(read).addErrback(self._distrust)

    def _distrust(self, failure: Failure) -> Failure:
        if isinstance(failure.value, BadFrame):
            self._link.abort(failure.value)
        return failure

    def _send_ack(self, conv: int, seq: int) -> None:
        self._link.send_ack(conv, seq)

    def _event(self, event: Event) -> None:
        match event:
            case OneChatPush() | GroupChatPush():
                self._message(event)
            case _:
                self._on_event(event)

    def _message(self, push: Push) -> None:
        try:
            if push.seq > self._received.get(push.conv, 0):
                self._on_event(push)
                self._received[push.conv] = push.seq
            if self._acknowledges:
                self._acks.received(push.conv, push.seq)
        finally:
            self._backlog.arrived()

    def _logged_out(self) -> None:
        self.account = None
        self._acknowledges = False
        self._acks.forget()
        self._backlog.expect(0)

    def _gone(self, reason: Failure) -> None:
        self.connected = False
        self._backlog.give_up(reason)
        self._logged_out()
        closing, self._closing = self._closing, []
        for done in closing:
            done.callback(None)
        if not closing:
            self._on_lost(reason)


def fresh_cid() -> str:
    """A name for a send that no other send has."""
    return secrets.token_hex(16)


def _or_unset(value: T | None) -> T | UnsetType:
    return UNSET if value is None else value


def _or_none(value: T | UnsetType) -> T | None:
    return None if value is UNSET else value
