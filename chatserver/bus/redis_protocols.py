"""txredisapi's connections, as the bus uses them: one that subscribes, one that publishes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import Any

import hiredis
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from txredisapi import RedisProtocol, ResponseError, SubscriberProtocol

# Bytes that were sent and not answered, above which the connection counts as hung.
_MOST_UNANSWERED = 32 * 2**20

Received = Callable[[bytes, bytes], None]


class _Connection(RedisProtocol):  # type: ignore[misc]
    """Tells its factory why it was lost, as a certificate that is not trusted.

    Replies are taken as they are: txredisapi looks into each for texts and numbers to convert,
    and for transactions.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._replies = hiredis.Reader(replyError=ResponseError)

    def dataReceived(self, data: bytes, unpause: bool = False) -> None:  # noqa: ARG002
        self._replies.feed(data)
        next_reply = self._replies.gets
        while (reply := next_reply()) is not False:
            self.replyReceived(reply)

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
        if type(reply) is list and reply[0] == b"message":
            self._received(reply[1], reply[2])
            return
        match reply:
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
    """Publishes, and knows how much of it Redis has taken.

    :param refused: called with why, where Redis does not take something.
    """

    def __init__(self, refused: Callable[[ResponseError], None], **options: Any) -> None:
        super().__init__(**options)
        self._refused = refused
        # The bytes of each PUBLISH that waits for its reply, and 0 for any other command.
        self._awaited: deque[int] = deque()
        self._unanswered = 0

    def send(self, publications: Iterable[tuple[str, bytes]]) -> None:
        """Publish data in channels, in one write and without a Deferred for each.

        A connection on which too much waits is given up.
        """
        commands = [_publish(channel, data) for channel, data in publications]
        written = b"".join(commands)
        self._awaited.extend(map(len, commands))
        self._unanswered += len(written)
        if self._unanswered > _MOST_UNANSWERED:
            self.transport.abortConnection()
        self.transport.write(written)

    def execute_command(self, *words: Any, **options: Any) -> Deferred[Any]:
        answered: Deferred[Any] = super().execute_command(*words, **options)
        self._awaited.append(0)
        return answered

    def replyReceived(self, reply: Any) -> None:
        size = self._awaited.popleft() if self._awaited else 0
        if not size:
            super().replyReceived(reply)
            return
        self._unanswered -= size
        if isinstance(reply, ResponseError):
            self._refused(reply)


def _publish(channel: str, data: bytes) -> bytes:
    """The command, for a channel of ASCII characters."""
    head = f"*3\r\n$7\r\nPUBLISH\r\n${len(channel)}\r\n{channel}\r\n${len(data)}\r\n"
    return head.encode() + data + b"\r\n"
