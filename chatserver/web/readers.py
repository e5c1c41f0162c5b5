"""Who asks: the address of an HTTP client, also behind a proxy."""

from __future__ import annotations

from ipaddress import ip_address

from twisted.web.server import Request

from chatserver.proxied import Proxies, plain

_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")


def address_of(request: Request, proxies: Proxies) -> str:
    """The address of whoever sent a request, without its port.

    What a header says of it counts only from a trusted proxy, which puts the address that it saw
    last: what stands before it, anybody may have written.
    """
    peer = getattr(request.getClientAddress(), "host", None)
    if peer is None:
        return "local"
    told = request.requestHeaders.getRawHeaders("x-forwarded-for")
    if told and proxies.network_of(peer) is not None:
        try:
            return str(plain(ip_address(told[-1].rpartition(",")[2].strip())))
        except ValueError:
            return str(peer)
    return str(peer)
