"""A node on its ports, as a service to start and stop."""

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from chatserver.node import Node
from chatserver.protocol import ChatFactory
from chatserver.services.liveness import INTERVAL as _LIVENESS_INTERVAL
from chatserver.services.resync import INTERVAL as _RESYNC_INTERVAL
from chatserver.settings import Settings
from chatserver.spawn import spawn

_BACKLOG = 4096  # connections that may wait to be accepted
_FLUSH_INTERVAL = 1.0  # seconds
_PRESENCE_INTERVAL = 1.0


class CannotListen(Exception):
    """A port can't be opened; the text says which and why."""


class ChatServer(Service):
    """A node on its ports."""

    _log = Logger()

    def __init__(self, settings: Settings, reactor: Any) -> None:
        self._settings = settings
        self._reactor = reactor
        self._endpoints = endpoints(settings, reactor)
        self._ports: list[Any] = []
        self._loops: list[LoopingCall] = []
        self._node: Node | None = None
        self._factory: ChatFactory | None = None

    @property
    def addresses(self) -> list[Any]:
        """Where the server listens."""
        return [port.getHost() for port in self._ports]

    def privilegedStartService(self) -> None:
        """Open the ports, while there may still be the right to open low ones.

        :raises CannotListen: one can't be opened.
        """
        self._node = Node(self._settings, self._reactor)
        self._factory = ChatFactory(self._node, self._settings, self._reactor)
        for name, endpoint in self._endpoints:
            problems: list[BaseException] = []
            listening: Deferred[Any] = endpoint.listen(self._factory)
            listening.addCallbacks(
                self._ports.append, lambda failure, to=problems: to.append(failure.value)
            )
            if problems:
                raise _cannot_listen(name, problems[0])

    def startService(self) -> None:
        if self._node is None:
            self.privilegedStartService()
        assert self._node is not None
        assert self._factory is not None
        node, factory = self._node, self._factory
        spawn(node.join(), "joining the other nodes")
        self._repeat(_FLUSH_INTERVAL, node.flush_cursors)
        self._repeat(_PRESENCE_INTERVAL, node.presence.look)
        self._repeat(_RESYNC_INTERVAL, node.resync.look)
        if node.liveness is not None:
            self._repeat(_LIVENESS_INTERVAL, node.liveness.look)
        self._repeat(node.heartbeat.interval, node.heartbeat.look)
        self._repeat(node.heartbeat.interval, factory.look)
        super().startService()

    def stopService(self) -> Deferred[None]:
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        while self._loops:
            self._loops.pop().stop()
        await DeferredList([_as_deferred(port.stopListening()) for port in self._ports])
        if self._factory is not None:
            self._factory.abort_undecided()
        if self._node is not None:
            await self._node.drain(self._settings.drain)
            await self._node.close()
            self._node = None

    def _repeat(self, interval: float, work: Any) -> None:
        async def once() -> None:
            result = work()
            if result is not None:
                await result

        loop = LoopingCall(lambda: spawn(once(), "regular work"))
        loop.clock = self._reactor
        loop.start(interval, now=False)
        self._loops.append(loop)


def endpoints(settings: Settings, reactor: Any) -> list[tuple[str, Any]]:
    """The endpoints of the ``port`` setting, each with its text.

    :raises CannotListen: a text is no endpoint string.
    """
    found = []
    for port in settings.port:
        text = f"tcp:{port}:backlog={_BACKLOG}" if port.isdecimal() else port
        try:
            found.append((port, serverFromString(reactor, text)))
        except Exception as problem:
            raise CannotListen(f"can't use the port {port!r}: {problem}") from None
    return found


def _cannot_listen(name: str, problem: BaseException) -> CannotListen:
    if isinstance(problem, CannotListenError):
        why = getattr(problem.socketError, "strerror", None) or problem.socketError
    else:
        why = problem
    return CannotListen(
        f"can't listen on port {name}: {why}; stop what runs there or choose another --port"
    )


def _as_deferred(result: Any) -> Deferred[Any]:
    if isinstance(result, Deferred):
        return result
    done: Deferred[Any] = Deferred()
    done.callback(result)
    return done
