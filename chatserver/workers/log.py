"""The log of the workers: each tells its lines to the process that started it, which logs them."""

from __future__ import annotations

import json
import os

from twisted.logger import ILogObserver, LogEvent, Logger, LogLevel
from zope.interface import implementer

from chatserver.logs.lines import TOLD, record_of


@implementer(ILogObserver)
class Teller:
    """Tells what a worker logs, a line for each event.

    It waits for nobody: while the reader doesn't read, lines are lost, and counted.

    :param descriptor: where to.
    """

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._lost = 0

    def __call__(self, event: LogEvent) -> None:
        record = record_of(event)
        if record is None:
            return
        if self._lost:
            record["message"] = f"(lines lost before this one: {self._lost}) {record['message']}"
        if self._write(json.dumps(record).encode() + b"\n"):
            self._lost = 0
        else:
            self._lost += 1

    def beat(self) -> None:
        """Show that the worker lives."""
        self._write(b"\n")

    def _write(self, data: bytes) -> bool:
        try:
            return os.write(self._descriptor, data) == len(data)
        except OSError:  # it is full, or nobody is there any more
            return False


def retell(line: bytes, worker: int) -> None:
    """Log a line that a worker has told."""
    try:
        record = json.loads(line)
        level = LogLevel.levelWithName(record["level"])
        namespace, text = record["namespace"], record["message"]
        if "traceback" in record:
            text = f"{text}\n{record['traceback']}"
        told = {TOLD: record | {"worker": worker}}
    except Exception:
        # Something wrote there without being asked to.
        level, namespace, text = LogLevel.warn, "stdout", line.decode(errors="replace")
        told = {}
    system = f"worker {worker} {namespace}#{level.name}"
    Logger(namespace).emit(level, "{text}", text=text, worker=worker, log_system=system, **told)
