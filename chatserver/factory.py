"""Making the protocol of each connection."""

from __future__ import annotations

from twisted.internet.protocol import Factory
from twisted.logger import Logger

from chatserver.clock import Clock
from chatserver.protocol import ChatProtocol
from chatserver.proxied import BadHeader, HeaderReader, Networks
from chatserver.sessions.home import Home
from chatserver.settings import Settings


class ChatFactory(Factory):
    """Makes the protocols of one port.

    :param login_timeout: seconds after which a connection that sent no frame is closed.
    """

    noisy = False
    _log = Logger()

    def __init__(self, home: Home, settings: Settings, clock: Clock) -> None:
        self._home = home
        self._settings = settings
        self._clock = clock
        self._proxies = Networks(settings.proxies)
        self._logged: set[object] = set()

    def buildProtocol(self, addr: object) -> ChatProtocol | None:
        if not self._home.connections.admits():
            return None
        proxy = self._proxies.network_of(getattr(addr, "host", None))
        header = None if proxy is None else HeaderReader()
        protocol = ChatProtocol(self._home, self._settings, self._clock, header)
        protocol.factory = self
        return protocol

    def bad_header(self, host: str, problem: BadHeader) -> None:
        """Log a trusted proxy's bad header, each problem once for each row of the setting."""
        once = (self._proxies.network_of(host), str(problem))
        if once not in self._logged:
            self._logged.add(once)
            self._log.warn(
                "a connection from {host}, a trusted proxy (--proxies), did not begin with a valid "
                "PROXY protocol header ({problem}) and was closed; more of them are not logged",
                host=host,
                problem=str(problem),
            )

    def look(self) -> None:
        """Close connections that have been undecided for too long."""
        limit = self._clock.seconds() - self._settings.login_timeout
        for client in [one for one in self._home.connections.undecided if one.opened <= limit]:
            client.time_out()

    def abort_undecided(self) -> None:
        """Close connections that there is nothing to say to."""
        for client in list(self._home.connections.undecided):
            client.abort()
