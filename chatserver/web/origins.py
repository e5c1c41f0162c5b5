"""Whose pages may open a WebSocket: a browser tells from which site the page came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """A site, as browsers tell it."""

    scheme: str
    host: str
    port: int


def origin_of(text: str) -> Origin | None:
    """An origin such as ``https://chat.example.org``; None for what is none."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path or parts.query:
        return None
    return Origin(parts.scheme, parts.hostname, port or _PORTS[parts.scheme])


class Origins:
    """The sites whose pages are served: the one that the request itself went to, and others.

    :param others: as the setting ``web_origins`` has them.
    """

    def __init__(self, others: Sequence[str]) -> None:
        self._others = set(map(origin_of, others))

    def admits(self, origin: str | None, host: str | None) -> bool:
        """Whether a page may open a WebSocket.

        :param origin: the header ``Origin``; None where there is none, as only browsers send it.
        :param host: the header ``Host``.
        """
        if origin is None:
            return True
        asking = origin_of(origin)
        if asking is None:
            return False
        # What the browser called the site; TLS may end at a proxy, so the scheme is the origin's.
        return asking in self._others or asking == origin_of(f"{asking.scheme}://{host}")
