"""The process that starts the workers and serves nobody itself."""

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import LoopingCall

from chatserver.app import endpoints, listen
from chatserver.ports import TrialPorts, moved
from chatserver.settings import Settings
from chatserver.tls.certificates import Certificates
from chatserver.workers.number import check_settings, number_of_workers
from chatserver.workers.orders import BEAT, orders
from chatserver.workers.worker import Worker

_LAST_WORDS = 10.0  # seconds that a stop may take besides draining, before the rest is killed


class Workers(Service):
    """Several workers on the same ports.

    :raises SettingsError: the settings are not fit for several.
    :raises CannotListen: a port is none.
    """

    def __init__(self, settings: Settings, reactor: Any) -> None:
        self._settings = settings
        self._reactor = reactor
        self._trials = TrialPorts()
        self._count = count = number_of_workers(settings)
        check_settings(settings, count)
        certificates = Certificates()
        own = [moved(web, by) for by in range(1, count + 1) for web in settings.web]
        self._ports = endpoints("port", settings.port, certificates, self._trials)
        self._web_ports = endpoints("web", settings.web, certificates, self._trials)
        self._own_ports = endpoints("web", own, certificates, self._trials)
        self._workers: list[Worker] = []
        self._looking = LoopingCall(self._look)
        self._looking.clock = reactor
        #: Where all workers listen.
        self.addresses: list[Any] = []
        #: Where they all serve the chat page.
        self.web_addresses: list[Any] = []

    def startService(self) -> None:
        """Start the workers.

        :raises CannotListen: one of their ports can't be opened.
        """
        try:
            self.addresses = [listen(port, None).getHost() for port in self._ports]
            self.web_addresses = [listen(port, None).getHost() for port in self._web_ports]
            for port in self._own_ports:
                listen(port, None)
        finally:
            self._trials.close()
        self._workers = [
            Worker(number, orders(self._settings, number), self._reactor)
            for number in range(1, self._count + 1)
        ]
        for worker in self._workers:
            worker.start()
        self._looking.start(BEAT, now=False)
        super().startService()

    def stopService(self) -> Deferred[None]:
        super().stopService()
        if self._looking.running:
            self._looking.stop()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        late = self._reactor.callLater(self._settings.drain + _LAST_WORDS, self._kill)
        await DeferredList([worker.stop() for worker in self._workers])
        if late.active():
            late.cancel()

    def _kill(self) -> None:
        for worker in self._workers:
            worker.kill()

    def _look(self) -> None:
        for worker in self._workers:
            worker.look()
