"""The PROXY protocol: how a proxy says whose connection it passes on.

Its header comes before anything else, as a line of text (version 1) or in binary (version 2).
The rules are those of https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_TEXT = b"PROXY "
_LONGEST_TEXT = 107  # bytes, with the line's end
_TEXT_LINE = re.compile(
    rb"PROXY (?:UNKNOWN(?: .*)?"
    rb"|TCP([46]) ([0-9A-Fa-f:.]+) ([0-9A-Fa-f:.]+) (0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4}))\r\n",
    re.DOTALL,
)
_BINARY = b"\r\n\r\n\0\r\nQUIT\n"
_LONGEST_BINARY = 4096  # bytes, with the extensions that may stand behind the addresses
_FIXED = struct.Struct("!12xBBH")  # version and command, family and protocol, length of the rest
_LOCAL, _PROXY = 0x20, 0x21
_TCP4, _TCP6 = 0x11, 0x21
# The bytes that the two addresses take at least: of nothing, TCP and UDP, and Unix sockets.
_ADDRESSES = {0x00: 0, _TCP4: 12, 0x12: 12, _TCP6: 36, 0x22: 36, 0x31: 216, 0x32: 216}


class BadHeader(Exception):
    """There is no header where it must be, or one that breaks the rules; the text says which."""


class NoHeader(BadHeader):
    """What stands there does not even begin like one."""


def plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv4 address that is written as an IPv6 one, as the IPv4 address."""
    return getattr(address, "ipv4_mapped", None) or address


class Networks:
    """Addresses and networks of a setting, such as those of trusted proxies."""

    def __init__(self, networks: Sequence[IPv4Network | IPv6Network]) -> None:
        self._networks = networks

    def network_of(self, host: str | None) -> IPv4Network | IPv6Network | None:
        """The network that a peer belongs to.

        :param host: its IP address; None for one that has none.
        """
        if not self._networks or host is None:
            return None
        address = ip_address(host)
        # IPv4 on an IPv6 port: the settings may name it either way.
        forms = {address, plain(address)}
        return next((net for net in self._networks if any(one in net for one in forms)), None)


class HeaderReader:
    """Takes the header off the beginning of a connection."""

    __slots__ = ("_data", "client")

    def __init__(self) -> None:
        self._data = b""
        #: The client's IP address, once the header is whole; None if it gives none, as for the
        #: proxy's own connections.
        self.client: str | None = None

    def feed(self, data: bytes) -> bytes | None:
        """Take the next bytes.

        :returns: what stands behind the header, or None while that is not whole.
        :raises BadHeader: it can't become one any more.
        """
        self._data += data
        if self._data.startswith(_TEXT):
            end = self._read_text()
        elif self._data.startswith(_BINARY):
            end = self._read_binary()
        elif _TEXT.startswith(self._data) or _BINARY.startswith(self._data):
            end = None
        else:
            raise NoHeader("there is none")
        return None if end is None else self._data[end:]

    def _read_text(self) -> int | None:
        """The length of a header of version 1, None if it is not whole."""
        end = self._data.find(b"\n", 0, _LONGEST_TEXT) + 1
        if not end:
            if len(self._data) >= _LONGEST_TEXT:
                raise BadHeader(f"its line has more than {_LONGEST_TEXT} bytes")
            return None
        line = _TEXT_LINE.fullmatch(self._data, 0, end)
        if line is None:
            raise BadHeader("its line is none of version 1")
        family, *addresses, from_port, to_port = line.groups()
        if family is not None:
            kind = IPv4Address if family == b"4" else IPv6Address
            try:
                source, _ = (kind(text.decode()) for text in addresses)
            except ValueError:
                raise BadHeader("its addresses are not of their family") from None
            if max(int(from_port), int(to_port)) > 65535:
                raise BadHeader("its port numbers are too large")
            self.client = str(plain(source))
        return end

    def _read_binary(self) -> int | None:
        """The length of a header of version 2, None if it is not whole."""
        if len(self._data) < _FIXED.size:
            return None
        command, family, length = _FIXED.unpack_from(self._data)
        end: int = _FIXED.size + length
        if command not in (_LOCAL, _PROXY):
            raise BadHeader("its version or command is unknown")
        if end > _LONGEST_BINARY:
            raise BadHeader(f"it has more than {_LONGEST_BINARY} bytes")
        if command == _PROXY and length < _ADDRESSES.get(family, end):
            raise BadHeader("its address family is unknown, or its addresses are cut off")
        if len(self._data) < end:
            return None
        if command == _PROXY and family in (_TCP4, _TCP6):
            size = 4 if family == _TCP4 else 16
            source = ip_address(self._data[_FIXED.size : _FIXED.size + size])
            self.client = str(plain(source))
        return end
