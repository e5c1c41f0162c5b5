"""Waiting for what has to become true."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.task import deferLater

reactor: Any = _reactor
_PATIENCE = 30.0  # seconds


async def until(
    condition: Callable[[], object], what: str = "it comes true", patience: float = _PATIENCE
) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not in {patience} s: {what}"
        await deferLater(reactor, 0.02)
