"""The steady client: it keeps itself logged in, and loses nothing, doubles nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import cycle
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.error import ConnectionClosed
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatclient.client import ChatClient, fresh_cid
from chatclient.errors import ClientStopped, Dismissed
from chatclient.interfaces import Clock, Endpoint
from chatclient.language import gettext as _
from chatclient.protocol import Event
from chatclient.results import Account, Sent
from chatclient.steady.heartbeat import Heartbeat
from chatclient.steady.login import Credentials, Login, is_final, least_pause
from chatclient.steady.pauses import Pauses, Wait, pause
from chatclient.steady.sender import Sender
from chatclient.steady.states import (
    Connecting,
    LoginRefused,
    Offline,
    Online,
    Replaced,
    State,
    Stopped,
)
from chatclient.steady.store import MemoryStore, Store, Unsent
from chatserver.errors import ChatError
from chatserver.wire.frames import Goodbye, GroupChatPush, OneChatPush, Push

# A login that held so long was a good one: the next pause is short again.
SETTLED_AFTER = 30.0  # seconds
# Added to what a refused send shall wait, at first and at most.
_SEND_PAUSES = (0.1, 30.0)

_log = Logger()


class SteadyClient:
    """One account's chat with a server that may come and go.

    After :meth:`start` it connects and logs in, and does so again after each loss, with
    growing pauses; never sooner than the server asks for. What is given to :meth:`chat`
    waits in an outbox until the server has stored it. It gives up where somebody else
    takes this device's place (state :class:`Replaced`) and where the login is refused for
    good (:class:`LoginRefused`); it may be started again then.

    :param clock: the reactor, or a clock in tests.
    :param endpoints: where the server is; several, at least one, are tried in turn.
    :param device: always give the same one, and no other client of the account that one.
    :param ack: as :meth:`chatclient.ChatClient.login` takes it.
    :param store: what shall survive this client; by default nothing. :meth:`stop` closes it.
    :param on_event: called with each message, presence change and signal, and with the Reply
        that refuses a signal. Each message comes once as long as the store lives, and those
        of a conversation come in order. Where it raises, that is logged and the message
        comes again at the next login, unless a later one of its conversation was handled.
    :param on_state: called with each new :data:`State`.
    :param connect_timeout: seconds after which an attempt to connect is cut.
    :param reply_timeout: seconds after which a silent server counts as hung.
    :param ping_after: seconds of silence after which the server has to show that it lives.
    :param most_unsent: texts in the outbox above which no more are taken.
    :param pauses: those between attempts; by default up to 1 second at first, then up to 2,
        4 … 60.
    :raises StoreUnusable: see :class:`Store`.
    """

    def __init__(
        self,
        clock: Clock,
        endpoints: Endpoint | Sequence[Endpoint],
        credentials: Credentials,
        *,
        device: str | None = None,
        ack: bool = True,
        store: Store | None = None,
        on_event: Callable[[Event], None] = lambda _: None,
        on_state: Callable[[State], None] = lambda _: None,
        connect_timeout: float = 10.0,
        reply_timeout: float = 15.0,
        ping_after: float = 30.0,
        most_unsent: int = 1000,
        pauses: Pauses | None = None,
    ) -> None:
        self.state: State = Stopped()
        self._clock = clock
        self._endpoints = cycle(endpoints if isinstance(endpoints, Sequence) else [endpoints])
        self._login = Login(credentials, device, ack)
        self._store = store or MemoryStore()
        self._on_event = on_event
        self._on_state = on_state
        self._connect_timeout = connect_timeout
        self._pauses = pauses or Pauses(1.0, 60.0)
        self._client = ChatClient(
            clock, on_event=self._event, on_lost=self._gone, reply_timeout=reply_timeout
        )
        self._heartbeat = Heartbeat(clock, ping_after, self._client.ping)
        self._sender = Sender(clock, self._store, Pauses(*_SEND_PAUSES), most_unsent)
        self._handed_over = self._store.positions()
        self._goodbye: Goodbye | None = None
        # Logins that were not answered: the server may still come to them, after later ones.
        self._unanswered_logins = 0
        self._lost: Deferred[Exception] = Deferred()
        self._wait: Wait | None = None
        self._running: Deferred[None] | None = None
        self._stopping: list[Deferred[None]] = []
        self._is_over = False

    @property
    def connection(self) -> ChatClient | None:
        """While online, the client that is logged in: for friends, groups, history, signals.

        None at other times. Send texts with :meth:`chat` and :meth:`group_chat` of this class,
        and leave connecting, login and closing to it. To log out, do so here and then :meth:`stop`.
        """
        return self._client if isinstance(self.state, Online) else None

    @property
    def unsent(self) -> list[Unsent]:
        """The texts that the server has not answered, those of an earlier run among them."""
        return self._sender.unsent

    def start(self) -> None:
        """Connect, and stay connected.

        :raises RuntimeError: it has been started, and has not given up; or it was stopped.
        """
        if self._is_over or isinstance(self.state, Connecting | Online | Offline):
            raise RuntimeError("stopped for good" if self._is_over else "started already")
        self._running = Deferred.fromCoroutine(self._run())
        self._running.addErrback(lambda failure: _log.failure("the client broke", failure))

    def hurry(self) -> None:
        """Cut the pause short: try again now, or as soon as the server allows.

        The state :class:`Offline` then comes once more, with what is left of the pause. Does
        nothing in other states.
        """
        if isinstance(self.state, Offline) and self._wait is not None and self._wait.cut():
            self._tell(Offline(self.state.why, self._wait.left))

    def stop(self) -> Deferred[None]:
        """Wait for what is on its way, acknowledge, close, and stay so; never fails.

        Fires within ``reply_timeout`` and 5 seconds. The Deferreds of the texts that are not
        answered then fail with :class:`~chatclient.errors.ClientStopped`.
        """
        done: Deferred[None] = Deferred()
        if self._is_over and not self._stopping:
            done.callback(None)
            return done
        self._stopping.append(done)
        if not self._is_over:
            self._is_over = True
            Deferred.fromCoroutine(self._stop()).addErrback(
                lambda failure: _log.failure("the client did not stop well", failure)
            )
        return done

    def chat(self, toid: int, text: str, *, cid: str | None = None) -> Deferred[Sent]:
        """Send a text to a user; fires once the server has stored it, whenever that is.

        With a store on disk the text is safe there when this returns. Texts for the same user
        are stored in the order in which they were given. The ``cid`` of a text that waits in
        the outbox gives one more Deferred for that. Cancelling does not take the text back.

        Fails with the :class:`~chatserver.errors.ChatError` of a refusal, unless that says
        to try again later; with :class:`~chatclient.errors.OutboxFull` or
        :class:`~chatclient.errors.StoreUnusable` where the text is not taken; and with
        :class:`~chatclient.errors.ClientStopped`.

        :raises UnicodeEncodeError: the text has a lone surrogate.
        """
        return self._send(Unsent(cid or fresh_cid(), text, toid=toid))

    def group_chat(self, groupid: int, text: str, *, cid: str | None = None) -> Deferred[Sent]:
        """Send a text to a group; as :meth:`chat`."""
        return self._send(Unsent(cid or fresh_cid(), text, groupid=groupid))

    def answer_to(self, cid: str) -> Deferred[Sent]:
        """Fires as the Deferred of the text in :attr:`unsent` that has this ``cid``.

        :raises KeyError: none has.
        """
        return self._sender.answer_to(cid)

    def _send(self, unsent: Unsent) -> Deferred[Sent]:
        unsent.text.encode()
        return fail(ClientStopped()) if self._is_over else self._sender.add(unsent)

    async def _run(self) -> None:
        with suppress(CancelledError):
            self._tell(await self._come_and_go())

    async def _come_and_go(self) -> State:
        """The state in which it ended."""
        while True:
            self._tell(Connecting())
            why = await self._visit(next(self._endpoints))
            if self._is_over:
                raise CancelledError
            if isinstance(why, Dismissed) and why.reason == "replaced":
                if not self._unanswered_logins:
                    return Replaced()
                self._unanswered_logins -= 1
            if is_final(why):
                return LoginRefused(why)
            least = _asked_for(why)
            seconds = self._pauses.next(least)
            self._wait = Wait(self._clock, seconds, least)
            self._tell(Offline(why, seconds))
            await self._wait.over
            self._wait = None

    async def _visit(self, endpoint: Endpoint) -> Exception:
        """Connect, log in and stay as long as can be; why that ended."""
        self._goodbye = None
        self._lost = Deferred()
        try:
            await self._connect(endpoint)
            account = await self._log_in()
            self._store.claim(account.id)
            why = await self._stay(account)
        except Exception as problem:
            why = problem
        await self._client.close()
        if self._goodbye is not None and isinstance(why, ConnectionClosed):
            return Dismissed(self._goodbye)
        return why

    async def _connect(self, endpoint: Endpoint) -> None:
        def too_long(_result: object, seconds: float) -> Failure:
            text = _("no connection within {seconds} seconds").format(seconds=f"{seconds:g}")
            return Failure(TimeoutError(text))

        clock: Any = self._clock
        connecting = self._client.connect(endpoint)
        await connecting.addTimeout(self._connect_timeout, clock, too_long)

    async def _log_in(self) -> Account:
        try:
            return await self._login.log_in(self._client)
        except ChatError:
            raise
        except Exception:
            self._unanswered_logins += 1
            raise

    async def _stay(self, account: Account) -> Exception:
        since = self._clock.seconds()
        self._heartbeat.start()
        self._tell(Online(account))
        self._sender.online(self._client)
        try:
            return await self._lost
        finally:
            self._sender.offline()
            self._heartbeat.stop()
            if self._clock.seconds() - since >= SETTLED_AFTER:
                self._pauses.reset()
                self._unanswered_logins = 0

    async def _stop(self) -> None:
        # Whoever asks for it may stand in the midst of what is to be stopped.
        await pause(self._clock, 0)
        await self._sender.end()
        if self._running is not None:
            self._running.cancel()
            await self._running
        await self._client.close()
        self._sender.give_up(ClientStopped())
        try:
            self._store.close()
        finally:
            self._tell(Stopped())
            stopping, self._stopping = self._stopping, []
            for done in stopping:
                done.callback(None)

    def _event(self, event: Event) -> None:
        self._heartbeat.heard()
        match event:
            case Goodbye():
                self._goodbye = event
            case OneChatPush() | GroupChatPush():
                # At other times they are those of an account that is not let in.
                if isinstance(self.state, Online):
                    self._message(event)
            case _:
                self._on_event(event)

    def _message(self, push: Push) -> None:
        if push.seq > self._handed_over.get(push.conv, 0):
            self._on_event(push)
            self._handed_over[push.conv] = push.seq
        # What raises here is not acknowledged, comes again, and is noted then.
        self._store.note(push.conv, push.seq)

    def _gone(self, reason: Failure) -> None:
        why = reason.value
        assert isinstance(why, Exception)
        self._lost.callback(why)

    def _tell(self, state: State) -> None:
        self.state = state
        try:
            self._on_state(state)
        except Exception:
            _log.failure("the listener failed at the state {state}", state=type(state).__name__)


def _asked_for(why: Exception) -> float:
    """The seconds for which the server wants to be left alone."""
    match why:
        case Dismissed():
            return why.retry_after
        case ChatError():
            return least_pause(why)
    return 0.0
