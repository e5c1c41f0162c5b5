"""What the client needs of Twisted's reactor and endpoints, as types for a type checker.

Twisted's own zope interfaces tell it nothing; the real objects fit these as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred


class DelayedCall(Protocol):
    """What ``callLater`` returns."""

    def active(self) -> bool: ...

    def cancel(self) -> None: ...

    def reset(self, secondsFromNow: float) -> None: ...  # noqa: N803


class Clock(Protocol):
    """The time side of a reactor; in tests :class:`twisted.internet.task.Clock`.

    ``callLater`` returns a :class:`DelayedCall`.
    """

    def seconds(self) -> float: ...

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: Any, **kw: Any
    ) -> Any: ...


class Endpoint(Protocol):
    """Any Twisted client endpoint: TCP, TLS, a host name …"""

    def connect(self, protocolFactory: Any) -> Deferred[Any]: ...  # noqa: N803
