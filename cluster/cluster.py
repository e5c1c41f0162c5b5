"""MariaDB, Redis, nodes and nginx, as one thing to start, keep alive and stop."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from cluster.mariadb import MariaDB
from cluster.nginx import Nginx
from cluster.nodes import Node
from cluster.process import Process, free_port
from cluster.redis import Redis

_RESTART_AFTER = 1.0  # seconds
_STOP_WITHIN = 20.0  # seconds for each kind of part; a node's drain takes 10
_GLANCE = 0.05  # seconds
# Where nginx comes from when it connects to the nodes.
_PROXY = "127.0.0.2"


class Cluster:
    """All on the loopback interface, with its data in a folder.

    :param port: where nginx listens.
    :param nodes: the nodes' ports.
    :param say: takes what is to be told, a line or more.
    :raises NotStarted: a program is not installed.
    """

    def __init__(
        self, folder: Path, port: int, nodes: Sequence[int], say: Callable[[str], None]
    ) -> None:
        self._say = say
        self._database = MariaDB(folder / "mariadb")
        password = secrets.token_hex()
        self._redis = Redis(folder / "redis", free_port(), password=password)
        settings = {
            "CHATSERVER_DATABASE": self._database.url("chat"),
            "CHATSERVER_REDIS": f"redis://:{password}@127.0.0.1:{self._redis.port}",
            "CHATSERVER_PROXIES": _PROXY,
        }
        self._nodes = [Node(folder / "nodes", node, **settings) for node in nodes]
        self._nginx = Nginx(folder / "nginx", port=port, nodes=nodes)
        self._died: dict[Process, float] = {}

    @property
    def parts(self) -> list[Process]:
        """All its processes, in the order in which they start."""
        return [self._database, self._redis, *self._nodes, self._nginx]

    def start(self, stopping: Callable[[], bool]) -> None:
        """Start one part after the other; go no further once ``stopping``.

        :raises NotStarted: one does not come up.
        """
        for part in self.parts:
            if stopping():
                return
            self._say(f"starting {part.name} ...")
            part.start()
            if part is self._database:
                self._database.execute("CREATE DATABASE IF NOT EXISTS chat")

    def look(self) -> None:
        """Tell what has died, and start it again after a second."""
        now = time.monotonic()
        for part in self.parts:
            if part.is_running():
                continue
            if part not in self._died:
                self._died[part] = now
                self._say(f"{part.name} {part.end()}; the end of its log:\n{part.last_lines(5)}")
            elif now > self._died[part] + _RESTART_AFTER:
                del self._died[part]
                part.launch()
                self._say(f"{part.name} is started again: process {part.process.pid}")

    def stop(self, is_urgent: Callable[[], bool]) -> None:
        """Stop all parts in good order; kill what is left once it ``is_urgent``."""
        groups: list[Sequence[Process]] = [
            self._nodes, [self._nginx], [self._redis], [self._database]
        ]  # fmt: skip
        for group in groups:
            for part in group:
                part.terminate()
            deadline = time.monotonic() + _STOP_WITHIN
            while any(part.is_running() for part in group):
                if is_urgent() or time.monotonic() > deadline:
                    break
                time.sleep(_GLANCE)
            for part in group:
                part.kill()
