"""A real MariaDB for tests: one server process for all of them, a database for each."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import MySQLdb

_PATIENCE = 30.0  # seconds
_names = itertools.count(1)


class MariaDB:
    """A server of its own in a folder of its own, reached through a socket file."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="db-"))
        self.socket = self._folder / "s"
        data = self._folder / "d"
        self._log = (self._folder / "log").open("wb")
        root = ["--user=root"] if os.geteuid() == 0 else []
        subprocess.run(
            [
                _program("mariadb-install-db"),
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                f"--datadir={data}",
                "--innodb-log-file-size=8M",
                *root,
            ],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            check=True,
        )
        self._command = [
            _program("mariadbd"),
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={self.socket}",
            "--skip-networking",
            "--skip-log-bin",
            *root,
        ]
        atexit.register(self.remove)
        self.start()

    def start(self) -> None:
        """Start the server, on the data that it has."""
        self.process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT
        )
        self._wait_until_up()

    def kill(self) -> None:
        """kill -9, and wait."""
        self.process.kill()
        self.process.wait(_PATIENCE)

    def new_database(self) -> tuple[str, str]:
        """A new, empty database: its name and its URL."""
        name = f"chat{next(_names)}"
        # A default that is not fit for the log, as many servers have it.
        self.execute(f"CREATE DATABASE {name} CHARACTER SET latin1")
        return name, f"mysql://root@localhost/{name}?unix_socket={self.socket}"

    def execute(self, sql: str, database: str = "", values: Sequence[object] = ()) -> list[Any]:
        """Run a statement; what it gives."""
        connection = MySQLdb.connect(
            unix_socket=str(self.socket), user="root", db=database, charset="utf8mb4"
        )
        try:
            cursor = connection.cursor()
            cursor.execute(sql, values or None)
            connection.commit()
            return list(cursor.fetchall())
        finally:
            connection.close()

    def remove(self) -> None:
        """Kill the server and remove its folder."""
        self.kill()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self.execute("SELECT 1")
                return
            except MySQLdb.Error:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    log = Path(self._log.name).read_text(errors="replace")
                    raise AssertionError(f"MariaDB did not come up:\n{log}") from None
                time.sleep(0.05)


@cache
def mariadb() -> MariaDB:
    """The server for all tests of this process; it ends with the process."""
    return MariaDB()


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin:/sbin")
    assert found, f"{name} is missing; apt-get install mariadb-server"
    return found
