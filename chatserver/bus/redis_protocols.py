"""txredisapi's connections, as the bus uses them: one that subscribes, one that publishes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from txredisapi import RedisProtocol, ResponseError, SubscriberProtocol

# Bytes that were sent and not answered, above which the connection counts as hung.
_MOST_UNANSWERED = 32 * 2**20

Received = Callable[[bytes, bytes], None]


class _Connection(RedisProtocol):  # type: ignore[misc]
    """Tells its factory why it was lost, as a certificate that is not trusted."""

    def connectionLost(self, why: Any) -> None:
        if not why.check(ConnectionDone, ConnectionLost):
            self.factory.connectionError(str(why.value))
        super().connectionLost(why)


class Subscription(_Connection, SubscriberProtocol):  # type: ignore[misc]
    """Receives from channels.

    Redis confirms each channel of a SUBSCRIBE by itself, and txredisapi would take the second of
    these for the answer to the next command: here a command is answered when all its
    channels are.

    :param received: called with a channel and what was published there.
    """

    def __init__(self, received: Received, **options: Any) -> None:
        super().__init__(**options)
        self._received = received
        self._unconfirmed: deque[int] = deque()  # channels of each command under way

    @property
    def is_settled(self) -> bool:
        """Whether every channel asked for is confirmed."""
        return not self._unconfirmed

    def subscribe(self, channels: Collection[str]) -> Deferred[Any]:
        """Ask for channels; fires when all are confirmed."""
        return self._command("SUBSCRIBE", channels)

    def unsubscribe(self, channels: Collection[str]) -> Deferred[Any]:
        return self._command("UNSUBSCRIBE", channels)

    def replyReceived(self, reply: Any) -> None:
        match reply:
            case [b"message", channel, data]:
                self._received(channel, data)
            case [b"subscribe" | b"unsubscribe", _, _]:
                self._unconfirmed[0] -= 1
                if not self._unconfirmed[0]:
                    self._unconfirmed.popleft()
                    self.replyQueue.put(reply)
            case ResponseError():
                # Whatever was refused, as a channel: without it, this connection is no use.
                self.factory.connectionError(str(reply))
                self.transport.abortConnection()
            case _:
                self.replyQueue.put(reply)

    def _command(self, command: str, channels: Collection[str]) -> Deferred[Any]:
        self._unconfirmed.append(len(channels))
        answered: Deferred[Any] = self.execute_command(command, *channels)
        return answered


class Publication(_Connection):
    """Publishes, and knows how much of it Redis has taken."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._unanswered = 0

    def publish(self, channel: str, data: bytes) -> Deferred[Any]:
        """Send data to a channel; fires when Redis has taken it.

        A connection on which too much waits is given up.
        """
        self._unanswered += len(data)
        if self._unanswered > _MOST_UNANSWERED:
            self.transport.abortConnection()

        def answered(result: Any) -> Any:
            self._unanswered -= len(data)
            return result

        taken: Deferred[Any] = super().publish(channel, data)
        return taken.addBoth(answered)
