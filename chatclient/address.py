"""Server addresses as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from chatclient.language import gettext as _

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 6000
DEFAULT_TLS_PORT = 6443
_TLS = "tls://"

_ADDRESS = re.compile(
    r"""(?: \[ (?P<bracketed> [^\[\]]+ ) \] | (?P<host> [^\s:\[\]]+ ) ) (?: : (?P<port> \d{1,5} ) )?
        | (?P<bare_ipv6> [0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]* )""",
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is, and how it is spoken to; a str as people write it.

    With ``tls`` its certificate is checked: against the ``authority``, a file of
    certificates in PEM form, or against those that the system trusts.
    """

    host: str
    port: int
    tls: bool = False
    authority: Path | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{_TLS if self.tls else ''}{host}:{self.port}"


def parse_server(text: str) -> Server:
    """The server of an address as :func:`parse_address` takes it, or ``tls://`` and such a one.

    The port is 6000, or 6443 with TLS, where none is given.

    :raises ValueError: it is none of these; says what is wrong.
    """
    tls = text.lower().startswith(_TLS)
    port = DEFAULT_TLS_PORT if tls else DEFAULT_PORT
    return Server(*parse_address(text[len(_TLS) :] if tls else text, port), tls)


def parse_address(text: str, default_port: int = DEFAULT_PORT) -> tuple[str, int]:
    """Host and port of ``HOST``, ``HOST:PORT``, ``[IPV6]:PORT`` or a bare IPv6 address.

    :raises ValueError: it is none of these; says what is wrong.
    """
    parts = _ADDRESS.fullmatch(text)
    if parts is None:
        raise ValueError(
            _("{text!r} is no address; write HOST, HOST:PORT or [IPV6]:PORT").format(text=text)
        )
    host = parts["bracketed"] or parts["host"] or parts["bare_ipv6"]
    port = int(parts["port"] or default_port)
    if not 1 <= port <= 65535:
        raise ValueError(_("{port} is no port; ports are 1 to 65535").format(port=port))
    return host, port
