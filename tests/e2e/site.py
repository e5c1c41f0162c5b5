"""A chat of several nodes as processes, and people who are always busy in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import MySQLdb
from twisted.internet import reactor as _reactor
from twisted.internet.task import LoopingCall, deferLater
from twisted.internet.threads import deferToThread

from cluster.nginx import Nginx
from cluster.nodes import Node
from cluster.process import Process, free_port
from cluster.redis import Redis
from tests.e2e.clients import login, register
from tests.support.mariadb import MariaDB
from tests.support.persistent import PersistentClient, Visit
from tests.support.record import Record

reactor: Any = _reactor
PROXY = "127.0.0.2"  # where nginx comes from
_PATIENCE = 30.0  # seconds


class Site:
    """MariaDB, Redis, nodes, and nginx before them where there are two.

    :param url: how the nodes reach the database, with {} for its name, if not directly.
    """

    def __init__(
        self, folder: Path, database: MariaDB, *, nodes: int = 2, url: str | None = None
    ) -> None:
        self.database = database
        self._name, direct = database.new_database()
        self.redis = Redis(folder / "redis", free_port())
        settings = {
            "CHATSERVER_DATABASE": url.format(self._name) if url else direct,
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
        return self.database.execute(statement, self._name, values)

    @contextmanager
    def locked(self, statement: str, *values: object) -> Iterator[None]:
        """Keep what a statement locks, from within a transaction that is rolled back."""
        connection = MySQLdb.connect(
            unix_socket=str(self.database.socket), user="root", db=self._name
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


class Crowd:
    """People who all write to a group and each to the next one; the first has two devices."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.clients: list[PersistentClient] = []
        self._group = 0
        self._numbers = 0
        self._writing = LoopingCall(self._write)

    async def come(self, people: int = 6) -> None:
        """Register, make the group, and log all in."""
        port = self._site.nodes[0].port
        accounts = await register(port, *(f"user {number}" for number in range(people)))
        for account in accounts:
            client, _ = await login(port, account, device="first")
            if not self._group:
                self._group = (await client.ask({"msgid": 7, "groupname": "all"}))["groupid"]
            else:
                await client.ask({"msgid": 8, "groupid": self._group})
            await client.hang_up()
        places = [(account, "phone") for account in accounts] + [(accounts[0], "pad")]
        for account, device in places:
            self.clients.append(PersistentClient(reactor, self._site.port, account, device))
            self.clients[-1].start()
        await self.all_in()

    async def all_in(self) -> None:
        await until(lambda: all(client.is_in for client in self.clients), "all are logged in")

    def begin(self, interval: float = 0.05) -> None:
        """Write: each sends a text every ``interval`` seconds."""
        self._writing.start(interval)

    async def load(self, seconds: float) -> None:
        """Let them write for some time."""
        await deferLater(reactor, seconds)
        for client in self.clients:
            assert client.complaints == [], client.name

    async def end(self) -> Record:
        """Write no more; the record of it all, when all is stored and all have what is theirs."""
        self._writing.stop()
        await until(lambda: all(client.is_done for client in self.clients), "all is stored")
        record = self.record()
        await until(
            lambda: not any(map(record.missing, self.clients)),
            "all have seen what they are owed",
        )
        await deferLater(reactor, 0.3)  # what should not come would come now
        return record

    def record(self) -> Record:
        """What was said, as it stands in the database."""
        messages = self._site.sql("SELECT conversation, seq, body FROM messages")
        members = self._site.sql("SELECT conversation, account FROM members")
        return Record(messages, members, self.clients)

    async def go(self) -> None:
        """Log all out, whatever state they are in."""
        if self._writing.running:
            self._writing.stop()
        for client in self.clients:
            await client.stop()

    def visits(self) -> list[Visit]:
        """The connections on which somebody is logged in now."""
        return [client.visits[-1] for client in self.clients if client.is_in]

    def delays(self) -> list[float]:
        """The seconds from each text's first send to each device that got it, in order."""
        begun = {one.text: one.begun for client in self.clients for one in client.sendings}
        return sorted(
            push.at - begun[push.text]
            for client in self.clients
            for visit in client.visits
            for push in visit.pushes
        )

    def _write(self) -> None:
        self._numbers += 1
        for at, client in enumerate(self.clients):
            text = f"{client.name} {self._numbers}"
            if (self._numbers + at) % 2:
                client.send(text, groupid=self._group)
            else:
                client.send(text, toid=self.clients[(at + 1) % len(self.clients)].account)


async def until(condition: Callable[[], object], what: str, patience: float = _PATIENCE) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not in {patience} s: {what}"
        await deferLater(reactor, 0.05)


async def start_again(part: Process) -> None:
    """Start a process again, while the rest goes on."""
    await deferToThread(part.start)


def assert_calm(nodes: Sequence[Node]) -> None:
    """No node has logged anything unforeseen."""
    for node in nodes:
        for word in ("Traceback", "Unhandled"):
            assert word not in node.log, node.log
