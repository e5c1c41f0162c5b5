"""How this node is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from chatserver import __version__
from chatserver.bus.bus import Bus
from chatserver.clock import Clock
from chatserver.orders import Answer, State, TellState
from chatserver.sessions.connections import Connections
from chatserver.sessions.registry import Registry
from chatserver.store.store import Store


class Condition:
    """Tells how this node is.

    :param late: by how many seconds the reactor was late lately; None where that is not measured.
    :param server: names this server for people.
    """

    def __init__(
        self,
        store: Store,
        bus: Bus,
        registry: Registry,
        connections: Connections,
        late: Callable[[], float | None],
        server: str,
        clock: Clock,
    ) -> None:
        self._store = store
        self._bus = bus
        self._registry = registry
        self._connections = connections
        self._late = late
        self._server = server
        self._clock = clock
        self._begun = clock.seconds()

    async def tell(self, order: TellState) -> AsyncGenerator[Answer, None]:  # noqa: ARG002
        """Tell it in one part."""
        sessions = self._registry.sessions
        log = self._store.log
        yield State(
            server=self._server,
            version=__version__,
            uptime=round(self._clock.seconds() - self._begun, 3),
            connections=len(self._connections),
            logged_in=sum(session.login is not None for session in sessions),
            accounts=len(self._registry.accounts()),
            stored=log.stored,
            pending=len(log.drafts),
            unsent=sum(session.outbox.unsent for session in sessions),
            is_bus_whole=self._bus.is_whole,
            late=self._late(),
        )
