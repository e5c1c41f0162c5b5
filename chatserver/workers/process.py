"""What a worker process does: it serves for as long as the one that started it is there."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.task import LoopingCall
from twisted.logger import Logger, globalLogBeginner
from twisted.python.failure import Failure
from zope.interface import implementer

from chatserver.app import CannotListen, ChatServer
from chatserver.clock import use_steady_time
from chatserver.memory import search_less
from chatserver.workers.log import Teller
from chatserver.workers.orders import BEAT, read_orders

_log = Logger()


def run(reactor: Any) -> None:
    """Serve, as standard input says; its end is the order to stop.

    What is logged goes to standard output, for :func:`chatserver.workers.log.retell`.
    """
    teller = Teller(sys.stdout.fileno())
    globalLogBeginner.beginLoggingTo([teller])
    told = read_orders(sys.stdin.buffer)
    if told is None:  # whoever started this process is gone
        return
    use_steady_time(reactor)
    search_less()
    try:
        server = ChatServer(told.settings, reactor, worker=told.number)
        server.privilegedStartService()
    except CannotListen as problem:
        _log.critical("can't start: {problem}", problem=str(problem))
        raise SystemExit(1) from None
    server.startService()
    reactor.addSystemEventTrigger("before", "shutdown", server.stopService)
    stop = _once(reactor.stop)
    signal.signal(signal.SIGTERM, lambda *_: reactor.callFromThread(stop))
    reactor.addReader(Lifeline(sys.stdin.fileno(), stop))
    beat = LoopingCall(teller.beat)
    beat.clock = reactor
    beat.start(BEAT)
    reactor.run(installSignalHandlers=False)


@implementer(IReadDescriptor)
class Lifeline:
    """Tells when the other end of a pipe is closed, by whoever has it or by their death."""

    def __init__(self, descriptor: int, on_end: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._on_end = on_end

    def fileno(self) -> int:
        return self._descriptor

    def logPrefix(self) -> str:  # noqa: N802
        return "Lifeline"

    def doRead(self) -> Any:  # noqa: N802
        return None if os.read(self._descriptor, 1) else CONNECTION_DONE

    def connectionLost(self, reason: Failure) -> None:  # noqa: ARG002
        """It is closed, or the reactor stops."""
        self._on_end()


def _once(work: Callable[[], None]) -> Callable[[], None]:
    """Do it at the first call only."""
    left = [work]

    def do() -> None:
        if left:
            left.pop()()

    return do
