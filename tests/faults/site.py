"""What is put to the test: nodes with all that they need, reached through doors that can fail."""

from __future__ import annotations

import sqlite3
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import MySQLdb
from twisted.internet.endpoints import TCP4ClientEndpoint, UNIXClientEndpoint
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from cluster.nginx import Nginx
from cluster.nodes import TWISTD, Node
from cluster.process import Process, free_port
from cluster.redis import Redis
from tests.faults.doors import Door
from tests.support.faketime import faked_clock, set_clock
from tests.support.mariadb import private_mariadb

_PATIENCE = 30.0  # seconds
_ROOT = str(Path(__file__).parent.parent.parent)


class Site(ABC):
    """Nodes on one database.

    :param folder: for everybody's files.
    :param broken: what is wrong with the nodes (``tests/faults/broken.py``), for once.
    :param sets_clock: the nodes' clock can be set; that makes them slower.
    """

    def __init__(self, reactor: Any, folder: Path, broken: str, sets_clock: bool) -> None:
        self.reactor = reactor
        self.folder = folder
        #: Where people come in, once it has started.
        self.doors: list[Door] = []
        self.nodes: list[Node] = []
        self._clocks: dict[int, Path] = {}
        self._sets_clock = sets_clock
        self._program = (
            [sys.executable, "-m", "tests.faults.broken", broken] if broken else [TWISTD]
        )

    @property
    def parts(self) -> Sequence[Process]:
        """All processes, in the order in which they start."""
        return self.nodes

    @property
    def entrances(self) -> Sequence[int]:
        """The ports to which the doors lead."""
        return [node.port for node in self.nodes]

    async def start(self) -> None:
        """Start all processes, and open the doors."""
        for part in self.parts:
            part.launch()
        for part in self.parts:
            await deferToThread(part.wait_until_up)
        self.doors = self._open(*self.entrances)

    async def stop(self) -> None:
        """End everything."""
        for door in self.doors:
            await door.stop()
        await deferToThread(self.kill)

    def kill(self) -> None:
        """End all processes at once."""
        for part in reversed(self.parts):
            part.kill()

    @abstractmethod
    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a question to the nodes' database; to be called in a thread."""

    def set_clock(self, node: Node, seconds: int) -> None:
        """Set a node's time of day forward by some seconds, or back."""
        set_clock(self._clocks[node.port], seconds)

    def _open(self, *ports: int) -> list[Door]:
        """A door to each of these ports."""
        return [
            Door(self.reactor, TCP4ClientEndpoint(self.reactor, "127.0.0.1", port))
            for port in ports
        ]

    def _node(self, port: int, **settings: str) -> Node:
        clock = self._clocks[port] = self.folder / f"clock-{port}"
        if self._sets_clock:
            settings |= faked_clock(clock)
        return Node(
            self.folder / "nodes",
            port,
            program=self._program,
            PYTHONPATH=_ROOT,  # the nodes run in a folder of their own
            CHATSERVER_RATE="0",
            CHATSERVER_REGISTER_RATE="0",
            **settings,
        )


class Cluster(Site):
    """Two nodes with MariaDB and Redis; doors lie between all of them."""

    def __init__(
        self,
        reactor: Any,
        folder: Path,
        *,
        broken: str = "",
        sets_clock: bool = False,
        **settings: str,
    ) -> None:
        ports = [free_port(), free_port()]
        super().__init__(reactor, folder, broken, sets_clock)
        self.mariadb = private_mariadb(folder / "mariadb")
        self.redis = Redis(folder / "redis", free_port())
        database = UNIXClientEndpoint(reactor, str(self.mariadb.socket))
        #: On each node's way to MariaDB and to Redis.
        self.database_doors = [Door(reactor, database) for _ in ports]
        self.redis_doors = self._open(self.redis.port, self.redis.port)
        self.nodes = [
            self._node(
                port,
                CHATSERVER_DATABASE=f"mysql://root@127.0.0.1:{to_database.port}/chat",
                CHATSERVER_REDIS=f"redis://127.0.0.1:{to_redis.port}",
                **settings,
            )
            for port, to_database, to_redis in zip(
                ports, self.database_doors, self.redis_doors, strict=True
            )
        ]

    @property
    def parts(self) -> Sequence[Process]:
        return [self.redis, *self.nodes]

    def kill(self) -> None:
        super().kill()
        self.mariadb.kill()

    async def start(self) -> None:
        await deferToThread(self.mariadb.start)
        await deferToThread(self.mariadb.execute, "CREATE DATABASE chat")
        await super().start()
        deadline = time.monotonic() + _PATIENCE
        while len(await deferToThread(self.sql, "SELECT id FROM nodes")) < len(self.nodes):
            assert time.monotonic() < deadline, "the nodes are not there for each other"
            await deferLater(self.reactor, 0.05)

    async def stop(self) -> None:
        await super().stop()
        for door in (*self.database_doors, *self.redis_doors):
            await door.stop()

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        return self.mariadb.execute(statement, "chat")

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """The cursor of a transaction on the nodes' database, which is rolled back."""
        connection = MySQLdb.connect(
            unix_socket=str(self.mariadb.socket), user="root", db="chat", read_timeout=10
        )
        try:
            yield connection.cursor()
        finally:
            connection.close()


class Balanced(Cluster):
    """Two nodes behind an nginx, to which the only door leads."""

    def __init__(self, reactor: Any, folder: Path) -> None:
        super().__init__(reactor, folder, CHATSERVER_PROXIES="127.0.0.2")
        nodes = [node.port for node in self.nodes]
        self._port = free_port()
        self._nginx = Nginx(folder / "nginx", port=self._port, nodes=nodes)

    @property
    def parts(self) -> Sequence[Process]:
        return [*super().parts, self._nginx]

    @property
    def entrances(self) -> Sequence[int]:
        return [self._port]


class Single(Site):
    """One node on SQLite."""

    def __init__(
        self, reactor: Any, folder: Path, *, broken: str = "", sets_clock: bool = False
    ) -> None:
        port = free_port()
        super().__init__(reactor, folder, broken, sets_clock)
        self.file = folder / "chat.db"
        self.nodes = [self._node(port, CHATSERVER_DATABASE=f"sqlite:///{self.file}")]

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file, timeout=10)) as connection:
            return connection.execute(statement).fetchall()
