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
    kind: str
    text: str


async def get(reactor: Any, port: int, path: str, host: str = "127.0.0.1") -> Page:
    """The answer to a GET."""
    answer = _Answer(path)
    await connectProtocol(HostnameEndpoint(reactor, host, port), answer)
    head, _, text = (await answer.whole).decode().partition("\r\n\r\n")
    status, *fields = head.split("\r\n")
    kinds = [field for field in fields if field.lower().startswith("content-type: ")]
    return Page(int(status.split()[1]), kinds[0].partition(": ")[2], text)


class _Answer(Protocol):
    """All that comes until the server closes."""

    transport: Any

    def __init__(self, path: str) -> None:
        self._path = path
        self._data = b""
        self.whole: Deferred[bytes] = Deferred()

    def connectionMade(self) -> None:
        self.transport.write(f"GET {self._path} HTTP/1.0\r\n\r\n".encode())

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
