"""The interface of the bus, and its home inside one process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from chatserver.bus.events import AnyEvent

Listener = Callable[[AnyEvent], None]


class Bus(Protocol):
    """Carries events to every node that subscribed to their topic, this one included.

    It may lose events (it tells :meth:`on_loss` then), it may bring one twice, and those of
    different nodes out of order. To this node they come at once and exactly once.
    """

    def listen(self, listener: Listener) -> None:
        """Give all that arrives to ``listener``."""

    def on_loss(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` when events may have been lost, once those to come arrive again."""

    @property
    def is_whole(self) -> bool:
        """Whether what other nodes publish arrives just now, as far as can be known."""

    @property
    def lag(self) -> float:
        """The seconds that an event takes to arrive, as far as can be known; 0 in one process."""

    @property
    def longest_lag(self) -> float:
        """The longest of these in the last minutes."""

    def hears(self, node: str) -> bool:
        """Whether another node's events arrive just now, as far as can be known."""

    async def subscribe(self, topics: Collection[str]) -> None:
        """Ask for topics; when this returns, what is published from now on arrives.

        Where it can't be promised, :attr:`is_whole` is false, or a loss is told.
        """

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """Nobody here wants these topics any longer."""

    def publish(self, topics: Collection[str], event: AnyEvent) -> None:
        """Send an event to who has subscribed to any of the topics."""

    def expect(self, nodes: Collection[str]) -> None:
        """These are all the nodes; while one of them is not heard, the bus is not whole."""

    def tell_loss(self) -> None:
        """Tell all nodes, this one too, that they may have missed events."""


class LocalBus:
    """The bus of a single node: events arrive at once, in order, and exactly once."""

    is_whole = True
    lag = 0.0
    longest_lag = 0.0

    def __init__(self) -> None:
        self._listener: Listener = _nobody
        self._loss_listener: Callable[[], None] = _nobody
        self._topics: set[str] = set()

    def listen(self, listener: Listener) -> None:
        self._listener = listener

    def on_loss(self, listener: Callable[[], None]) -> None:
        self._loss_listener = listener

    def hears(self, node: str) -> bool:  # noqa: ARG002
        return False  # there is no other

    async def subscribe(self, topics: Collection[str]) -> None:
        self._topics.update(topics)

    def unsubscribe(self, topics: Iterable[str]) -> None:
        self._topics.difference_update(topics)

    def publish(self, topics: Collection[str], event: AnyEvent) -> None:
        if not self._topics.isdisjoint(topics):
            self._listener(event)

    def expect(self, nodes: Collection[str]) -> None:
        """There is no other."""

    def tell_loss(self) -> None:
        self._loss_listener()


def _nobody(*args: object) -> None:
    """Nobody listens yet."""
