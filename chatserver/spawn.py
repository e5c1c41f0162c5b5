"""Starting a coroutine that nobody waits for."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

_log = Logger()


def spawn(coroutine: Coroutine[Deferred[Any], Any, Any], what: str) -> Deferred[None]:
    """Run a coroutine; where it fails, log that ``what`` failed, and why."""

    def done(_: object) -> None:
        return None

    def failed(failure: Any) -> None:
        _log.failure("{what} failed", failure=failure, what=what)

    return Deferred.fromCoroutine(coroutine).addCallbacks(done, failed)
