"""All client sockets of a process, as one reader of the reactor."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

if TYPE_CHECKING:
    from chatserver.hub.transport import HubTransport

_MOST_AT_ONCE = 128  # sockets that are served before what was written is sent
_TURN = 0.005  # seconds after which the reactor has its turn


@implementer(IReadDescriptor)
class Hub:
    """Serves sockets that are ready, then sends what was written meanwhile: in rounds.

    What is written to a connection in a round leaves in one send at its end. What is written at
    other times is sent in the reactor's next turn, for all connections together.
    """

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self._epoll = select.epoll()
        self._transports: list[HubTransport | None] = []  # by descriptor
        self._count = 0
        self._unflushed: list[HubTransport] = []
        self._will_flush = False

    def add(self, transport: HubTransport, descriptor: int, events: int) -> None:
        """Serve a new connection."""
        self._epoll.register(descriptor, events)
        missing = descriptor + 1 - len(self._transports)
        if missing > 0:
            self._transports.extend([None] * missing)
        self._transports[descriptor] = transport
        self._count += 1
        if self._count == 1:
            self.reactor.addReader(self)

    def remove(self, descriptor: int, events: int) -> None:
        """Forget a connection that is about to be closed.

        :param events: those that it waits for.
        """
        self.change(descriptor, events, 0)
        self._transports[descriptor] = None
        self._count -= 1
        if not self._count:
            self.reactor.removeReader(self)

    def change(self, descriptor: int, before: int, events: int) -> None:
        """Let a connection wait for other events, or for none."""
        if not events:
            if before:
                self._epoll.unregister(descriptor)
        elif before:
            self._epoll.modify(descriptor, events)
        else:
            self._epoll.register(descriptor, events)

    def flush_later(self, transport: HubTransport) -> None:
        """Flush a connection at the end of this turn."""
        self._unflushed.append(transport)
        if not self._will_flush:
            self._will_flush = True
            self.reactor.callLater(0, self.flush)

    def flush(self) -> None:
        """Send what was written on all connections."""
        # What comes up while they are flushed has to wait, that others get their turn.
        unflushed, self._unflushed = self._unflushed, []
        for transport in unflushed:
            try:
                transport.flush()
            except BaseException:
                transport.fail()
        self._will_flush = bool(self._unflushed)
        if self._will_flush:
            self.reactor.callLater(0, self.flush)

    def doRead(self) -> None:
        """Serve the sockets that are ready, until none is or others must have their turn."""
        seconds = self.reactor.seconds
        until = seconds() + _TURN
        while self._serve() and seconds() < until:
            pass

    def _serve(self) -> bool:
        """Serve sockets that are ready, and send what was written; False if there were none."""
        # A socket that is closed meanwhile may give its number to a new one, which must not get
        # its events: so who is meant is looked up now.
        transports = self._transports
        ready = [(transports[n], events) for n, events in self._epoll.poll(0, _MOST_AT_ONCE)]
        self._will_flush = True
        for transport, events in ready:
            if transport is not None:
                try:
                    transport.serve(events)
                except BaseException:
                    transport.fail()
        self.flush()
        return bool(ready)

    def fileno(self) -> int:
        return self._epoll.fileno()

    def logPrefix(self) -> str:
        return "hub"

    def connectionLost(self, reason: Failure) -> None:
        """The reactor ends, and all connections with it."""
        for transport in self._transports:
            if transport is not None:
                transport.lose(reason)
