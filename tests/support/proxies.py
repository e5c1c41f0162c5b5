"""PROXY protocol headers, as a proxy would write them."""

from __future__ import annotations

import struct
from ipaddress import ip_address

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL, PROXY = 0x20, 0x21


def text_header(client: str) -> bytes:
    """The header of version 1 for a client with this address."""
    family = "TCP6" if ":" in client else "TCP4"
    server = "::1" if ":" in client else "192.0.2.1"
    return f"PROXY {family} {client} {server} 50000 8000\r\n".encode()


def binary_header(client: str, extensions: bytes = b"") -> bytes:
    """The header of version 2 for a client with this address."""
    address = ip_address(client)
    addresses = address.packed * 2 + struct.pack("!HH", 50000, 8000)
    return raw_header(PROXY, 0x21 if address.version == 6 else 0x11, addresses + extensions)


def raw_header(command: int, family: int, rest: bytes = b"") -> bytes:
    """A header of version 2, valid or not."""
    return SIGNATURE + struct.pack("!BBH", command, family, len(rest)) + rest
