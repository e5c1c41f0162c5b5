"""A chat of several nodes as processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import MySQLdb
from twisted.internet import reactor as _reactor
from twisted.internet.threads import deferToThread

from cluster.nginx import Nginx
from cluster.nodes import Node
from cluster.process import Process, free_port
from cluster.redis import Redis
from tests.support.mariadb import MariaDB
from tests.support.waiting import until

reactor: Any = _reactor
PROXY = "127.0.0.2"  # where nginx comes from


class Site:
    """MariaDB, Redis, nodes, and nginx before them where there are two.

    :param url: how the nodes reach the database, with {} for its name, if not directly.
    """

    def __init__(
        self, folder: Path, database: MariaDB, *, nodes: int = 2, url: str | None = None
    ) -> None:
        self.database = database
        self.name, direct = database.new_database()
        self.redis = Redis(folder / "redis", free_port())
        settings = {
            "CHATSERVER_DATABASE": url.format(self.name) if url else direct,
            "CHATSERVER_REDIS": f"redis://127.0.0.1:{self.redis.port}",
            "CHATSERVER_PROXIES": PROXY,
            "CHATSERVER_RATE": "0",
            "CHATSERVER_REGISTER_RATE": "0",
        }
        ports = [free_port() for _ in range(nodes)]
        self.nodes = [Node(folder / "nodes", port, **settings) for port in ports]
        #: Where people come in.
        self.port = free_port()
        self._nginx = Nginx(folder / "nginx", port=self.port, nodes=ports) if nodes == 2 else None

    def start(self) -> None:
        self.redis.start()
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_until_up()
        if self._nginx is not None:
            self._nginx.start()

    def stop(self) -> None:
        for part in (self._nginx, *self.nodes, self.redis):
            if part is not None:
                part.kill()

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Run a statement on the nodes' database."""
        return self.database.execute(statement, self.name, values)

    @contextmanager
    def locked(self, statement: str, *values: object) -> Iterator[None]:
        """Keep what a statement locks, from within a transaction that is rolled back."""
        connection = MySQLdb.connect(
            unix_socket=str(self.database.socket), user="root", db=self.name
        )
        try:
            connection.cursor().execute(statement, values)
            yield
        finally:
            connection.close()

    async def joined(self) -> None:
        """Wait until all nodes are there for each other."""
        await until(
            lambda: len(self.sql("SELECT * FROM nodes")) == len(self.nodes), "all nodes are there"
        )


@contextmanager
def running(site: Site) -> Iterator[Site]:
    """A site that runs as long as it is used."""
    try:
        site.start()
        yield site
    finally:
        site.stop()


async def start_again(part: Process) -> None:
    """Start a process again, while the rest goes on."""
    await deferToThread(part.start)


def assert_calm(nodes: Sequence[Node]) -> None:
    """No node has logged anything unforeseen."""
    for node in nodes:
        for word in ("Traceback", "Unhandled"):
            assert word not in node.log, node.log
