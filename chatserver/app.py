"""A node on its ports, as a service to start and stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from chatserver.doors import INTERVAL as _DOORS_INTERVAL
from chatserver.doors import Doors
from chatserver.factory import ChatFactory
from chatserver.hub import HAS_EPOLL
from chatserver.memory import INTERVAL as _MEMORY_INTERVAL
from chatserver.memory import Memory, tidy
from chatserver.node import Node
from chatserver.operations.orders import INTERVAL as _ORDERS_INTERVAL
from chatserver.ports import SharedPorts, moved
from chatserver.services.liveness import INTERVAL as _LIVENESS_INTERVAL
from chatserver.services.resync import INTERVAL as _RESYNC_INTERVAL
from chatserver.settings import Settings
from chatserver.sockets import BACKLOG, tune
from chatserver.spawn import spawn
from chatserver.tls.certificates import INTERVAL as _CERTIFICATES_INTERVAL
from chatserver.tls.certificates import Certificates
from chatserver.tls.endpoint import is_tls, tls_endpoint
from chatserver.web.endpoint import INTERVAL as _WEB_INTERVAL
from chatserver.web.endpoint import WebEndpoint

_FLUSH_INTERVAL = 1.0  # seconds
_PRESENCE_INTERVAL = 1.0


class CannotListen(Exception):
    """A port can't be opened; the text says which and why."""


class ChatServer(Service):
    """A node on its ports.

    :param has_hub: whether a hub serves the clients of TCP ports, or Twisted's own transports do.
    :param worker: which one it is of several processes, from 1, that open the same ports; each has
        web ports of its own, too. None for a server of one process.
    """

    _log = Logger()

    def __init__(
        self,
        settings: Settings,
        reactor: Any,
        *,
        has_hub: bool = HAS_EPOLL,
        worker: int | None = None,
    ) -> None:
        self._settings = settings
        self._reactor = reactor
        ports = _hubbed(reactor) if has_hub else reactor
        own_web, shared_web = settings.web, settings.web[:0]
        if worker is not None:
            ports = SharedPorts(ports.adoptStreamPort, reactor.adoptStreamPort)
            own_web, shared_web = tuple(moved(web, worker) for web in settings.web), settings.web
        self._certificates = Certificates()
        self._endpoints = endpoints("port", settings.port, self._certificates, ports)
        self._web_endpoints = endpoints("web", own_web, self._certificates, reactor)
        both = SharedPorts(reactor.adoptStreamPort, reactor.adoptStreamPort)
        self._shared_web_endpoints = endpoints("web", shared_web, self._certificates, both)
        self._ports: list[Any] = []
        self._web_ports: list[Any] = []
        self._web: WebEndpoint | None = None
        self._loops: list[LoopingCall] = []
        self._node: Node | None = None
        self._factory: ChatFactory | None = None

    @property
    def addresses(self) -> list[Any]:
        """Where the server listens."""
        return [port.getHost() for port in self._ports]

    @property
    def web_addresses(self) -> list[Any]:
        """Where it serves the chat page, and tells how it is."""
        return [port.getHost() for port in self._web_ports]

    def privilegedStartService(self) -> None:
        """Open the ports, while there may still be the right to open low ones.

        :raises CannotListen: one can't be opened.
        """
        self._node = Node(self._settings, self._reactor, self._certificates)
        self._factory = ChatFactory(self._node, self._settings, self._reactor)
        limit = self._node.connections.limit
        if limit < self._settings.max_connections:
            self._log.info(
                "room for {limit} connections, not for {wanted} (--max-connections), as the system "
                "lets this process open no more files",
                limit=limit,
                wanted=self._settings.max_connections,
            )
        if self._web_endpoints:
            self._web = web = WebEndpoint(self._node, self._settings, self._reactor)
            self._node.pulse = web.pulse
            self._web_ports = [listen(one, web.own_site) for one in self._web_endpoints]
            self._web_ports += [listen(one, web.shared_site) for one in self._shared_web_endpoints]
        # Last of all: who finds the server there finds all of it.
        self._ports = [listen(one, self._factory) for one in self._endpoints]
        for port in self._ports + self._web_ports:
            tune(port.socket, self._settings.keepalive)

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
        self._repeat(_ORDERS_INTERVAL, node.order_book.look, now=True)
        if node.liveness is not None:
            self._repeat(_LIVENESS_INTERVAL, node.liveness.look)
        self._repeat(node.heartbeat.interval, node.heartbeat.look)
        self._repeat(node.heartbeat.interval, factory.look)
        self._repeat(_DOORS_INTERVAL, Doors(self._ports + self._web_ports).look)
        self._certificates.begin()
        self._repeat(_CERTIFICATES_INTERVAL, self._certificates.look)
        here = node.connections.__len__
        memory = Memory(here, lambda: node.connections.opened - here(), tidy)
        self._repeat(_MEMORY_INTERVAL, memory.look)
        if self._web is not None:
            self._repeat(_WEB_INTERVAL, self._web.look)
            self._web.start()
        super().startService()

    def stopService(self) -> Deferred[None]:
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        while self._loops:
            self._loops.pop().stop()
        await _stop_listening(self._ports)
        if self._factory is not None:
            self._factory.abort_undecided()
        if self._node is not None:
            await self._node.drain(self._settings.drain)
            await _stop_listening(self._web_ports)
            await self._node.close()
            self._node = None
        if self._web is not None:
            self._web.stop()
            self._web = None

    def _repeat(self, interval: float, work: Any, *, now: bool = False) -> None:
        async def once() -> None:
            result = work()
            if result is not None:
                await result

        loop = LoopingCall(lambda: spawn(once(), "regular work"))
        loop.clock = self._reactor
        loop.start(interval, now=now)
        self._loops.append(loop)


def _hubbed(reactor: Any) -> Any:
    """The reactor, with a hub for its TCP ports."""
    from chatserver.hub.reactor import HubReactor

    return HubReactor(reactor)


class Endpoint(NamedTuple):
    """Where to listen, as the setting ``option`` says it in ``text``."""

    option: str
    text: str
    endpoint: Any


def endpoints(
    option: str, texts: Sequence[str], certificates: Certificates, reactor: Any
) -> list[Endpoint]:
    """The endpoints of a setting. A number alone is a port: of the web, on this machine only.

    :param certificates: where those that they show belong.
    :raises CannotListen: a text is no endpoint string, or its certificate can't be used.
    """
    found = []
    for text in texts:
        try:
            full = _in_full(option, text)
            if is_tls(full):
                endpoint = tls_endpoint(full, certificates, reactor)
            else:
                endpoint = serverFromString(reactor, full)
            found.append(Endpoint(option, text, endpoint))
        except Exception as problem:
            raise CannotListen(f"can't use the port {text!r}: {problem}") from None
    return found


def _in_full(option: str, text: str) -> str:
    """The endpoint string that a text of a setting stands for."""
    if text.isdecimal():
        text = f"tcp:{text}" if option == "port" else f"tcp:{text}:interface=127.0.0.1"
    # Twisted's default is 50: a storm of reconnects would be held up for seconds.
    can_wait = text.startswith(("tcp:", "ssl:", "unix:")) and ":backlog=" not in text
    return f"{text}:backlog={BACKLOG}" if can_wait else text


def listen(at: Endpoint, factory: Any) -> Any:
    """Open a port.

    :raises CannotListen: it can't be opened.
    """
    opened: list[Any] = []
    problems: list[BaseException] = []
    listening: Deferred[Any] = at.endpoint.listen(factory)
    listening.addCallbacks(opened.append, lambda failure: problems.append(failure.value))
    if problems:
        raise _cannot_listen(at, problems[0])
    return opened[0]


def _cannot_listen(at: Endpoint, problem: BaseException) -> CannotListen:
    if isinstance(problem, CannotListenError):
        why = getattr(problem.socketError, "strerror", None) or problem.socketError
    else:
        why = problem
    return CannotListen(
        f"can't listen on port {at.text}: {why}; stop what runs there or choose another "
        f"--{at.option}"
    )


async def _stop_listening(ports: list[Any]) -> None:
    """Close ports."""
    await DeferredList([maybeDeferred(port.stopListening) for port in ports])
