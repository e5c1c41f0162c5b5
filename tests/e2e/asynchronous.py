"""pytest-twisted's decorator, with types."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, cast

import pytest_twisted
from twisted.internet.defer import Deferred

P = ParamSpec("P")


def asynchronous(
    test: Callable[P, Coroutine[Deferred[Any], Any, None]],
) -> Callable[P, Deferred[None]]:
    """Let a coroutine function be a test that waits for Deferreds."""
    return cast(Callable[P, Deferred[None]], pytest_twisted.ensureDeferred(test))
