"""A server process whose memory, time and metrics are watched."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater

from cluster.process import free_port
from tests.e2e.processes import ServerProcess
from tests.support.http import Scrape, scrape

#: Whether the tests run in their full size, which takes minutes.
IS_FULL = os.environ.get("OVERLOAD_FULL") == "1"
MiB = 2**20
_SETTLES_WITHIN = 30.0  # seconds
_PAGE = resource.getpagesize()


def size(usual: int, full: int) -> int:
    """How many to take: usually, and in a run of full size."""
    return full if IS_FULL else usual


def report(text: str) -> None:
    """Show figures, where pytest runs with -s."""
    sys.stdout.write(f"\n{text}\n")


def memory(before: int, growth: int, after: int) -> str:
    """Bytes of memory in words."""
    return (
        f"memory {before / MiB:.1f} MiB, {growth / MiB:.1f} more at most, {after / MiB:.1f} later"
    )


class WatchedServer(ServerProcess):
    """A server process with a web endpoint."""

    def __init__(self, folder: Path, *flags: str, **environment: str) -> None:
        self.web_port = free_port()
        super().__init__(folder, "--web", str(self.web_port), *flags, port=None, **environment)

    @property
    def database(self) -> Path:
        return self.folder / "chatserver.db"

    def memory(self) -> int:
        """The bytes of memory that it has now."""
        return int(self._proc("statm").split()[1]) * _PAGE

    def peak(self) -> int:
        """The most that it ever had, or since :meth:`forget_peak`."""
        [line] = [one for one in self._proc("status").splitlines() if one.startswith("VmHWM")]
        return int(line.split()[1]) * 1024

    def forget_peak(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def processor_seconds(self) -> float:
        """The processor time that it has used."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self) -> list[str]:
        """The files that it has open, by number."""
        return os.listdir(f"/proc/{self.process.pid}/fd")

    async def metrics(self) -> Scrape:
        return await scrape(reactor, self.web_port)

    async def until(self, name: str, least: float, most: float = float("inf")) -> Scrape:
        """Wait until a metric is between two values."""
        for _ in range(600):
            seen = await self.metrics()
            if least <= seen[name] <= most:
                return seen
            await deferLater(reactor, 0.05)
        raise AssertionError(f"{name} is {seen[name]}, not from {least} to {most}")

    async def assert_settles(self, before: int) -> int:
        """Its memory comes back to what it was, within 20 %; what it comes to."""
        after = self.memory()
        for _ in range(int(_SETTLES_WITHIN / 0.5)):
            after = self.memory()
            if after <= 1.2 * before:
                return after
            await deferLater(reactor, 0.5)
        raise AssertionError(f"{before / MiB:.1f} MiB before, {after / MiB:.1f} MiB after")

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self.process.pid}/{name}").read_text()
