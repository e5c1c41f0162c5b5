"""``python -m cluster``: a whole chat cluster in one terminal, until Ctrl-C."""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from cluster.cluster import Cluster
from cluster.process import NotStarted

_GLANCE = 0.1  # seconds


class Signals:
    """The signals that mean "stop", also that of a terminal that closes."""

    def __init__(self) -> None:
        self._came = False
        self._came_again = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, self._received)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
            signal.signal(signal.SIGHUP, self._received)

    def stop(self) -> bool:
        """Whether one came."""
        return self._came

    def stop_at_once(self) -> bool:
        """Whether there was a Ctrl-C after it."""
        return self._came_again

    def _received(self, number: int, _: object) -> None:
        self._came_again |= self._came and number == signal.SIGINT
        self._came = True


def main() -> None:
    options = _options()
    signals = Signals()
    try:
        with _only_one(options.folder):
            _check_ports([*options.nodes, options.port])
            _run(options, signals)
    except NotStarted as problem:
        sys.exit(f"cluster: {problem}")
    except OSError as problem:
        sys.exit(f"cluster: can't use {problem.filename}: {problem.strerror}")


def _run(options: argparse.Namespace, signals: Signals) -> None:
    """Run a cluster until a signal comes.

    :raises NotStarted: it does not come up.
    """
    cluster = Cluster(options.folder.absolute(), options.port, options.nodes, _say)
    try:
        cluster.start(signals.stop)
        if not signals.stop():
            _say(_welcome(cluster, options))
        while not signals.stop():
            cluster.look()
            time.sleep(_GLANCE)
        _say("stopping; Ctrl-C stops at once ...")
    finally:
        cluster.stop(signals.stop_at_once)
    _say("all stopped")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m cluster",
        description="Run a chat cluster on this machine, for trying out: MariaDB, Redis, nodes "
        "and nginx, all on the loopback interface. Ctrl-C stops it.",
    )
    parser.add_argument("--port", type=_port, default=8000, help="nginx's port [8000]")
    parser.add_argument(
        "--nodes",
        type=_port,
        nargs=2,
        default=[6000, 6002],
        metavar="PORT",
        help="the nodes' ports [6000 6002]",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("cluster-data"),
        help="where data and logs are kept [./cluster-data]",
    )
    return parser.parse_args()


def _port(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"port numbers go from 1 to 65535, not {text}")
    return number


def _only_one(folder: Path) -> IO[str]:
    """A lock on a folder, which is made if need be.

    :raises NotStarted: another cluster has it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise NotStarted(f"a cluster is running in {folder}; stop it, or give a --folder") from None
    return lock


def _check_ports(ports: Sequence[int]) -> None:
    """
    :raises NotStarted: one can't be had.
    """
    with ExitStack() as taken:
        for port in ports:
            try:
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError as problem:
                why = os.strerror(problem.errno or 0)
                raise NotStarted(
                    f"can't listen on port {port}: {why}; stop what runs there, or choose other "
                    "ports with --port and --nodes"
                ) from None


def _welcome(cluster: Cluster, options: argparse.Namespace) -> str:
    programs = Path(sys.executable).parent
    with suppress(ValueError):
        programs = programs.relative_to(Path.cwd())
    processes = "".join(f"\n    {part.process.pid:<8} {part.name}" for part in cluster.parts)
    by_hand = "".join(f"\n    nc 127.0.0.1 {node}" for node in options.nodes)
    return f"""
The cluster is up. In other terminals, the chat client, which nginx takes to one of the nodes:

    {programs / "chatclient"} 127.0.0.1:{options.port}

or a node by hand (docs/protocol.md shows what to type):
{by_hand}

Data and logs are in {options.folder}. What dies is started again; try kill -9:
{processes}

Ctrl-C stops all of it.
"""


def _say(text: str) -> None:
    # The terminal may be gone, and what runs has to be stopped all the same.
    with suppress(OSError):
        os.write(sys.stdout.fileno(), f"{text}\n".encode())


if __name__ == "__main__":
    main()
