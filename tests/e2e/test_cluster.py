"""``python -m cluster``: a whole cluster as people try it out; it leaves nothing running."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from twisted.internet.threads import deferToThread

from cluster.process import free_port, is_open
from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login, register

_ROOT = Path(__file__).parents[2]
_PATIENCE = 60.0  # seconds


class Trial:
    """The command in a folder of its own, with ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        self.port, *self.nodes = (free_port() for _ in range(3))
        self._output = folder / "output"

    @property
    def output(self) -> str:
        """What it has printed since it was started last."""
        return self._output.read_text(encoding="utf-8")

    def start(self) -> None:
        """Start it without waiting."""
        nodes = [str(node) for node in self.nodes]
        options = ["--port", str(self.port), "--nodes", *nodes, "--folder", str(self.folder)]
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cluster", *options],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Return when a condition holds."""
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    def wait_until_up(self) -> None:
        self.wait_for(lambda: "The cluster is up" in self.output)

    def process_of(self, part: str) -> int:
        """The process id that it shows for a part."""
        [found] = re.findall(rf"^ +(\d+) +{part}$", self.output, re.MULTILINE)
        return int(found)

    def running(self) -> dict[int, str]:
        """All processes that run in its folder: what they are."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if Path(os.readlink(process / "cwd")).is_relative_to(self.folder):
                    command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    if command:  # else it has ended already
                        found[int(process.name)] = command
        return found

    def stop(self, number: signal.Signals) -> int:
        """Send it a signal, and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(_PATIENCE)


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    trial = Trial(tmp_path)
    yield trial
    trial.process.kill()
    trial.process.wait()
    for process in trial.running():
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


@asynchronous
async def test_it_serves_goes_on_without_a_node_and_leaves_nothing_running(trial: Trial) -> None:
    trial.start()
    await deferToThread(trial.wait_until_up)
    [zhang] = await register(trial.port, "zhang san")
    client, _ = await login(trial.port, zhang, device="first")
    await client.hang_up()
    assert len(trial.running()) >= 5

    victim, survivor = trial.nodes
    os.kill(trial.process_of(f"node {victim}"), signal.SIGKILL)
    told = f"node {victim} died of SIGKILL"
    await deferToThread(trial.wait_for, lambda: told in trial.output)
    for number in range(4):
        client, _ = await login(trial.port, zhang, device=f"meanwhile {number}")
        await client.hang_up()
    again = f"node {victim} is started again"
    await deferToThread(trial.wait_for, lambda: again in trial.output and is_open(victim))
    client, _ = await login(victim, zhang, device="back")
    await client.hang_up()

    assert await deferToThread(trial.stop, signal.SIGINT) == 0
    assert trial.running() == {}
    assert not any(is_open(port) for port in (trial.port, victim, survivor))

    # What was said is still there the next time.
    trial.start()
    await deferToThread(trial.wait_until_up)
    client, _ = await login(trial.port, zhang, device="first")
    await client.hang_up()
    assert await deferToThread(trial.stop, signal.SIGTERM) == 0
    assert trial.running() == {}


def test_a_second_ctrl_c_does_not_wait_for_what_hangs(trial: Trial) -> None:
    trial.start()
    trial.wait_until_up()
    os.kill(trial.process_of(f"node {trial.nodes[0]}"), signal.SIGSTOP)
    trial.process.send_signal(signal.SIGINT)
    trial.wait_for(lambda: "stopping" in trial.output)
    assert trial.stop(signal.SIGINT) == 0
    assert trial.running() == {}


def test_a_port_in_use_ends_with_one_line(trial: Trial) -> None:
    with socket.create_server(("127.0.0.1", trial.nodes[1])):
        trial.start()
        assert trial.process.wait(_PATIENCE) == 1
    assert len(trial.output.splitlines()) == 1
    assert f"port {trial.nodes[1]}" in trial.output
    assert "--nodes" in trial.output
