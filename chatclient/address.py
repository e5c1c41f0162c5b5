"""Server addresses as people write them."""

from __future__ import annotations

import re

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 6000

_ADDRESS = re.compile(
    r"""(?: \[ (?P<bracketed> [^\[\]]+ ) \] | (?P<host> [^\s:\[\]]+ ) ) (?: : (?P<port> \d{1,5} ) )?
        | (?P<bare_ipv6> [0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]* )""",
    re.VERBOSE | re.ASCII,
)


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of ``HOST``, ``HOST:PORT``, ``[IPV6]:PORT`` or a bare IPv6 address.

    The port is 6000 where none is given.

    :raises ValueError: it is none of these; says what is wrong.
    """
    parts = _ADDRESS.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} is no address; write HOST, HOST:PORT or [IPV6]:PORT")
    host = parts["bracketed"] or parts["host"] or parts["bare_ipv6"]
    port = int(parts["port"] or DEFAULT_PORT)
    if not 1 <= port <= 65535:
        raise ValueError(f"{port} is no port; ports are 1 to 65535")
    return host, port
