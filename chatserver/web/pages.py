"""The pages of the web endpoint."""

from __future__ import annotations

from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry
from twisted.internet.interfaces import IAddress
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.http import OK, SERVICE_UNAVAILABLE
from twisted.web.pages import notFound
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from chatserver.errors import TryAgain
from chatserver.spawn import spawn
from chatserver.web.metrics import Metrics
from chatserver.web.parts import Parts
from chatserver.web.pulse import Pulse

_IDLE_LIMIT = 60  # seconds
_MOST_AT_ONCE = 32  # connections


class _Page(Resource):
    """A page with nothing below it but what is put there."""

    def getChild(self, path: bytes, request: Request) -> IResource:  # noqa: ARG002
        return notFound()


class MetricsPage(_Page):
    """``/metrics``, in the format of Prometheus that the reader prefers."""

    def __init__(self, parts: Parts, pulse: Pulse) -> None:
        super().__init__()
        # Not the library's own: one process may run several nodes.
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(Metrics(parts, pulse))

    def render_GET(self, request: Request) -> bytes:
        encode, content_type = choose_encoder(request.getHeader("accept") or "")
        request.setHeader("content-type", content_type)
        return encode(self._registry)


class HealthPage(_Page):
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
        request.write(f"{trouble or 'well'}\n".encode())
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


class _QuietSite(Site):
    """Logs no requests: there is one every few seconds."""

    noisy = False
    displayTracebacks = False

    def log(self, request: object) -> None:
        """Not here."""


class _Limited(WrappingFactory):
    """Leaves descriptors for more important things."""

    noisy = False

    def buildProtocol(  # type: ignore[override]
        self, addr: IAddress | None
    ) -> ProtocolWrapper | None:
        return super().buildProtocol(addr) if len(self.protocols) < _MOST_AT_ONCE else None


def site(parts: Parts, pulse: Pulse) -> WrappingFactory:
    """What the web endpoint serves."""
    root = _Page()
    root.putChild(b"metrics", MetricsPage(parts, pulse))
    root.putChild(b"healthz", HealthPage(parts))
    return _Limited(_QuietSite(root, timeout=_IDLE_LIMIT))
