"""A real MariaDB for tests: one server process for all of them, a database for each.

Tests that kill it take one of their own.
"""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
from functools import cache
from pathlib import Path

import cluster.mariadb

_names = itertools.count(1)


class MariaDB(cluster.mariadb.MariaDB):
    """A server in a temporary folder, running; it ends with this process."""

    def __init__(self) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix="db-")))
        atexit.register(self.remove)
        self.start()

    def new_database(self) -> tuple[str, str]:
        """A new, empty database: its name and its URL."""
        name = f"chat{next(_names)}"
        # A default that is not fit for the log, as many servers have it.
        self.execute(f"CREATE DATABASE {name} CHARACTER SET latin1")
        return name, self.url(name)


@cache
def mariadb() -> MariaDB:
    """The server for all tests of this process."""
    return MariaDB()


def private_mariadb(folder: Path) -> cluster.mariadb.MariaDB:
    """A server for one test, which has not started; its data is in the folder."""
    server = cluster.mariadb.MariaDB(folder)
    shutil.copytree(_installed(), server.data)
    return server


@cache
def _installed() -> Path:
    """A data folder to copy: installing one takes seconds."""
    folder = Path(tempfile.mkdtemp(prefix="db-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    server = cluster.mariadb.MariaDB(folder)
    server.install()
    return server.data
