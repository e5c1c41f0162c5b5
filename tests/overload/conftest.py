"""Server processes under more load than they can serve."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.overload.server import WatchedServer

StartWatched = Callable[..., WatchedServer]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartWatched]:
    """Starts server processes, perhaps with few ``files``, and stops them after the test.

    Unless it may lose its calm, none may have logged an error that nothing foresaw.
    """
    servers: list[WatchedServer] = []
    calm: list[WatchedServer] = []

    def start(*flags: str, files: int | None = None, is_calm: bool = True) -> WatchedServer:
        server = WatchedServer(tmp_path / f"server {len(servers)}", *flags)
        servers.append(server)
        if is_calm:
            calm.append(server)
        if files is not None:
            # As it starts: it takes as many as it may.
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (files, files))
        server.wait_until_up()
        return server

    yield start
    for server in servers:
        server.kill()
    for server in calm:
        for word in ("Traceback", "Unhandled"):
            assert word not in server.log, server.log[-5000:]
