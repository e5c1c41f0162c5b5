"""The interface of the bus, and its home inside one process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from chatserver.bus.events import AnyEvent

Listener = Callable[[AnyEvent], None]


class Bus(Protocol):
    """Carries events to every node that subscribed to their topic, this one included.

    It may lose events, and it may bring one twice (once for each of its topics).
    """

    def listen(self, listener: Listener) -> None:
        """Give all that arrives to ``listener``."""

    async def subscribe(self, topics: Collection[str]) -> None:
        """Ask for topics; when this returns, what is published from now on arrives."""

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """Nobody here wants these topics any longer."""

    def publish(self, topics: Collection[str], event: AnyEvent) -> None:
        """Send an event to who has subscribed to any of the topics."""


class LocalBus:
    """The bus of a single node: events arrive at once, in order, and exactly once."""

    def __init__(self) -> None:
        self._listener: Listener = _nobody
        self._topics: set[str] = set()

    def listen(self, listener: Listener) -> None:
        self._listener = listener

    async def subscribe(self, topics: Collection[str]) -> None:
        self._topics.update(topics)

    def unsubscribe(self, topics: Iterable[str]) -> None:
        self._topics.difference_update(topics)

    def publish(self, topics: Collection[str], event: AnyEvent) -> None:
        if any(topic in self._topics for topic in topics):
            self._listener(event)


def _nobody(event: AnyEvent) -> None:
    """Nobody listens yet."""
