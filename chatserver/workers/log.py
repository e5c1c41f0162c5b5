"""The log of the workers: each tells its lines to the process that started it, which logs them."""

from __future__ import annotations

import json
import os

from twisted.logger import ILogObserver, LogEvent, Logger, LogLevel, eventAsText
from zope.interface import implementer


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
        text = eventAsText(event, includeTimestamp=False, includeSystem=False)
        level = event.get("log_level", LogLevel.info).name
        if self._lost:
            text = f"(lines lost before this one: {self._lost}) {text}"
        line = json.dumps([level, event.get("log_namespace", ""), text])
        if self._write(line.encode() + b"\n"):
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
        level_name, namespace, text = json.loads(line)
        level = LogLevel.levelWithName(level_name)
    except Exception:
        # Something wrote there without being asked to.
        level, namespace, text = LogLevel.warn, "stdout", line.decode(errors="replace")
    system = f"worker {worker} {namespace}#{level.name}"
    Logger(namespace).emit(level, "{text}", text=text, log_system=system)
