"""A real Redis for a test."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cluster.process import free_port
from cluster.redis import Redis
from tests.support.folders import temporary_folder


def running_redis(test: SynchronousTestCase, **options: Any) -> Redis:
    """A Redis that runs until the test is over."""
    redis = Redis(temporary_folder(test), free_port(), **options)
    test.addCleanup(redis.kill)
    redis.start()
    return redis
