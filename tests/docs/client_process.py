"""A run of one of the examples in docs/."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

reactor: Any = installed_reactor
PATIENCE = 15.0  # seconds to wait for a line


class ClientProcess(ProcessProtocol):
    """A run of the client; ``lines`` is what it has printed."""

    transport: Any

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.errors = b""
        self.ended: Deferred[int | None] = Deferred()
        self._part = b""
        self._read = 0
        self._waiting: tuple[str, Deferred[str]] | None = None
        self._gone: Deferred[None] = Deferred()

    def type(self, text: str) -> None:
        self.transport.write(f"{text}\n".encode())

    async def prints(self, beginning: str) -> str:
        """The next line that begins like this; those before it are passed over."""
        waiting: Deferred[str] = Deferred()
        self._waiting = (beginning, waiting)
        self._look()
        waiting.addTimeout(PATIENCE, reactor)
        try:
            return await waiting
        except TimeoutError:
            raise AssertionError(f"{beginning!r} is not in {self.lines}, {self.errors!r}") from None

    async def kill(self) -> None:
        """End it as hard as can be, if it has not ended, and wait until it has."""
        if not self._gone.called:
            self.transport.signalProcess("KILL")
            await self._gone

    def outReceived(self, data: bytes) -> None:
        *lines, self._part = (self._part + data).split(b"\n")
        self.lines += [line.decode() for line in lines]
        self._look()

    def errReceived(self, data: bytes) -> None:
        self.errors += data

    def processEnded(self, reason: Failure) -> None:
        value: Any = reason.value
        self._gone.callback(None)
        self.ended.callback(value.exitCode)

    def _look(self) -> None:
        while self._waiting is not None and self._read < len(self.lines):
            beginning, waiting = self._waiting
            line = self.lines[self._read]
            self._read += 1
            if line.startswith(beginning):
                self._waiting = None
                waiting.callback(line)
