"""Ports that several processes open at once, so that the system spreads connections over them."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from contextlib import closing
from typing import Any

from twisted.internet.abstract import isIPv6Address
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import CannotListenError
from twisted.protocols.tls import TLSMemoryBIOFactory

_PORT = re.compile(r"((?:\w+:)*(?:tcp6?|ssl):)?([1-9]\d*)((?::.*)?)")


def can_be_shared(port: str) -> bool:
    """Whether several processes can open a port."""
    return _PORT.fullmatch(port) is not None


def moved(port: str, by: int) -> str:
    """The port that is so many numbers behind one that can be shared."""
    kind, number, rest = _PORT.fullmatch(port).groups(default="")  # type: ignore[union-attr]
    return f"{kind}{int(number) + by}{rest}"


class SharedPorts:
    """Opens ports for endpoints, as the reactor does, but such as other processes may open, too.

    :param adopt: serves a port that is open, as ``adoptStreamPort`` of a reactor.
    :param adopt_tls: the same for one with TLS.
    """

    def __init__(self, adopt: Callable[..., Any], adopt_tls: Callable[..., Any]) -> None:
        self._adopt = adopt
        self._adopt_tls = adopt_tls

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        """
        :raises CannotListenError: it can't be opened.
        """
        return self._listen(self._adopt, port, factory, backlog, interface)

    def listenSSL(
        self, port: int, factory: Any, contextFactory: Any, backlog: int = 50, interface: str = ""
    ) -> Any:
        """The same with TLS."""
        tls = TLSMemoryBIOFactory(contextFactory, False, factory)
        return self._listen(self._adopt_tls, port, tls, backlog, interface)

    def _listen(
        self, adopt: Callable[..., Any], port: int, factory: Any, backlog: int, interface: str
    ) -> Any:
        with closing(_open(port, interface, backlog, is_shared=True)) as opened:
            return adopt(opened.fileno(), opened.family, factory)


class TrialPorts:
    """Opens ports for endpoints only to see that it can be done, and that nobody else has them."""

    def __init__(self) -> None:
        self._opened: list[TrialPort] = []

    def listenTCP(
        self,
        port: int,
        factory: object,  # noqa: ARG002
        backlog: int = 50,
        interface: str = "",
    ) -> TrialPort:
        """
        :raises CannotListenError: it can't be opened.
        """
        trial = TrialPort(_open(port, interface, backlog, is_shared=False))
        self._opened.append(trial)
        return trial

    def listenSSL(
        self,
        port: int,
        factory: object,
        contextFactory: object,  # noqa: ARG002
        backlog: int = 50,
        interface: str = "",
    ) -> TrialPort:
        """The same: the TLS is of no interest."""
        return self.listenTCP(port, factory, backlog, interface)

    def close(self) -> None:
        """Leave the ports to those who serve there."""
        for trial in self._opened:
            trial.close()


class TrialPort:
    """A port that nobody serves."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        kind = IPv6Address if opened.family == socket.AF_INET6 else IPv4Address
        self._host = kind("TCP", *opened.getsockname()[:2])

    def getHost(self) -> IPv4Address | IPv6Address:
        """Where it is."""
        return self._host

    def close(self) -> None:
        self._socket.close()


def _open(port: int, interface: str, backlog: int, *, is_shared: bool) -> socket.socket:
    family = socket.AF_INET6 if isIPv6Address(interface) else socket.AF_INET
    opened = socket.socket(family)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        opened.bind((interface, port))
        opened.listen(backlog)
    except (OSError, OverflowError) as problem:
        opened.close()
        raise CannotListenError(interface, port, problem) from None
    return opened
