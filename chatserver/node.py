"""The one place where the parts meet: a node, with all that it has besides its ports."""

from __future__ import annotations

import os
import random
import secrets
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger

from chatserver.bus.bus import Bus, LocalBus
from chatserver.bus.events import of_node
from chatserver.bus.redis import RedisBus
from chatserver.bus.redis_address import address_of
from chatserver.clock import sleep
from chatserver.dispatcher import Dispatcher
from chatserver.errors import TryAgain
from chatserver.operations.announcing import Announcer
from chatserver.operations.orders import Carrier, OrderBook
from chatserver.operations.people import People
from chatserver.operations.state import Condition
from chatserver.orders import Announce, Kick, ListSessions, Order, TellState
from chatserver.services.accounts import AccountService
from chatserver.services.chat import ChatService
from chatserver.services.delivery import Delivery
from chatserver.services.entry import Entries
from chatserver.services.exclusions import Exclusions
from chatserver.services.fanout import Fanout
from chatserver.services.friends import FriendService
from chatserver.services.groups import GroupService
from chatserver.services.handover import Handover
from chatserver.services.heartbeat import HeartbeatService
from chatserver.services.history import HistoryService
from chatserver.services.liveness import Liveness
from chatserver.services.passwords import Passwords
from chatserver.services.presence import PresenceService
from chatserver.services.resync import Resync
from chatserver.services.sequencer import Sequencer
from chatserver.services.signals import SignalService
from chatserver.services.sync import Sync
from chatserver.sessions.connections import Connections, room
from chatserver.sessions.outbox import Connection
from chatserver.sessions.registry import Registry
from chatserver.sessions.session import Session
from chatserver.settings import Settings
from chatserver.spawn import spawn
from chatserver.store.places import LocalPlaces, Places
from chatserver.store.store import Store
from chatserver.tls.certificates import Certificates
from chatserver.web.pulse import Pulse
from chatserver.wire.dialects import Dialect
from chatserver.wire.frames import Goodbye

# Clients that are sent away together come back spread over this many seconds.
_RETURN_WITHIN = 5.0
_RETRY_AFTER = 1.0  # seconds


class Node:
    """What one server process has besides its ports: store, bus, sessions and services.

    :param certificates: those that its ports show.
    """

    _log = Logger()

    def __init__(self, settings: Settings, reactor: Any, certificates: Certificates) -> None:
        self.settings = settings
        self.certificates = certificates
        self.clock = reactor
        name = secrets.token_hex(8)
        self.store = store = Store(settings, reactor, name)
        self.registry = registry = Registry()
        self.connections = Connections(room(settings.max_connections, has_web=bool(settings.web)))
        self.passwords = Passwords(reactor, settings.hash_threads, settings.hash_queue)
        self.bus: Bus = LocalBus()
        places: Places = LocalPlaces()
        self.redis: RedisBus | None = None
        self.liveness: Liveness | None = None
        if settings.redis:
            self.bus = self.redis = RedisBus(address_of(settings.redis, reactor), name, reactor)
            places = store.shared_places
            self.liveness = Liveness(
                store.nodes, store.shared_places, self.bus, registry, name, reactor
            )
        bus = self.bus
        self.presence = PresenceService(registry, places)
        handover = Handover(bus, store.cursors, name, reactor)
        exclusions = Exclusions(reactor)
        sync = Sync(store, registry, reactor)
        self.fanout = Fanout(registry)
        self.sequencer = sequencer = Sequencer(store, self.fanout, sync, reactor)
        self.entries = Entries(
            store,
            bus,
            places,
            registry,
            self.connections,
            sync,
            sequencer,
            self.presence,
            handover,
            exclusions,
            name,
            reactor,
        )
        delivery = Delivery(store, bus, registry, sequencer, self.presence, handover, self.entries)
        self.resync = Resync(
            store, bus, registry, sequencer, self.presence, delivery, self.liveness, reactor
        )
        bus.listen(delivery.deliver)
        bus.on_loss(self.resync.want)
        store.on_recovery(bus.tell_loss)  # what was stored just before may not have been told
        self.heartbeat = HeartbeatService(registry, settings, reactor)
        self.signals = SignalService(store, bus)
        self.accounts = AccountService(store, self.passwords, self.entries, settings, reactor)
        self.dispatcher = Dispatcher(
            [
                self.accounts,
                ChatService(store, bus, settings),
                FriendService(store, bus, places, self.presence),
                GroupService(store, bus, places),
                HistoryService(store),
                self.signals,
                self.heartbeat,
            ],
            settings,
            reactor,
        )
        #: Measures how punctual the reactor is, where that is asked for.
        self.pulse: Pulse | None = None
        self.order_book = self._order_book(exclusions)
        #: Takes a frame of a session's.
        self.receive = self.dispatcher.receive
        self._note = store.cursors.note
        self._name = name
        self._leaving: set[Deferred[None]] = set()
        self._is_closed = False

    async def join(self) -> None:
        """Become one of the nodes of this chat, as soon as the database can be reached."""
        await self.bus.subscribe([of_node(self._name)])
        if self.redis is None:
            return
        while not self._is_closed:
            try:
                chat_id = await self.store.nodes.chat_id()
                await self.store.nodes.enter()
            except TryAgain:
                await sleep(self.clock, _RETRY_AFTER)
            else:
                if not self._is_closed:
                    self.redis.start(chat_id)
                return

    def open_session(self, connection: Connection, dialect: Dialect) -> Session:
        """A session for a connection that has shown its dialect."""
        session = Session(
            connection,
            dialect,
            self.settings,
            self.clock,
            self.dispatcher,
            self._note,
        )
        self.registry.sessions.add(session)
        return session

    def session_lost(self, session: Session) -> None:
        """A client's connection is gone."""
        self._tell_end(session)
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
        self.order_book.stop()
        sessions = list(self.registry.sessions)
        await self._wait_for((session.requests.idle() for session in sessions), limit / 2)
        for session in sessions:
            pause = round(random.uniform(0.5, _RETURN_WITHIN), 3)
            session.goodbye(Goodbye(reason="shutdown", retry_after=pause))
        await self._wait_for((session.gone() for session in sessions), limit / 2)
        for session in list(self.registry.sessions):
            session.connection.abort()
        await DeferredList([session.gone() for session in sessions])
        await DeferredList(list(self._leaving))

    async def close(self) -> None:
        """Let go of everything."""
        self._is_closed = True
        await self.flush_cursors()
        if self.redis is not None and self.liveness is not None:
            with suppress(TryAgain):
                await self.liveness.leave()
            await self.redis.stop()
        self.passwords.close()
        self.store.close()

    def _tell_end(self, session: Session) -> None:
        who = "nobody logged in" if session.account_id is None else "account {account}"
        self._log.info(
            f"connection from {{peer}} closed after {{seconds}} s ({{reason}}), {who}",
            peer=session.connection.peer,
            seconds=round(self.clock.seconds() - session.connection.opened, 1),
            reason=session.closed_for or "client",
            account=session.account_id,
        )

    def _late(self) -> float | None:
        """By how many seconds the reactor was late lately."""
        return None if self.pulse is None else self.pulse.latest.value

    def _order_book(self, exclusions: Exclusions) -> OrderBook:
        """What is done for ``chatserver-admin``."""
        server, clock = f"{socket.gethostname()}:{os.getpid()}", self.clock
        people = People(self.store.accounts, self.registry, exclusions, server, clock)
        condition = Condition(
            self.store, self.bus, self.registry, self.connections, self._late, server, clock
        )
        announcer = Announcer(self.store, self.bus, self.settings.max_text, server, clock)
        carriers: dict[type[Order], Carrier] = {
            ListSessions: people.sessions,
            Kick: people.kick,
            TellState: condition.tell,
            Announce: announcer.announce,
        }
        return OrderBook(self.store.orders, carriers, people.send_disabled_away, server, clock)

    async def _wait_for(self, events: Iterable[Deferred[None]], limit: float) -> None:
        """Wait until all events have fired, but not longer than ``limit`` seconds."""
        late = sleep(self.clock, limit)
        either: list[Deferred[Any]] = [DeferredList(list(events)), late]
        await DeferredList(either, fireOnOneCallback=True, consumeErrors=True)
        late.cancel()
