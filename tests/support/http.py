"""Asking a server's web endpoint."""

from __future__ import annotations

from typing import Any, NamedTuple

from prometheus_client.parser import text_string_to_metric_families
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure


class Page(NamedTuple):
    """What was answered."""

    status: int
    headers: dict[str, str]  # by name in small letters
    text: str

    @property
    def kind(self) -> str:
        """Its content type."""
        return self.headers["content-type"]


async def get(
    reactor: Any,
    port: int,
    path: str,
    host: str = "127.0.0.1",
    *,
    method: str = "GET",
    source: str = "127.0.0.1",
    endpoint: Any = None,
    **headers: str,
) -> Page:
    """The answer to a request.

    :param source: the address that it comes from.
    :param endpoint: where to connect instead.
    :param headers: their names with ``_`` for ``-``.
    """
    lines = [f"{method} {path} HTTP/1.1", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    answer = _Answer("\r\n".join([*lines, "", ""]))
    if endpoint is None:
        endpoint = HostnameEndpoint(reactor, host, port, bindAddress=(source, 0))
    await connectProtocol(endpoint, answer)
    head, _, text = (await answer.whole).decode(errors="replace").partition("\r\n\r\n")
    status, *fields = head.split("\r\n")
    shown = dict(field.split(": ", 1) for field in fields)
    return Page(int(status.split()[1]), {name.lower(): one for name, one in shown.items()}, text)


class _Answer(Protocol):
    """All that comes until the server closes."""

    transport: Any

    def __init__(self, request: str) -> None:
        self._request = request
        self._data = b""
        self.whole: Deferred[bytes] = Deferred()

    def connectionMade(self) -> None:
        self.transport.write(self._request.encode())

    def dataReceived(self, data: bytes) -> None:
        self._data += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.whole.callback(self._data)


class Scrape(dict[str, float]):
    """Values by name, as ``x`` or ``x a`` or ``x a b`` with the labels' values, by label."""

    def __missing__(self, name: str) -> float:
        return 0.0


async def scrape(reactor: Any, port: int) -> Scrape:
    """All metrics of a server."""
    page = await get(reactor, port, "/metrics")
    assert page.status == 200, page
    return Scrape(
        {
            " ".join([sample.name, *sample.labels.values()]): sample.value
            for family in text_string_to_metric_families(page.text)
            for sample in family.samples
        }
    )
