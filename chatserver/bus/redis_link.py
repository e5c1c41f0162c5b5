"""One connection to Redis that comes back by itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Generic, TypeVar

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.protocol import Factory

from chatserver.bus.redis_address import RedisAddress
from chatserver.clock import sleep

P = TypeVar("P", bound=Any)

_PREPARE_TIMEOUT = 4.0  # seconds
_FIRST_PAUSE = 0.05  # seconds before connecting again
_LONGEST_PAUSE = 0.5


class RedisLink(Generic[P]):
    """Keeps a connection of a kind of txredisapi's protocols.

    txredisapi's own reconnecting ends at a refused password, and Twisted's ClientService breaks
    where a connection is lost while it is being prepared.

    :param kind: the protocol's class.
    :param prepare: makes a new connection ready, before it counts as one.
    :param up: called when there is one.
    :param down: called when it is gone.
    :param failed: called with what is wrong, each time that a connection can't be made.
    """

    def __init__(
        self,
        address: RedisAddress,
        clock: Any,
        kind: Callable[..., P],
        *,
        prepare: Callable[[P], Coroutine[Any, Any, None]],
        up: Callable[[], None],
        down: Callable[[], None],
        failed: Callable[[str], None],
    ) -> None:
        self._address = address
        self._clock = clock
        self._prepare = prepare
        self._up = up
        self._down = down
        self._failed = failed
        self._factory = _LinkFactory(address, kind)
        self._running: Deferred[None] | None = None
        self._is_stopping = False
        #: The connection, while there is one that can be used.
        self.protocol: P | None = None

    def start(self) -> None:
        """Connect, and stay connected."""
        self._running = Deferred.fromCoroutine(self._run())

    async def stop(self) -> None:
        """Close the connection, and let it be closed."""
        self._is_stopping = True
        if self._running is not None:
            self._running.cancel()
            await self._running

    def abort(self) -> None:
        """Give the connection up: it hangs. A new one follows."""
        if self.protocol is not None:
            self.protocol.transport.abortConnection()

    async def _run(self) -> None:
        """Connect again and again, until what is waited for is cancelled."""
        failures = 0
        while not self._is_stopping:
            try:
                await self._connect()
                failures = 0
            except Exception as problem:
                failures += 1
                if not self._is_stopping:
                    self._failed(_why(problem))
            if not self._is_stopping:
                longest = min(_FIRST_PAUSE * 2 ** min(failures, 10), _LONGEST_PAUSE)
                with suppress(CancelledError):
                    await sleep(self._clock, random.uniform(longest / 2, longest))

    async def _connect(self) -> None:
        """Make a connection, and return when it is gone.

        :raises Exception: it never became one that can be used.
        """
        protocol = await self._address.endpoint.connect(self._factory)
        try:
            await self._while_connected(protocol, protocol.whenConnected())
            await self._while_connected(protocol, Deferred.fromCoroutine(self._prepare(protocol)))
            if not protocol.connected:
                raise _Lost(self._factory.problem)
            self.protocol = protocol
            self._up()
            await protocol.whenDisconnected()
        finally:
            if self.protocol is not None:
                self.protocol = None
                self._down()
            if protocol.connected:
                protocol.transport.abortConnection()
                await protocol.whenDisconnected()

    async def _while_connected(self, protocol: P, step: Deferred[Any]) -> None:
        """Wait for a step of making a connection ready.

        :raises _Lost: the connection was lost before that.
        :raises TimeoutError: it took too long.
        """
        is_lost = False

        def give_up(_: object) -> None:
            nonlocal is_lost
            is_lost = True
            step.cancel()

        protocol.whenDisconnected().addCallback(give_up)
        try:
            await step.addTimeout(_PREPARE_TIMEOUT, self._clock)
        except CancelledError:
            if is_lost:
                raise _Lost(self._factory.problem) from None
            raise


class _Lost(Exception):
    """A connection was closed before it could be used; perhaps Redis has said why."""


class _LinkFactory(Factory):
    """Has what txredisapi's protocols ask of theirs."""

    noisy = False
    isLazy = False  # noqa: N815

    def __init__(self, address: RedisAddress, kind: Callable[..., Any]) -> None:
        self._address = address
        self._kind = kind
        #: What Redis has refused on the last connection, as a password.
        self.problem: str | None = None

    def buildProtocol(self, addr: object) -> Any:  # noqa: ARG002
        self.problem = None
        protocol = self._kind(
            charset=None,
            convertNumbers=False,
            username=self._address.username,
            password=self._address.password,
            dbid=self._address.database,
        )
        protocol.factory = self
        return protocol

    def connectionError(self, problem: str) -> None:  # noqa: N802
        """Called by a protocol that Redis refuses."""
        self.problem = problem

    def stopTrying(self) -> None:  # noqa: N802
        """Called by a protocol that Redis refuses; we go on: it may be set right."""


def _why(problem: Exception) -> str:
    if isinstance(problem, TimeoutError):
        return "no answer"
    if isinstance(problem, _Lost):
        return problem.args[0] or "the connection was closed"
    return str(problem)
