"""A private MariaDB."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import MySQLdb

from cluster.process import NotStarted, Process, program

_PACKAGE = "mariadb-server-core"
_LONGEST_SOCKET = 107  # bytes that the system takes as a socket's path


class MariaDB(Process):
    """A server on the data in its folder, where root needs no password.

    It is reached through a socket file.

    :param port: a port of the loopback interface that it takes connections on as well.
    :param config: an option file to read.
    :raises NotStarted: MariaDB is not installed.
    """

    def __init__(
        self, folder: Path, *, port: int | None = None, config: Path | None = None
    ) -> None:
        #: The data folder.
        self.data = folder.absolute() / "data"
        # Servers that start remove what others have left in a folder for temporary tables; and
        # what those still use.
        self._temporary = {"TMPDIR": str(folder.absolute() / "tmp")}
        #: The socket file.
        self.socket = self._socket_in(folder.absolute())
        self._as_user = ["--user=root"] if os.geteuid() == 0 else []
        network = ["--bind-address=127.0.0.1", f"--port={port}"] if port else ["--skip-networking"]
        command = [
            program("mariadbd", _PACKAGE),
            f"--defaults-file={config.absolute()}" if config else "--no-defaults",
            f"--datadir={self.data}",
            f"--socket={self.socket}",
            "--skip-log-bin",
            *network,
            *self._as_user,
        ]
        super().__init__("mariadb", folder, command, self._temporary)
        Path(self._temporary["TMPDIR"]).mkdir(exist_ok=True)

    def launch(self) -> None:
        if not self.data.exists():
            self.install()
        super().launch()

    def is_up(self) -> bool:
        try:
            self.execute("SELECT 1")
        except MySQLdb.Error:
            return False
        return True

    def url(self, database: str) -> str:
        """The URL of a database, for the server's settings."""
        return f"mysql://root@localhost/{database}?unix_socket={quote(str(self.socket))}"

    def connect(self, database: str = "") -> Any:
        """A connection as root."""
        return MySQLdb.connect(
            unix_socket=str(self.socket), user="root", db=database, charset="utf8mb4"
        )

    def execute(self, sql: str, database: str = "", values: Sequence[object] = ()) -> list[Any]:
        """Run a statement as root; what it gives."""
        connection = self.connect(database)
        try:
            cursor = connection.cursor()
            cursor.execute(sql, values or None)
            connection.commit()
            return list(cursor.fetchall())
        finally:
            connection.close()

    def install(self) -> None:
        """Make the data folder, whole or not at all; a first start does so by itself."""
        new = self.data.with_name("data.new")
        shutil.rmtree(new, ignore_errors=True)
        with self.log_file.open("ab") as log:
            done = subprocess.run(
                [
                    program("mariadb-install-db", _PACKAGE),
                    "--no-defaults",
                    "--auth-root-authentication-method=normal",
                    "--skip-test-db",
                    f"--datadir={new}",
                    "--innodb-log-file-size=8M",
                    *self._as_user,
                ],
                env=os.environ | self._temporary,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                check=False,
            )
        if done.returncode:
            raise NotStarted(f"mariadb-install-db failed:\n{self.last_lines()}")
        new.rename(self.data)

    def _socket_in(self, folder: Path) -> Path:
        """A path in the folder; where that would be too long for a socket, a temporary one."""
        path = folder / "socket"
        if len(os.fsencode(path)) > _LONGEST_SOCKET:
            short = tempfile.mkdtemp(prefix="mariadb-", dir="/tmp")
            weakref.finalize(self, shutil.rmtree, short, ignore_errors=True)
            path = Path(short, "socket")
        return path
