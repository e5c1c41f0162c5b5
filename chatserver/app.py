"""The one place where the parts meet: a node, as a service to start and stop."""

from __future__ import annotations

import random
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from chatserver.bus.bus import LocalBus
from chatserver.bus.places import LocalPlaces
from chatserver.clock import sleep
from chatserver.dispatcher import Dispatcher
from chatserver.errors import TryAgain
from chatserver.protocol import ChatFactory, ChatProtocol
from chatserver.services.accounts import AccountService
from chatserver.services.chat import ChatService
from chatserver.services.delivery import Delivery
from chatserver.services.entry import Entries
from chatserver.services.friends import FriendService
from chatserver.services.groups import GroupService
from chatserver.services.heartbeat import HeartbeatService
from chatserver.services.history import HistoryService
from chatserver.services.passwords import Passwords
from chatserver.services.signals import SignalService
from chatserver.services.sync import Sync
from chatserver.sessions.registry import Registry
from chatserver.sessions.session import Session
from chatserver.settings import Settings
from chatserver.spawn import spawn
from chatserver.store.store import Store
from chatserver.wire.dialects import Dialect
from chatserver.wire.frames import Goodbye

_BACKLOG = 4096  # connections that may wait to be accepted
_FLUSH_INTERVAL = 1.0  # seconds
# Clients that are sent away together come back spread over this many seconds.
_RETURN_WITHIN = 5.0


class CannotListen(Exception):
    """A port can't be opened; the text says which and why."""


class Node:
    """What one server process has besides its ports: store, bus, sessions and services."""

    def __init__(self, settings: Settings, reactor: Any) -> None:
        self.settings = settings
        self.clock = reactor
        self.store = store = Store(settings, reactor)
        self.registry = registry = Registry()
        self.passwords = Passwords(reactor, settings.hash_threads, settings.hash_queue)
        bus, places = LocalBus(), LocalPlaces()
        bus.listen(Delivery(bus, registry).deliver)
        self.sync = Sync(store, reactor)
        self.entries = Entries(store, bus, places, registry, self.sync, settings, reactor)
        self.heartbeat = HeartbeatService(registry, settings, reactor)
        self.dispatcher = Dispatcher(
            [
                AccountService(store, self.passwords, self.entries, settings, reactor),
                ChatService(store, bus, settings),
                FriendService(store, bus, places),
                GroupService(store, bus, places),
                HistoryService(store),
                SignalService(store, bus),
                self.heartbeat,
            ],
            reactor,
        )
        self._leaving: set[Deferred[None]] = set()

    def open_session(self, connection: ChatProtocol, dialect: Dialect) -> Session:
        """A session for a connection that has shown its dialect."""
        session = Session(
            connection,
            dialect,
            self.settings,
            self.clock,
            self.dispatcher.run,
            self.store.cursors.note,
        )
        self.registry.sessions.add(session)
        return session

    def frame_received(self, session: Session, frame: bytes) -> None:
        """A client sent a frame."""
        self.dispatcher.receive(session, frame)

    def session_lost(self, session: Session) -> None:
        """A client's connection is gone."""
        self.registry.sessions.discard(session)
        session.lost()
        leaving = spawn(self.entries.leave(session), "logging out a lost connection")
        if not leaving.called:
            self._leaving.add(leaving)
            leaving.addCallback(lambda _: self._leaving.discard(leaving))

    async def flush_cursors(self) -> None:
        """Write down how far the devices have come."""
        if not self.store.cursors.is_settled():
            # A failure has been logged by the database; the next flush takes them along.
            with suppress(TryAgain):
                await self.store.cursors.flush()

    async def drain(self, limit: float) -> None:
        """Answer what is in progress, send everybody away, and wait until they are gone.

        :param limit: seconds after which those who don't go are cut off.
        """
        self.dispatcher.stop()
        sessions = list(self.registry.sessions)
        await self._wait_for((session.requests.idle() for session in sessions), limit / 2)
        for session in sessions:
            pause = round(random.uniform(0.5, _RETURN_WITHIN), 3)
            session.goodbye(Goodbye(reason="shutdown", retry_after=pause))
        await self._wait_for((session.gone for session in sessions), limit / 2)
        for session in list(self.registry.sessions):
            session.connection.abort()
        await DeferredList([session.gone for session in sessions])
        await DeferredList(list(self._leaving))

    async def close(self) -> None:
        """Let go of everything."""
        await self.flush_cursors()
        self.passwords.close()
        self.store.close()

    async def _wait_for(self, events: Iterable[Deferred[None]], limit: float) -> None:
        """Wait until all events have fired, but not longer than ``limit`` seconds."""
        late = sleep(self.clock, limit)
        either: list[Deferred[Any]] = [DeferredList(list(events)), late]
        await DeferredList(either, fireOnOneCallback=True, consumeErrors=True)
        late.cancel()


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
        self._repeat(_FLUSH_INTERVAL, node.flush_cursors)
        self._repeat(node.heartbeat.interval, node.heartbeat.look)
        self._repeat(node.heartbeat.interval, factory.look)
        super().startService()

    def stopService(self) -> Deferred[None]:
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        for loop in self._loops:
            loop.stop()
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
