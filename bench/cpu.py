"""The CPU time that processes use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def seconds(pid: int) -> float:
    """The CPU time that a process and its threads have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Meter:
    """What some processes use from when it is made.

    :param pids: by what the processes are called.
    """

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._before = {name: seconds(pid) for name, pid in pids.items()}

    def used(self) -> dict[str, float]:
        """Seconds of CPU time, by name."""
        return {name: seconds(pid) - self._before[name] for name, pid in self._pids.items()}
