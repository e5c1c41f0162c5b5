"""One worker: it is started again and again, until it shall stop."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from chatserver.workers.worker import Worker
from tests.support.logs import listen


class FakeProcess:
    """A process of a worker, as Twisted shows it."""

    def __init__(self, protocol: Any, command: list[str]) -> None:
        self.pid = 77
        self.protocol = protocol
        self.command = command
        self.written = b""
        self.has_stdin = True
        self.signals: list[str] = []
        self.is_gone = False

    def write(self, data: bytes) -> None:
        self.written += data

    def closeStdin(self) -> None:
        self.has_stdin = False

    def signalProcess(self, name: str) -> None:
        if self.is_gone:
            raise ProcessExitedAlready
        self.signals.append(name)

    def end(self, status: int = 0, signal: int | None = None) -> None:
        bad = status or signal
        reason = ProcessTerminated(status, signal) if bad else ProcessDone(0)
        self.protocol.processEnded(Failure(reason))


class FakeReactor(Clock):
    """Starts processes that are none."""

    def __init__(self) -> None:
        super().__init__()
        self.processes: list[FakeProcess] = []
        self.problem: OSError | None = None

    def spawnProcess(self, protocol: Any, program: str, command: list[str], env: Any) -> None:
        if self.problem:
            raise self.problem
        protocol.transport = FakeProcess(protocol, command)
        self.processes.append(protocol.transport)


class WorkerCase(TestCase):
    def setUp(self) -> None:
        self.lines = listen(self, part="")
        self.reactor = FakeReactor()
        self.worker = Worker(2, b"orders\n", self.reactor)
        self.worker.start()

    @property
    def process(self) -> FakeProcess:
        """The one that was started last."""
        return self.reactor.processes[-1]

    @property
    def starts(self) -> int:
        return len(self.reactor.processes)

    @property
    def last_line(self) -> str:
        return self.lines[-1]

    def pause(self) -> float:
        """How long it takes until it is started again."""
        count, begun = self.starts, self.reactor.seconds()
        while self.starts == count:
            self.reactor.advance(0.25)
        return self.reactor.seconds() - begun


class StartTests(WorkerCase):
    def test_a_process_gets_its_orders(self) -> None:
        self.assertEqual(self.process.written, b"orders\n")
        self.assertEqual(self.process.command[-3:], ["-m", "chatserver.workers", "2"])
        self.assertEqual(self.last_line, "worker 2 is process 77")

    def test_who_dies_is_started_again_after_growing_pauses(self) -> None:
        pauses = []
        for _ in range(9):
            self.process.end(signal=9)
            pauses.append(self.pause())
        self.assertEqual(pauses, [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30])

    def test_who_has_lived_for_a_while_is_started_soon(self) -> None:
        for _ in range(5):
            self.process.end(status=1)
            self.pause()
        self.reactor.advance(61)
        self.process.end(status=1)
        self.assertEqual(self.pause(), 0.25)

    def test_its_end_is_told_with_what_it_said_last(self) -> None:
        self.process.end()
        self.assertEqual(self.last_line, "worker 2 ended; it is started again in 0.25 s")
        self.pause()
        self.process.end(signal=9)
        self.assertIn("worker 2 died of signal 9; ", self.last_line)
        self.pause()
        self.process.protocol.errReceived(b"x" * 10_000)
        self.process.protocol.errReceived(b"\nModuleNotFoundError\n")
        self.process.end(status=1)
        self.assertIn("worker 2 ended with status 1; ", self.last_line)
        self.assertTrue(self.last_line.endswith("x\nModuleNotFoundError"))
        self.assertLess(len(self.last_line), 9000)

    def test_a_system_that_starts_none_is_asked_again(self) -> None:
        self.reactor.problem = OSError(11, "Resource temporarily unavailable")
        self.process.end(signal=9)
        self.reactor.advance(0.25)
        self.assertIn("can't be started: Resource temporarily unavailable", self.last_line)
        self.reactor.problem = None
        self.reactor.advance(0.5)
        self.assertEqual(self.starts, 2)

    def test_lines_in_pieces_are_put_together(self) -> None:
        self.process.protocol.outReceived(_line("one") + _line("two")[:20])
        self.process.protocol.outReceived(_line("two")[20:])
        self.assertEqual(self.lines[-2:], ["one", "two"])


class StopTests(WorkerCase):
    def test_its_pipe_is_closed_and_its_end_awaited(self) -> None:
        stopped = self.worker.stop()
        self.assertFalse(self.process.has_stdin)
        self.assertNoResult(stopped)
        self.process.protocol.errReceived(b"KeyboardInterrupt")
        self.process.end()
        self.successResultOf(stopped)
        self.assertEqual(self.last_line, "worker 2 ended")
        self.reactor.advance(100)
        self.assertEqual(self.starts, 1)

    def test_one_that_is_not_there_is_not_started_again(self) -> None:
        self.process.end(signal=9)
        self.successResultOf(self.worker.stop())
        self.reactor.advance(100)
        self.assertEqual(self.starts, 1)

    def test_one_that_does_not_stop_can_be_killed(self) -> None:
        stopped = self.worker.stop()
        self.worker.kill()
        self.assertEqual(self.process.signals, ["KILL"])
        self.process.is_gone = True
        self.worker.kill()
        self.process.end(signal=9)
        self.successResultOf(stopped)
        self.worker.kill()


class HangTests(WorkerCase):
    def test_one_that_is_silent_for_six_looks_is_killed(self) -> None:
        self.process.protocol.outReceived(b"\n")
        for _ in range(5):
            self.worker.look()
        self.assertEqual(self.process.signals, [])
        self.worker.look()
        self.assertEqual(self.process.signals, ["KILL"])
        self.assertEqual(self.last_line, "worker 2 hangs and is killed")

    def test_one_that_is_heard_stays(self) -> None:
        for _ in range(20):
            self.process.protocol.outReceived(b"\n")
            self.worker.look()
        self.assertEqual(self.process.signals, [])

    def test_one_may_start_as_slowly_as_it_must(self) -> None:
        for _ in range(100):
            self.worker.look()
        self.assertEqual(self.process.signals, [])

    def test_one_that_is_not_there_is_not_looked_at(self) -> None:
        self.process.end(signal=9)
        self.worker.look()
        self.assertEqual(self.process.signals, [])


def _line(message: str) -> bytes:
    """What a worker tells, between beats."""
    record = {"level": "info", "namespace": "chat", "message": message}
    return b"\n" + json.dumps(record).encode() + b"\n"
