"""Two nodes in this process, on a real MariaDB and a real Redis, as one server."""

from __future__ import annotations

import atexit
import itertools
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from twisted.internet.task import deferLater

from chatserver.app import ChatServer
from chatserver.settings import Settings
from chatserver.store.engines import engine_of
from cluster.process import free_port
from cluster.redis import Redis
from tests.support.mariadb import mariadb
from tests.support.servers import ServerCase
from tests.support.waiting import reactor, until
from tests.support.wire import Json, WireClient, connect


@cache
def shared_redis() -> Redis:
    """A Redis for all tests of this process, with which it ends."""
    redis = Redis(Path(tempfile.mkdtemp(prefix="redis-")), free_port())
    atexit.register(redis.remove)
    redis.start()
    return redis


class ClusterCase(ServerCase):
    """Each connection goes to the next node: whoever meets whom is on another one."""

    def setUp(self) -> Any:
        self._turn = itertools.cycle(range(2))
        self.name, self.url = mariadb().new_database()
        super().setUp()
        return self.joined()

    @property
    def redis(self) -> Redis:
        return shared_redis()

    @property
    def port(self) -> int:
        return self.port_of(next(self._turn))

    def port_of(self, node: int) -> int:
        """Where one of the nodes listens."""
        return int(self.nodes[node].addresses[0].port)

    def start(self, **settings: Any) -> None:
        self.chosen = Settings(
            **{
                "port": ("tcp:0:interface=127.0.0.1",),
                "database": self.url,
                "redis": f"redis://127.0.0.1:{self.redis.port}",
                "drain": 2.0,
                **self.settings,
                **settings,
            }
        )
        engine_of(self.url).prepare()
        self.nodes = [ChatServer(self.chosen, reactor) for _ in range(2)]
        for node in self.nodes:
            node.startService()

    async def joined(self) -> None:
        """Wait until the nodes hear each other."""
        await until(lambda: all(bus.is_whole for bus in self.buses()), "the nodes are connected")

    async def restart(self, **settings: Any) -> None:
        await self._stop()
        self.start(**settings)
        await self.joined()

    async def connect(
        self, terminator: bytes = b"\n", source: str = "127.0.0.1", node: int | None = None
    ) -> WireClient:
        """A new connection, to the next node or to this one."""
        port = self.port if node is None else self.port_of(node)
        client = await connect(reactor, port, terminator, source)
        client.news = self.news
        self.clients.append(client)
        return client

    async def login_on(self, node: int, account: int, **fields: Any) -> tuple[WireClient, Json]:
        """A new connection to a node, on which the account is logged in, and the reply."""
        client = await self.connect(node=node)
        reply = await client.ask({"msgid": 1, "id": account, "password": "secret", **fields})
        self.assertEqual(reply["errno"], 0, reply)
        return client, reply

    async def user_on(self, node: int, **fields: Any) -> tuple[int, WireClient]:
        """A new account that is logged in on a node: its id and its connection."""
        account = self.add_account()
        client, _ = await self.login_on(node, account, **fields)
        return account, client

    async def news(self) -> None:
        """Wait until all that was published has come to every node."""
        for _ in range(2):  # what comes may have more published
            await deferLater(reactor, 0)
            for bus in self.buses():
                await bus._publisher.protocol.ping()
            for bus in self.buses():
                await bus._subscriber.protocol.ping()
        gaps = [node._node.sequencer._gaps for node in self.nodes if node._node]
        await until(lambda: not any(gaps), "the sequencers have no gaps")

    def buses(self) -> list[Any]:
        return [node._node.redis for node in self.nodes if node._node]

    def sql(self, statement: str, *values: Any) -> list[Any]:
        return mariadb().execute(statement.replace("?", "%s"), self.name, values)

    async def _stop(self) -> None:
        for node in self.nodes:
            await node.stopService()

    async def _clean_up(self) -> None:
        for client in self.clients:
            client.cut()
        await self._stop()
