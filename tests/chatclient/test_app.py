"""The program without a terminal: what can't be had from outside."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from chatclient.interfaces import Endpoint
from chatclient.terminal.app import App
from chatclient.terminal.screen import Quit


class FakeScreen:
    """Keeps what is shown; answers from a list, and then waits."""

    def __init__(self, *answers: str) -> None:
        self.interactive = True
        self.complained = False
        self.lines: list[str] = []
        self.closed = False
        self._answers = list(answers)
        self._stopped = False
        self._asked: Deferred[str] | None = None

    async def ask(self, question: str, *, secret: bool = False) -> str:
        if self._stopped:
            raise Quit
        if self._answers:
            return self._answers.pop(0)
        self._asked = Deferred()
        return await self._asked

    async def read_command(self) -> str:
        return await self.ask("> ")

    def show(self, line: str) -> None:
        self.lines.append(line)

    def complain(self, line: str) -> None:
        self.complained = True
        self.lines.append(line)

    def stop(self) -> None:
        self._stopped = True
        if self._asked is not None:
            self._asked.errback(Quit())

    def close(self) -> None:
        self.closed = True


class SilentEndpoint:
    """Never connects, until one gives up."""

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        return Deferred()


class BrokenEndpoint:
    """Fails at once."""

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        return fail(OSError("no route"))


class AppTests(TestCase):
    """The ends of a run."""

    def start(self, endpoint: Endpoint, screen: FakeScreen) -> tuple[App, Deferred[int]]:
        app = App(Clock(), endpoint, "host:1", "d", screen)
        return app, Deferred.fromCoroutine(app.run())

    def test_stopped_while_connecting(self) -> None:
        screen = FakeScreen()
        app, running = self.start(SilentEndpoint(), screen)
        self.assertNoResult(running)
        self.successResultOf(Deferred.fromCoroutine(app.stop()))
        self.assertEqual(self.successResultOf(running), 0)
        self.assertEqual(screen.lines, [])
        self.assertTrue(screen.closed)

    def test_no_connection(self) -> None:
        screen = FakeScreen()
        _, running = self.start(BrokenEndpoint(), screen)
        self.assertEqual(self.successResultOf(running), 1)
        self.assertEqual(screen.lines, ["cannot connect to host:1: no route"])
        self.assertTrue(screen.closed)
