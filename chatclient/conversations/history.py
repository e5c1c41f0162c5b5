"""Reading from the server what is not at hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionClosed
from twisted.logger import Logger

from chatclient.client import ChatClient
from chatclient.conversations.conversation import Conversation
from chatclient.conversations.timeline import Message, message_of
from chatclient.errors import NotConnected
from chatclient.interfaces import Clock
from chatclient.results import HistoryPage
from chatclient.steady.login import least_pause
from chatclient.steady.pauses import pause
from chatserver.errors import ChatError, TooMany, TryAgain

PAGE = 50  # messages that are read at once for somebody who reads back
CATCH_UP = 200  # the newest that are read where some are missing; fewer are behind it, mostly

_log = Logger()


class History:
    """Reads pieces of conversations while there is a connection; each piece once at a time.

    :param connection: the connection of the moment, None where there is none.
    :param on_read: called with each conversation whose timeline got something.
    """

    def __init__(
        self,
        clock: Clock,
        connection: Callable[[], ChatClient | None],
        on_read: Callable[[Conversation], None],
    ) -> None:
        self._clock = clock
        self._connection = connection
        self._on_read = on_read
        self._running: dict[object, Deferred[None]] = {}

    def load_older(self, conversation: Conversation) -> None:
        """Read what comes before the first message at hand; the newest where there is none."""
        if conversation.timeline.messages:
            self._run(("older", conversation.peer), lambda: self._older(conversation))
        else:
            self.fill(conversation)

    def is_loading(self, conversation: Conversation) -> bool:
        """Whether something of it is being read."""
        return any((what, conversation.peer) in self._running for what in ("older", "newest"))

    def fill(self, conversation: Conversation) -> None:
        """Read the newest messages, so that none is missing up to the last."""
        self._run(("newest", conversation.peer), lambda: self._newest(conversation))

    def catch_up(self, conversations: Iterable[Conversation]) -> None:
        """Read the newest of each, one after the other."""

        async def all_of_them() -> None:
            for conversation in conversations:
                await self._newest(conversation)

        self._run("all", all_of_them)

    def stop(self) -> None:
        """The connection is gone: nothing that was asked for will come."""
        for reading in list(self._running.values()):
            reading.cancel()

    def _run(self, what: object, read: Callable[[], Awaitable[None]]) -> None:
        if what in self._running or self._connection() is None:
            return

        async def run() -> None:
            try:
                await read()
            except (ConnectionClosed, CancelledError):
                pass
            except Exception:
                _log.failure("reading the history failed")

        def ended(_: None) -> None:
            del self._running[what]

        # It may end before it is noted as running.
        reading = self._running[what] = Deferred.fromCoroutine(run())
        reading.addCallback(ended)

    async def _older(self, conversation: Conversation) -> None:
        before = conversation.timeline.first
        page = await self._page(conversation, before, PAGE)
        timeline = conversation.timeline
        if page is None:
            timeline.end_at_first()
        elif timeline.first == before:
            timeline.add_older(_messages(page), is_all=not page.more)
        self._on_read(conversation)

    async def _newest(self, conversation: Conversation) -> None:
        is_done = False
        while not is_done:
            before = conversation.timeline
            last = before.last
            page = await self._page(conversation, None, CATCH_UP if last else PAGE)
            timeline = conversation.timeline
            if page is None:
                timeline.end_at_first()
            else:
                timeline.add_newest(_messages(page), is_all=not page.more)
            if timeline is before and timeline.last == last:
                timeline.give_up_waiting()
            is_done = not timeline.has_hole
            self._on_read(conversation)

    async def _page(
        self, conversation: Conversation, before: int | None, limit: int
    ) -> HistoryPage | None:
        """A page, None where it is refused for good; another number is taken over with it."""
        peer = conversation.peer
        while True:
            connection = self._connection()
            if connection is None:
                raise NotConnected
            try:
                page = await connection.history(
                    toid=None if peer.is_group else peer.id,
                    groupid=peer.id if peer.is_group else None,
                    before=before,
                    limit=limit,
                )
            except (TooMany, TryAgain) as refusal:
                await pause(self._clock, least_pause(refusal))
            except ChatError:
                return None
            else:
                if page.conv is not None:
                    conversation.take_number(page.conv)
                return page


def _messages(page: HistoryPage) -> list[Message]:
    return [message_of(push) for push in page.messages]
