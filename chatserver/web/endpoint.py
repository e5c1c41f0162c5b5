"""The web endpoint of a node: what it serves where, and what it looks after."""

from __future__ import annotations

from typing import Any

from twisted.web.http import NOT_FOUND
from twisted.web.resource import IResource

from chatserver.settings import Settings
from chatserver.web.answers import Words
from chatserver.web.pages import HealthPage, MetricsPage
from chatserver.web.parts import Parts
from chatserver.web.pulse import Pulse
from chatserver.web.readers import Readers
from chatserver.web.site import Root, WebSite
from chatserver.web.upgrade import Gateway

#: How often :meth:`WebEndpoint.look` is to be called, in seconds.
INTERVAL = 1.0
_NOT_SHARED = Words(
    NOT_FOUND,
    "which worker answers here is chance: each tells its metrics on a port of its own, the first "
    "one on the next port, the second on the one behind it, and so on",
)


class WebEndpoint:
    """Serves a node to browsers, and to those who look after it."""

    def __init__(self, node: Parts, settings: Settings, reactor: Any) -> None:
        self._reactor = reactor
        readers = Readers(settings)
        self.pulse = Pulse(reactor)
        self.gateway = Gateway(node, settings, readers, reactor)
        self._health = HealthPage(node)
        #: For ports of this process alone.
        self.own_site = self._site(MetricsPage(node, self.pulse, self.gateway, readers))
        #: For ports that other processes have, too.
        self.shared_site = self._site(_NOT_SHARED)

    def start(self) -> None:
        self.pulse.start()

    def look(self) -> None:
        """See to connections that have been silent for long."""
        self.gateway.look()

    def stop(self) -> None:
        """Close the connections on which somebody asks."""
        self.own_site.close()
        self.shared_site.close()
        self.pulse.stop()

    def _site(self, metrics: IResource) -> WebSite:
        root = Root()
        root.putChild(b"ws", self.gateway)
        root.putChild(b"healthz", self._health)
        root.putChild(b"metrics", metrics)
        return WebSite(root, self._reactor)
