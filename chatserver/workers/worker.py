"""One worker, as the process that starts it sees it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatserver.clock import Call
from chatserver.workers.log import retell

_PAUSE, _LONGEST_PAUSE = 0.25, 30.0  # seconds until a worker that died is started again
_SOUND = 60.0  # seconds in which it shows that it can live
_SILENT_LOOKS = 5  # that it may be without a sign of life
_MOST_COMPLAINTS = 8192  # bytes of standard error, which mostly has a traceback


class Worker:
    """A process that is started again, after growing pauses, until it is told to stop.

    :param number: its name in the log.
    :param orders: what it gets on its standard input.
    :param reactor: what starts it.
    """

    _log = Logger()

    def __init__(self, number: int, orders: bytes, reactor: Any) -> None:
        self._number = number
        self._orders = orders
        self._reactor = reactor
        self._process: _Process | None = None
        self._begun = 0.0
        self._pause = _PAUSE
        self._next: Call | None = None
        self._stopped: Deferred[None] | None = None

    def start(self) -> None:
        """Start the process."""
        self._next = None
        self._begun = self._reactor.seconds()
        process = _Process(self._number, self._ended)
        command = [sys.executable, "-P", "-m", "chatserver.workers", str(self._number)]
        # It finds the modules where this process found them.
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        try:
            self._reactor.spawnProcess(process, sys.executable, command, environment)
        except OSError as problem:
            self._ended(f"can't be started: {problem.strerror}", "")
            return
        self._process = process
        process.transport.write(self._orders)
        self._log.info(
            "worker {number} is process {pid}", number=self._number, pid=process.transport.pid
        )

    def look(self) -> None:
        """Kill the process if it hangs; to be called as often as it shows that it lives."""
        if self._process is not None and self._process.look() > _SILENT_LOOKS:
            self._log.error("worker {number} hangs and is killed", number=self._number)
            self.kill()

    def stop(self) -> Deferred[None]:
        """Have the process stop in good order; fires when it has ended."""
        if self._next is not None:
            self._next.cancel()
        if self._process is None:
            return succeed(None)
        self._stopped = Deferred()
        self._process.transport.closeStdin()
        return self._stopped

    def kill(self) -> None:
        """kill -9, if it still runs."""
        if self._process is not None:
            with suppress(ProcessExitedAlready):
                self._process.transport.signalProcess("KILL")

    def _ended(self, how: str, complaints: str) -> None:
        self._process = None
        if self._stopped is not None:
            self._log.info("worker {number} {how}", number=self._number, how=how)
            self._stopped.callback(None)
            return
        if self._reactor.seconds() - self._begun > _SOUND:
            self._pause = _PAUSE
        self._log.error(
            "worker {number} {how}; it is started again in {pause} s{complaints}",
            number=self._number,
            how=how,
            pause=self._pause,
            complaints=complaints and f"; what it said last:\n{complaints}",
        )
        self._next = self._reactor.callLater(self._pause, self.start)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


class _Process(ProcessProtocol):
    """A process, whose lines are logged and whose end is told."""

    transport: Any

    def __init__(self, number: int, on_end: Callable[[str, str], None]) -> None:
        self._number = number
        self._on_end = on_end
        self._rest = b""
        self._complaints = b""
        self._silent_looks: int | None = None  # it has never been heard

    def look(self) -> int:
        """How many looks, with this one, found it silent since it was last heard; 0 before."""
        if self._silent_looks is None:
            return 0
        self._silent_looks += 1
        return self._silent_looks

    def outReceived(self, data: bytes) -> None:
        self._silent_looks = 0
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in filter(None, lines):
            retell(line, self._number)

    def errReceived(self, data: bytes) -> None:
        self._complaints = (self._complaints + data)[-_MOST_COMPLAINTS:]

    def processEnded(self, reason: Failure) -> None:
        self._on_end(_how(reason.value), self._complaints.decode(errors="replace").rstrip())


def _how(end: Any) -> str:
    if isinstance(end, ProcessDone):
        return "ended"
    return f"died of signal {end.signal}" if end.signal else f"ended with status {end.exitCode}"
