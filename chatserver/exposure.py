"""How a start leaves its server, or the traffic of its users, open to others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Any

from chatserver.settings import Settings

_ROOT = 0
_HAS_TLS = re.compile(r"(\w+:)*(ssl|tls):")


def warnings(
    settings: Settings, addresses: Sequence[Any], web_addresses: Sequence[Any], user: int
) -> Iterator[str]:
    """What to tell who started the server: what is unsafe, and what to do.

    :param addresses: where it listens, in the order of the ``port`` setting.
    :param web_addresses: the same for the ``web`` setting.
    :param user: the effective user's id.
    """
    if user == _ROOT:
        yield (
            "the server runs as root, which it need not; give it a user of its own: "
            "twistd --uid USER --gid GROUP chatserver ..., in a folder that is that user's"
        )
    # With a trusted proxy it is that one's business to end TLS, on whatever host it is.
    plain = [
        name
        for names, hosts in ((settings.port, addresses), (settings.web, web_addresses))
        for name, address in zip(names, hosts, strict=True)
        if not (settings.proxies or _HAS_TLS.match(name) or _is_local(address))
    ]
    if plain:
        yield (
            f"anybody on the way can read and change what is sent to port {', '.join(plain)}: it "
            "is open to other hosts and has no TLS; set a proxy with TLS before it (--proxies), "
            "use ssl:PORT:..., or tcp:PORT:interface=127.0.0.1 for this host only"
        )


def _is_local(address: Any) -> bool:
    host = getattr(address, "host", None)  # a Unix socket has none
    return host is None or ip_address(host).is_loopback
