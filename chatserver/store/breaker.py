"""Keeps everybody off a database that hangs, so that one wait is enough to find that out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from chatserver.clock import Call
from chatserver.spawn import spawn

PAUSE = 0.5  # seconds between two questions


class Breaker:
    """Open from when the database hangs until it answers a question.

    :param ask: asks the database; gives whether it answered.
    """

    def __init__(self, reactor: Any, ask: Callable[[], Awaitable[bool]]) -> None:
        self._reactor = reactor
        self._ask = ask
        self._is_asking = False
        self._is_stopped = False
        self._pause: Call | None = None
        #: May be read in any thread.
        self.is_open = False

    def trip(self) -> None:
        """The database hangs; may be called in any thread."""
        self.is_open = True
        self._reactor.callFromThread(self._begin)

    def stop(self) -> None:
        """Ask no more."""
        self._is_stopped = True
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _begin(self) -> None:
        if not self._is_asking and not self._is_stopped:
            self._is_asking = True
            self._next()

    def _next(self) -> None:
        self._pause = None
        spawn(self._ask_once(), "asking the database")

    async def _ask_once(self) -> None:
        if await self._ask():
            self.is_open = False
            self._is_asking = False
        elif not self._is_stopped:
            self._pause = self._reactor.callLater(PAUSE, self._next)
