"""A private Redis."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster.process import Process, is_open, program


@dataclass(frozen=True)
class Certificate:
    """The server's certificate and key, and who signs those of its clients."""

    ca: Path
    cert: Path
    key: Path


class Redis(Process):
    """A server that forgets everything at its end, on a port of the loopback interface.

    :param user: whom commands run as, where ``config`` has such a user.
    :param tls: speak TLS only, and want certificates from clients too.
    :param config: more lines for its config file; they overrule those before.
    :raises NotStarted: Redis is not installed.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        user: str | None = None,
        password: str | None = None,
        tls: Certificate | None = None,
        config: Sequence[str] = (),
    ) -> None:
        self.port = port
        self._user = user
        self._password = password
        self._tls = tls
        path = folder.absolute() / "redis.conf"
        super().__init__("redis", folder, [program("redis-server", "redis-server"), str(path)])
        # The password shows on no command line, and in no file that others may read.
        path.touch(mode=0o600)
        path.write_text("\n".join([*self._config(), *config, ""]))

    def is_up(self) -> bool:
        return is_open(self.port)

    def command(self, *words: str) -> str:
        """Run a command; what redis-cli shows of the reply.

        :raises CalledProcessError: the reply is an error.
        """
        client = [program("redis-cli", "redis-tools"), "-e", "-p", str(self.port)]
        if self._user:
            client += ["--user", self._user]
        if self._tls:
            ca, cert, key = self._tls.ca, self._tls.cert, self._tls.key
            client += ["--tls", "--cacert", str(ca), "--cert", str(cert), "--key", str(key)]
        authentication = {"REDISCLI_AUTH": self._password} if self._password else {}
        done = subprocess.run(
            [*client, *words],
            env=os.environ | authentication,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        return done.stdout.rstrip("\n")

    def _config(self) -> list[str]:
        lines = ["bind 127.0.0.1", 'save ""', "appendonly no", f"dir {_quoted(self.folder)}"]
        if self._password:
            lines.append(f"requirepass {_quoted(self._password)}")
        if self._tls is None:
            return [*lines, f"port {self.port}"]
        return [
            *lines,
            "port 0",
            f"tls-port {self.port}",
            f"tls-ca-cert-file {_quoted(self._tls.ca)}",
            f"tls-cert-file {_quoted(self._tls.cert)}",
            f"tls-key-file {_quoted(self._tls.key)}",
        ]


def _quoted(value: object) -> str:
    """As one word of a config file."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
