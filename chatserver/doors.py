"""Keeping ports shut while this process can open no more files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from twisted.logger import Logger

#: How often :meth:`Doors.look` is to be called, in seconds.
INTERVAL = 0.25


def can_open() -> bool:
    """Whether this process can open one more file."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


class Doors:
    """Stops accepting when there is no descriptor for it, and begins again when there is.

    Twisted keeps one in reserve, to close those that come. Where it has lost that, it would try
    again and again, with all the time that the processor has.

    :param ports: all ports that are open.
    """

    _log = Logger()

    def __init__(self, ports: Sequence[Any], can_open: Callable[[], bool] = can_open) -> None:
        self._ports = ports
        self._can_open = can_open
        self._are_shut = False

    def look(self) -> None:
        """Shut or open the ports, as it is possible now."""
        if self._can_open() != self._are_shut:
            return
        self._are_shut = not self._are_shut
        for port in self._ports:
            if self._are_shut:
                port.stopReading()
            else:
                port.startReading()
        if self._are_shut:
            self._log.error(
                "this process can open no more files (ulimit -n): new connections have to wait"
            )
        else:
            self._log.info("files can be opened again: new connections are accepted")
