"""Servers as people run them: twistd processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import ServerProcess
from tests.e2e.site import Site, running
from tests.support.mariadb import mariadb

StartServer = Callable[..., ServerProcess]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Starts server processes in a folder of their own, and stops them after the test."""
    servers: list[ServerProcess] = []

    def start(*flags: str, **environment: str) -> ServerProcess:
        server = ServerProcess(tmp_path, *flags, port=None, **environment)
        servers.append(server)
        server.wait_until_up()
        return server

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Two nodes, with all that they need, and nginx before them."""
    with running(Site(tmp_path, mariadb())) as site:
        yield site
