"""The pages for those who look after the server."""

from __future__ import annotations

from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry
from twisted.web.http import FORBIDDEN, OK, SERVICE_UNAVAILABLE
from twisted.web.server import NOT_DONE_YET, Request

from chatserver.errors import TryAgain
from chatserver.spawn import spawn
from chatserver.web.answers import Page, Words
from chatserver.web.metrics import Gateway, Metrics
from chatserver.web.parts import Parts
from chatserver.web.pulse import Pulse
from chatserver.web.readers import Readers

_NOT_FOR_ALL = Words(
    FORBIDDEN,
    "metrics are told to this machine only; the server's setting --metrics-for lets others ask",
)


class MetricsPage(Page):
    """``/metrics``, in the format of Prometheus that the reader prefers."""

    def __init__(self, parts: Parts, pulse: Pulse, gateway: Gateway, readers: Readers) -> None:
        super().__init__()
        self._readers = readers
        # Not the library's own: one process may run several nodes.
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(Metrics(parts, pulse, gateway))

    def render_GET(self, request: Request) -> bytes:
        if not self._readers.may_see_metrics(request):
            return _NOT_FOR_ALL.render(request)
        encode, content_type = choose_encoder(request.getHeader("accept") or "")
        request.setHeader("content-type", content_type)
        return encode(self._registry)


class HealthPage(Page):
    """``/healthz``: 200 where people can be served, otherwise 503 and the reason."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._parts = parts

    def render_GET(self, request: Request) -> int:
        request.notifyFinish().addErrback(lambda _: None)  # who asked may go meanwhile
        spawn(self._answer(request), "looking after the server's health")
        return NOT_DONE_YET

    async def _answer(self, request: Request) -> None:
        trouble = await self._trouble()
        if request.channel is None:
            return
        request.setResponseCode(SERVICE_UNAVAILABLE if trouble else OK)
        request.setHeader("content-type", "text/plain; charset=utf-8")
        request.setHeader("cache-control", "no-store")
        words = f"{trouble or 'well'}\n".encode()
        request.setHeader("content-length", str(len(words)))
        request.write(words)
        request.finish()

    async def _trouble(self) -> str | None:
        """Why people can't be served just now."""
        if self._parts.dispatcher.is_stopping:
            return "the server is stopping"
        try:
            await self._parts.store.check()
        except TryAgain:
            return "the database can't be used"
        return None
