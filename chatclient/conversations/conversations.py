"""All conversations of one account, kept up to date by a steady client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from chatclient.client import ChatClient, fresh_cid
from chatclient.conversations.conversation import Conversation, Outgoing
from chatclient.conversations.history import History
from chatclient.conversations.keeper import Keeper
from chatclient.conversations.kept import KeptFile
from chatclient.conversations.peers import Peer, group, peer_of, user
from chatclient.conversations.people import People
from chatclient.conversations.timeline import Message, message_of
from chatclient.errors import ClientStopped, NotConnected
from chatclient.interfaces import Clock
from chatclient.protocol import Event
from chatclient.reasons import reason
from chatclient.results import Account, Sent
from chatclient.steady.states import Online, Replaced, State
from chatclient.steady.store import Unsent
from chatserver.wire.frames import GroupChatPush, OneChatPush, PresencePush, Push

MOST_AT_HAND = 2000  # messages of a conversation that is left


class Client(Protocol):
    """What is needed of :class:`~chatclient.SteadyClient`."""

    @property
    def state(self) -> State: ...

    @property
    def connection(self) -> ChatClient | None: ...

    @property
    def unsent(self) -> list[Unsent]: ...

    def start(self) -> None: ...

    def hurry(self) -> None: ...

    def stop(self) -> Deferred[None]: ...

    def chat(self, toid: int, text: str, *, cid: str | None = None) -> Deferred[Sent]: ...

    def group_chat(self, groupid: int, text: str, *, cid: str | None = None) -> Deferred[Sent]: ...

    def answer_to(self, cid: str) -> Deferred[Sent]: ...


class Conversations:
    """The conversations, in an order that nothing changes: new ones come last.

    Give :meth:`event` and :meth:`state` to the client, and the client to :meth:`begin`.

    :param clock: the reactor, or a clock in tests.
    :param file: what it kept is there again, and what survives is kept there.
    """

    def __init__(self, clock: Clock, file: KeptFile) -> None:
        #: Called whenever something is not as before; several times in a turn, maybe.
        self.on_change: Callable[[], None] = lambda: None
        #: Called with each message of somebody else that is pushed.
        self.on_message: Callable[[Conversation, Message], None] = lambda *_: None
        self.people = People()
        self.me = 0
        #: The one that is looked at, and whether its end is in view of somebody who looks.
        self.current: Conversation | None = None
        self.is_watched = True
        self.history = History(clock, lambda: self.client.connection, self._read_back)
        self.keeper = Keeper(clock, file)
        self._client: Client | None = None
        self._by_peer = self.keeper.restore(self.people)
        #: Those of which the server may have what was never pushed to this run.
        self._behind = self._known()

    def __iter__(self) -> Iterator[Conversation]:
        return iter(self._by_peer.values())

    @property
    def client(self) -> Client:
        """The client; :meth:`begin` has brought it."""
        assert self._client is not None
        return self._client

    @property
    def connection(self) -> ChatClient:
        """The connection, for what can't wait for one.

        :raises NotConnected: there is none.
        """
        connection = self.client.connection
        if connection is None:
            raise NotConnected
        return connection

    @property
    def unread(self) -> int:
        """The number of unread messages in all of them."""
        return sum(each.unread(self.me) for each in self)

    def with_peer(self, peer: Peer) -> Conversation:
        """The conversation with somebody, a new one where there was none."""
        conversation = self._by_peer.get(peer)
        if conversation is None:
            conversation = self._by_peer[peer] = Conversation(peer)
            self._changed()
        return conversation

    def next_unread(self) -> Conversation | None:
        """The first with unread messages behind the current one, from the top after the last."""
        everyone = list(self)
        start = everyone.index(self.current) + 1 if self.current is not None else 0
        for each in everyone[start:] + everyone[:start]:
            if each.unread(self.me):
                return each
        return None

    def enter(self, conversation: Conversation) -> None:
        """Look at a conversation; its line stands where the unread begins."""
        if conversation is self.current:
            return
        self.leave()
        self.current = conversation
        conversation.marker = conversation.read if conversation.unread(self.me) else None
        if self.is_watched:
            conversation.mark_read()
        if not conversation.timeline.messages:
            self.history.load_older(conversation)
        self._changed()

    def leave(self) -> None:
        """Look at none."""
        if self.current is not None:
            self.current.marker = None
            self.current.timeline.shorten(MOST_AT_HAND)
            self.current = None

    def watch(self, watched: bool) -> None:
        """Whether the end of the current one is in view of somebody who looks."""
        self.is_watched = watched
        if watched and self.current is not None and self.current.unread(self.me):
            self.current.mark_read()
            self._changed()

    def see(self, seq: int) -> None:
        """The current one was in view up to there."""
        current = self.current
        if current is not None and current.read is not None and current.read < seq:
            seen = min(seq, current.known)
            if seen > current.read:
                current.read = seen
                self._changed()

    def forget(self, conversation: Conversation) -> None:
        """Take it off the list, until somebody writes again."""
        if conversation is self.current:
            self.leave()
        del self._by_peer[conversation.peer]
        self._changed()

    def keep_draft(self, conversation: Conversation, draft: str) -> None:
        """Keep what stands unfinished in the input."""
        if draft != conversation.draft:
            conversation.draft = draft
            self.keeper.save_soon(self, self.people)

    def send(self, conversation: Conversation, text: str) -> None:
        """Send a text, now or when that can be."""
        outgoing = Outgoing(fresh_cid(), text)
        conversation.outgoing.append(outgoing)
        conversation.marker = None
        peer = conversation.peer
        send = self.client.group_chat if peer.is_group else self.client.chat
        self._follow(send(peer.id, text, cid=outgoing.cid), conversation, outgoing)
        self._changed()

    def retry(self, conversation: Conversation) -> int:
        """Send the failed texts once more; how many those are."""
        failed = conversation.drop_failed()
        for outgoing in failed:
            self.send(conversation, outgoing.text)
        return len(failed)

    def discard(self, conversation: Conversation) -> int:
        """Forget the failed texts; how many those were."""
        count = len(conversation.drop_failed())
        self._changed()
        return count

    def begin(self, client: Client) -> None:
        """Show the outbox of a client that was not started yet, and start it."""
        self._client = client
        for unsent in client.unsent:
            peer = user(unsent.toid) if unsent.toid is not None else group(unsent.groupid or 0)
            conversation = self.with_peer(peer)
            outgoing = Outgoing(unsent.cid, unsent.text)
            conversation.outgoing.append(outgoing)
            self._follow(client.answer_to(unsent.cid), conversation, outgoing)
        client.start()

    def end(self) -> Deferred[None]:
        """Keep what is to be kept, and stop the client."""
        self.history.stop()
        stopping = self.client.stop()
        return stopping.addCallback(lambda _: self.keeper.close(self, self.people))

    def state(self, state: State) -> None:
        """Take a new state of the connection."""
        match state:
            case Online(account):
                self._logged_in(account)
            case Replaced():
                # Whoever took the place has got messages that do not come again.
                self._behind = self._known()
                self.history.stop()
            case _:
                self.history.stop()
        self._changed()

    def event(self, event: Event) -> None:
        """Take what the server sends."""
        match event:
            case OneChatPush() | GroupChatPush():
                self._message(event)
            case PresencePush():
                self.people.presence(event)
                self._changed()

    def _logged_in(self, account: Account) -> None:
        self.me = account.id
        self.people.logged_in(account)
        for friend in account.friends:
            self.with_peer(user(friend.id))
        for each in account.groups:
            self.with_peer(group(each.id))
        behind = [each for each in self if each.peer in self._behind or each.timeline.has_hole]
        if self.current is not None:
            behind = [self.current, *(each for each in behind if each is not self.current)]
        self.history.catch_up(behind)

    def _known(self) -> set[Peer]:
        return {each.peer for each in self if each.read is not None}

    def _message(self, push: Push) -> None:
        conversation = self.with_peer(peer_of(push, self.me))
        message = message_of(push)
        is_foreign = message.sender != self.me
        was_read = not conversation.unread(self.me)
        conversation.take_place(push.conv, push.seq)
        if is_foreign:
            self.people.names[message.sender] = message.name
            if conversation.peer.is_group:
                self.people.add_member(conversation.peer.id, message.sender, message.name)
            if conversation is self.current and was_read and not self.is_watched:
                conversation.marker = conversation.read
        self._add(conversation, message)
        if is_foreign:
            self.on_message(conversation, message)

    def _add(self, conversation: Conversation, message: Message) -> None:
        """Take a message that has just been stored, or that was missed."""
        conversation.timeline.add(message)
        self._settle(conversation)
        if conversation.timeline.has_hole:
            self.history.fill(conversation)

    def _read_back(self, conversation: Conversation) -> None:
        """Something was read from the history."""
        self._behind.discard(conversation.peer)
        for message in conversation.timeline.messages:
            self.people.call(user(message.sender), message.name)
        self._settle(conversation)

    def _settle(self, conversation: Conversation) -> None:
        """A timeline has got something."""
        conversation.follow_timeline()
        if conversation.read is None:
            conversation.read = conversation.known
        elif conversation is self.current and self.is_watched:
            conversation.mark_read()
        self._changed()

    def _follow(
        self, sending: Deferred[Sent], conversation: Conversation, outgoing: Outgoing
    ) -> None:
        """See what becomes of a text."""

        def stored(sent: Sent) -> None:
            name = self.people.name(user(self.me)) or ""
            conversation.take_number(sent.conv)
            self._add(
                conversation, Message(sent.seq, self.me, name, outgoing.text, sent.time, sent.cid)
            )

        def failed(failure: Failure) -> None:
            problem = failure.value
            if problem is not None and not isinstance(problem, ClientStopped):
                outgoing.why = reason(problem)
                self._changed()

        sending.addCallbacks(stored, failed)

    def _changed(self) -> None:
        self.keeper.save_soon(self, self.people)
        self.on_change()
