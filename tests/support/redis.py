"""A real Redis for a test, and waiting for what has to become true."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from cluster.process import free_port
from cluster.redis import Redis
from tests.support.folders import temporary_folder

reactor: Any = _reactor
_PATIENCE = 15.0  # seconds


def running_redis(test: TestCase, **options: Any) -> Redis:
    """A Redis that runs until the test is over."""
    redis = Redis(temporary_folder(test), free_port(), **options)
    test.addCleanup(redis.kill)
    redis.start()
    return redis


async def until(condition: Callable[[], object], what: str = "it") -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what} never came true"
        await deferLater(reactor, 0.02)
