"""What is measured: servers with their databases, and the yardsticks, each on its processor."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from bench.people import Crowd
from bench.stored import fill
from cluster.mariadb import MariaDB
from cluster.nodes import Node
from cluster.process import Process, free_port, is_open
from cluster.redis import Redis

_SETTINGS = ["--rate", "0", "--register-rate", "0", "--login-rate", "0", "--login-failures", "0"]
_ROOT = str(Path(__file__).parent.parent)
_CORES = sorted(os.sched_getaffinity(0))


@contextmanager
def on_core(number: int | None) -> Iterator[None]:
    """Where this process and those it starts run meanwhile, on machines with several cores.

    :param number: the first core (0) or the second; None stands for all.
    """
    if len(_CORES) > 1:
        os.sched_setaffinity(0, _CORES if number is None else {_CORES[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, _CORES)


class Site(ABC):
    """Processes in a folder of their own.

    :param is_pinned: the server's run on the first core, all others on the second.
    """

    servers: Sequence[Process]
    others: Sequence[Process] = ()

    def __init__(self, folder: Path, *, is_pinned: bool = True) -> None:
        self.folder = folder
        self._servers_core = 0 if is_pinned else None
        self.others_core = 1 if is_pinned else None
        folder.mkdir(parents=True)

    @property
    @abstractmethod
    def ports(self) -> list[int]:
        """Where senders, and where receivers log in."""

    @property
    def watched(self) -> dict[str, int]:
        """The processes whose time is measured, the server's first."""
        parts = [part for part in (*self.servers, *self.others) if part.is_running()]
        return {part.name: part.process.pid for part in parts}

    def start(self) -> None:
        with on_core(self.others_core):
            for part in self.others:
                part.start()
        with on_core(self._servers_core):
            for part in self.servers:
                part.start()

    def restart(self) -> None:
        """Start the servers anew; databases go on."""
        with on_core(self._servers_core):
            for part in self.servers:
                part.stop()
                part.start()

    def remove(self) -> None:
        """Kill all, and remove the folder."""
        for part in (*self.servers, *self.others):
            part.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @abstractmethod
    def settle(self, crowd: Crowd) -> None:
        """Make accounts."""


class Relay(Site):
    """A yardstick: it only passes lines on."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        super().__init__(folder)
        self._relay = _RelayProcess(folder, command)
        self.servers = [self._relay]

    @property
    def ports(self) -> list[int]:
        return [self._relay.port]

    def settle(self, crowd: Crowd) -> None:
        """Nothing to do: a relay believes everybody."""


class OnSQLite(Site):
    """A single node, as ``make run`` starts it.

    :param stored: how many messages pairs of accounts have in its log.
    """

    def __init__(self, folder: Path, stored: int = 0) -> None:
        super().__init__(folder)
        self._stored = stored
        self._node = _node(folder, "server")
        self.servers = [self._node]
        self.database = folder / "chatserver.db"

    @property
    def ports(self) -> list[int]:
        return [self._node.port]

    def start(self) -> None:
        if self._stored and not self.database.exists():
            fill(self.database, self._stored)
        super().start()

    def settle(self, crowd: Crowd) -> None:
        with closing(sqlite3.connect(self.database, timeout=30)) as connection, connection:
            for statement, rows in crowd.tables():
                connection.executemany(statement, rows)


class OnMariaDB(Site):
    """Nodes on one MariaDB; several of them with a Redis."""

    def __init__(self, folder: Path, nodes: int = 1, *, is_pinned: bool = True) -> None:
        super().__init__(folder, is_pinned=is_pinned)
        self.database = MariaDB(folder / "db")
        self.redis = Redis(folder / "redis", free_port())
        environment = {"CHATSERVER_DATABASE": self.database.url("chat")}
        self.others = [self.database]
        names = ["server"]
        if nodes > 1:
            environment["CHATSERVER_REDIS"] = f"redis://127.0.0.1:{self.redis.port}"
            self.others = [self.database, self.redis]
            names = ["sender's node", "receiver's node"]
        self._nodes = [_node(folder, name, **environment) for name in names]
        self.servers = self._nodes

    @property
    def ports(self) -> list[int]:
        return [node.port for node in self._nodes]

    def start(self) -> None:
        with on_core(self.others_core):
            self.database.start()
            self.database.execute("CREATE DATABASE chat")
            for part in self.others[1:]:
                part.start()
        with on_core(self._servers_core):
            for node in self._nodes:
                node.start()

    def settle(self, crowd: Crowd) -> None:
        with closing(self.database.connect("chat")) as connection:
            for statement, rows in crowd.tables():
                if rows:
                    connection.cursor().executemany(statement.replace("?", "%s"), rows)
            connection.commit()


class _RelayProcess(Process):
    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self.port = free_port()
        environment = {"PYTHONPATH": os.pathsep.join([_ROOT, *sys.path])}
        super().__init__("relay", folder, [*command, str(self.port)], environment)

    def is_up(self) -> bool:
        return is_open(self.port)


def _node(folder: Path, name: str, **environment: str) -> Node:
    node = Node(folder, free_port(), *_SETTINGS, **environment)
    node.name = name
    return node
