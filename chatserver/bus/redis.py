"""The bus between nodes: Redis pub/sub, a channel for each topic.

Redis forgets what it can't deliver, so this is a doorbell: it says when it may not have rung.
What happens on this node reaches this node's sessions without Redis.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from chatserver.bus.bus import Listener, LocalBus
from chatserver.bus.encoding import (
    ID_LENGTH,
    Beat,
    Loss,
    Notice,
    NotUnderstood,
    data_of,
    encode,
    events_in,
    head_of,
    notices_in,
)
from chatserver.bus.events import AnyEvent
from chatserver.bus.redis_address import RedisAddress
from chatserver.bus.redis_link import RedisLink
from chatserver.bus.redis_protocols import Publication, Subscription
from chatserver.peak import Peak

BEAT_INTERVAL = 0.25  # seconds
_SILENT = 0.8  # seconds without a beat after which a node's events may not arrive
_HUNG = 2.0  # seconds without one's own beat after which the connections are given up
_AT_ONCE = 1000  # channels in one command
_NODES = "nodes"  # the topic of notices, that all nodes subscribe to


class RedisBus:
    """Implements :class:`Bus`; events published in one turn of the reactor travel together.

    :param node: the node's id, of 16 ASCII characters.
    """

    _log = Logger()

    def __init__(self, address: RedisAddress, node: str, clock: Any) -> None:
        self._clock = clock
        self._shown = address.shown
        self._node = node.encode()
        assert len(self._node) == ID_LENGTH
        self._head = head_of(self._node)
        self._prefix = ""
        self._notices = b""  # the channel of notices
        self._local = LocalBus()
        self._listener: Listener = _ignore
        self._loss_listener: Callable[[], None] = _nobody
        self._topics = {_NODES}
        self._outgoing: defaultdict[str, list[bytes]] = defaultdict(list)
        self._heard: dict[bytes, float] = {}
        self._beat_sent: float | None = None  # when the beat was, that has not come back yet
        self._lag = 0.0
        self._longest_lag = Peak(clock.seconds)
        self._subscribed = 0.0  # when it last began to hear others
        self._expected = {self._node}
        self._is_understood = True
        self._is_told = False  # that Redis can't be used
        self._beating = LoopingCall(self._beat)
        self._beating.clock = clock
        self._subscriber: RedisLink[Subscription] = RedisLink(
            address,
            clock,
            lambda **options: Subscription(self._received, **options),
            prepare=self._subscribe_all,
            up=self._subscriber_up,
            down=_nobody,
            failed=self._tell,
        )
        self._publisher: RedisLink[Publication] = RedisLink(
            address,
            clock,
            lambda **options: Publication(self._not_published, **options),
            prepare=self._greet,
            up=self._publisher_up,
            down=self._publisher_down,
            failed=self._tell,
        )

    def start(self, chat_id: str) -> None:
        """Connect. Only nodes with the same ``chat_id`` hear each other."""
        self._prefix = f"chatserver:{chat_id}:"
        self._notices = (self._prefix + _NODES).encode()
        self._subscriber.start()
        self._publisher.start()
        self._beating.start(BEAT_INTERVAL)

    async def stop(self) -> None:
        """Disconnect, after what was published has left."""
        if not self._beating.running:
            return
        self._beating.stop()
        self._flush()
        if self._publisher.protocol is not None:
            await self._publisher.protocol.ping().addTimeout(1, self._clock).addErrback(_ignore)
        await self._subscriber.stop()
        await self._publisher.stop()

    def listen(self, listener: Listener) -> None:
        self._listener = listener
        self._local.listen(listener)

    def on_loss(self, listener: Callable[[], None]) -> None:
        self._loss_listener = listener

    @property
    def is_whole(self) -> bool:
        return self._is_connected and all(map(self._is_heard, self._expected))

    @property
    def lag(self) -> float:
        sent = self._beat_sent
        return self._lag if sent is None else max(self._lag, self._clock.seconds() - sent)

    @property
    def longest_lag(self) -> float:
        return max(self._longest_lag.value, self.lag)

    def hears(self, node: str) -> bool:
        return self._subscriber.protocol is not None and self._is_heard(node.encode())

    def expect(self, nodes: Collection[str]) -> None:
        expected = {node.encode() for node in nodes} | {self._node}
        for node in expected - self._expected:
            self._heard.setdefault(node, self._clock.seconds())
        self._expected = expected
        self._heard = {node: at for node, at in self._heard.items() if node in expected}

    async def subscribe(self, topics: Collection[str]) -> None:
        new = [topic for topic in topics if topic not in self._topics]
        self._topics.update(new)
        await self._local.subscribe(new)
        subscription = self._subscriber.protocol
        if subscription is None:
            return  # when there is one again, it takes all topics, and a loss is told
        if new:
            confirmed = self._ask_for(subscription, new)
        elif subscription.is_settled:
            return
        else:
            confirmed = subscription.ping()  # is answered behind the others
        await confirmed.addErrback(_ignore)

    def unsubscribe(self, topics: Iterable[str]) -> None:
        gone = [topic for topic in topics if topic in self._topics]
        self._topics.difference_update(gone)
        self._local.unsubscribe(gone)
        subscription = self._subscriber.protocol
        if subscription is not None:
            for start in range(0, len(gone), _AT_ONCE):
                channels = self._channels(gone[start : start + _AT_ONCE])
                subscription.unsubscribe(channels).addErrback(_ignore)

    def publish(self, topics: Collection[str], event: AnyEvent) -> None:
        self._put(topics, event)
        self._local.publish(topics, event)

    def tell_loss(self) -> None:
        self._put([_NODES], Loss())
        self._loss_listener()

    @property
    def _is_connected(self) -> bool:
        return self._subscriber.protocol is not None and self._publisher.protocol is not None

    def _tell(self, problem: str) -> None:
        """Log why Redis can't be used, unless that was told since both connections were there."""
        if not self._is_told:
            self._is_told = True
            self._log.error(
                "can't use Redis at {redis}: {problem}; until it is back, what happens on other "
                "nodes is read from the database every second",
                redis=self._shown,
                problem=problem,
            )

    def _is_heard(self, node: bytes) -> bool:
        silence: float = self._clock.seconds() - self._heard.get(node, self._subscribed)
        return silence < _SILENT

    def _put(self, topics: Iterable[str], event: AnyEvent | Notice) -> None:
        if self._publisher.protocol is None:
            return  # when there is one again, a loss is told
        if not self._outgoing:
            self._clock.callLater(0, self._flush)
        encoded = encode(event)
        for topic in topics:
            self._outgoing[topic].append(encoded)

    def _flush(self) -> None:
        outgoing, self._outgoing = self._outgoing, defaultdict(list)
        if outgoing and self._publisher.protocol is not None:
            self._publisher.protocol.send(
                (self._prefix + topic, data_of(self._head, encoded))
                for topic, encoded in outgoing.items()
            )

    def _not_published(self, refusal: Exception) -> None:
        if self._publisher.protocol is not None:  # else the link tells it
            self._tell(str(refusal))

    def _received(self, channel: bytes, data: bytes) -> None:
        if data.startswith(self._node):  # its events were delivered here when they were published
            self._heard[self._node] = self._clock.seconds()
            if channel == self._notices:
                self._came_back()
            return
        try:
            if channel == self._notices:
                self._notice(data)
            else:
                for event in events_in(data):
                    self._listener(event)
        except NotUnderstood as problem:
            self._not_understood(problem)

    def _notice(self, data: bytes) -> None:
        for notice in notices_in(data):
            if isinstance(notice, Beat):
                self._heard[data[:ID_LENGTH]] = self._clock.seconds()
            else:
                self._loss_listener()

    def _came_back(self) -> None:
        """This node's beat has taken the way of all events."""
        if self._beat_sent is not None:
            self._lag = self._clock.seconds() - self._beat_sent
            self._longest_lag.note(self._lag)
            self._beat_sent = None

    def _not_understood(self, problem: Exception) -> None:
        self._loss_listener()
        if self._is_understood:
            self._is_understood = False
            self._log.error(
                "another node publishes what this one does not understand ({problem}); until "
                "all are of the same version, what happens there is read from the database",
                problem=str(problem),
            )

    def _beat(self) -> None:
        self._put([_NODES], Beat())
        if self._beat_sent is None:
            self._beat_sent = self._clock.seconds()
        if self._is_connected and self._heard[self._node] < self._clock.seconds() - _HUNG:
            self._tell("no answer")
            self._subscriber.abort()
            self._publisher.abort()

    async def _subscribe_all(self, subscription: Subscription) -> None:
        asked: set[str] = set()
        while missing := self._topics - asked:
            await self._ask_for(subscription, list(missing))
            asked |= missing
        gone = asked - self._topics
        if gone:
            await subscription.unsubscribe(self._channels(gone))

    def _ask_for(self, subscription: Subscription, topics: list[str]) -> Deferred[Any]:
        """Fires when all the topics are confirmed."""
        for start in range(0, len(topics), _AT_ONCE):
            channels = self._channels(topics[start : start + _AT_ONCE])
            subscription.subscribe(channels).addErrback(_ignore)
        confirmed: Deferred[Any] = subscription.ping()  # is answered behind the others
        return confirmed

    async def _greet(self, publication: Publication) -> None:
        await publication.ping()

    def _subscriber_up(self) -> None:
        self._subscribed = self._clock.seconds()
        self._link_up()
        self._loss_listener()

    def _publisher_up(self) -> None:
        self._link_up()
        self.tell_loss()

    def _link_up(self) -> None:
        self._heard[self._node] = self._clock.seconds()
        self._beat_sent = None
        if self._is_told and self._is_connected:
            self._is_told = False
            self._log.info("Redis at {redis} works again", redis=self._shown)

    def _publisher_down(self) -> None:
        """What is lost by that is told as a loss, when there is a new connection."""
        self._outgoing.clear()

    def _channels(self, topics: Iterable[str]) -> list[str]:
        return [self._prefix + topic for topic in topics]


def _ignore(failure: Any) -> None:
    """The connection is gone, which its link tells."""


def _nobody() -> None:
    """Nobody listens yet."""
