"""Who asks: the address of an HTTP client, also behind a proxy, and what it may see."""

from __future__ import annotations

from ipaddress import ip_address

from twisted.web.server import Request

from chatserver.proxied import Networks, plain
from chatserver.settings import Settings

# By these proxies say that a request is somebody else's.
_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")


class Readers:
    """Knows whose requests there are."""

    def __init__(self, settings: Settings) -> None:
        self._proxies = Networks(settings.proxies)
        self._watchers = Networks(settings.metrics_for)

    def address_of(self, request: Request) -> str:
        """The address of whoever sent a request, without its port.

        What a header says of it counts only from a trusted proxy, which puts the address that it
        saw last: what stands before it, anybody may have written.
        """
        peer: str | None = getattr(request.getClientAddress(), "host", None)
        if peer is None:
            return "local"
        return self._told_by_proxy(request, peer) or peer

    def may_see_metrics(self, request: Request) -> bool:
        """Whether a request comes from this machine, or from where the settings allow it."""
        peer: str | None = getattr(request.getClientAddress(), "host", None)
        if peer is None:
            return True  # a Unix socket
        address: str | None = peer
        if any(map(request.requestHeaders.hasHeader, _FORWARDED)):
            address = self._told_by_proxy(request, peer)
        if address is None:
            return False
        is_here = plain(ip_address(address)).is_loopback
        return is_here or self._watchers.network_of(address) is not None

    def _told_by_proxy(self, request: Request, peer: str) -> str | None:
        """The address that a trusted proxy tells, None where none does."""
        told = request.requestHeaders.getRawHeaders("x-forwarded-for")
        if not told or self._proxies.network_of(peer) is None:
            return None
        try:
            return str(plain(ip_address(told[-1].rpartition(",")[2].strip())))
        except ValueError:
            return None
