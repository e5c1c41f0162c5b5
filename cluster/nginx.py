"""A private nginx before two chatserver nodes, set up by the files in etc/nginx."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cluster import process
from cluster.process import NotStarted, Process

_FILES = Path(__file__).parent.parent / "etc/nginx"
CONFIGURATION = _FILES / "chatserver.conf"
WEB_CONFIGURATION = _FILES / "chatserver-web.conf"
_TLS_SERVER = re.compile(r"^    #server \{\n.*?^    #\}\n", re.MULTILINE | re.DOTALL)
_MAIN = """\
{module}
daemon off;
worker_processes 2;
worker_shutdown_timeout {stay}s;
pid pid;
error_log stderr notice;
events {{
    worker_connections 4096;
}}
{include}
"""
_INCLUDE = "include chatserver.conf;"
_INCLUDE_WEB = """\
http {
    include chatserver-web.conf;
    access_log off;
    client_body_temp_path temporary;
    proxy_temp_path temporary;
    fastcgi_temp_path temporary;
    uwsgi_temp_path temporary;
    scgi_temp_path temporary;
}"""


class Tls(NamedTuple):
    """A port with TLS, and the files of its certificate and key."""

    port: int
    certificate: Path
    key: Path


class _Nginx(Process):
    """An nginx in a folder of its own.

    :param main: its nginx.conf.
    """

    def __init__(self, folder: Path, main: str) -> None:
        folder = folder.absolute()
        command = [program(), "-p", f"{folder}/", "-c", "nginx.conf", "-e", "stderr"]
        super().__init__("nginx", folder, command)
        self._pid = folder / "pid"
        (folder / "nginx.conf").write_text(main)

    def launch(self) -> None:
        self._pid.unlink(missing_ok=True)
        super().launch()

    def is_up(self) -> bool:
        return bool(_content(self._pid))  # written once the ports are open

    def reload(self) -> None:
        """Ask for new worker processes; the old ones stay for their clients for a while."""
        self.process.send_signal(signal.SIGHUP)

    def terminate(self) -> None:
        """Tell it to close the ports, give the clients time to go, and end."""
        if self.is_running():
            self.process.send_signal(signal.SIGQUIT)


class Nginx(_Nginx):
    """An nginx for TCP on the loopback interface.

    :param nodes: the ports of the two nodes.
    :param stay: seconds that clients have to go in, after a reload and at a stop.
    :raises NotStarted: nginx or its stream module is not installed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        nodes: Sequence[int],
        tls: Tls | None = None,
        stay: int = 2,
    ) -> None:
        main = _MAIN.format(module=load_module(), stay=stay, include=_INCLUDE)
        super().__init__(folder, main)
        (self.folder / "chatserver.conf").write_text(self._configuration(port, nodes, tls))

    @property
    def access_log(self) -> str:
        """A line for each connection that has ended."""
        return _content(self.folder / "chatserver.log")

    def _configuration(self, port: int, nodes: Sequence[int], tls: Tls | None) -> str:
        """chatserver.conf with other ports and paths."""
        text = CONFIGURATION.read_text(encoding="utf-8")
        first, second = nodes
        changes = {
            "server 127.0.0.1:6000": f"server 127.0.0.1:{first}",
            "server 127.0.0.1:6002": f"server 127.0.0.1:{second}",
            "listen 8000 ": f"listen 127.0.0.1:{port} ",
            "/var/log/nginx/": f"{self.folder}/",
        }
        if tls is not None:
            text = _TLS_SERVER.sub(lambda found: re.sub("(?m)^    #", "    ", found[0]), text)
            changes |= {"listen 8443 ": f"listen 127.0.0.1:{tls.port} "} | _certificate(tls)
        return _changed(text, changes)


class WebNginx(_Nginx):
    """An nginx for browsers on the loopback interface.

    :param port: for those who come without TLS.
    :param nodes: the web ports of the two nodes.
    """

    def __init__(self, folder: Path, *, port: int, nodes: Sequence[int], tls: Tls) -> None:
        super().__init__(folder, _MAIN.format(module="", stay=2, include=_INCLUDE_WEB))
        first, second = nodes
        changes = {
            "server 127.0.0.1:9000": f"server 127.0.0.1:{first}",
            "server 127.0.0.1:9002": f"server 127.0.0.1:{second}",
            "listen 80;": f"listen 127.0.0.1:{port};",
            "listen 443 ": f"listen 127.0.0.1:{tls.port} ",
        }
        text = WEB_CONFIGURATION.read_text(encoding="utf-8")
        configuration = _changed(text, changes | _certificate(tls))
        (self.folder / "chatserver-web.conf").write_text(configuration)


def _certificate(tls: Tls) -> dict[str, str]:
    """The paths of a certificate, by those in the files."""
    return {
        "/etc/ssl/chatserver/fullchain.pem": str(tls.certificate.absolute()),
        "/etc/ssl/chatserver/privkey.pem": str(tls.key.absolute()),
    }


def _changed(text: str, changes: Mapping[str, str]) -> str:
    """A configuration with other ports and paths."""
    for old, new in changes.items():
        assert text.count(old) == 1, f"a file in {_FILES} no longer has {old!r}"
        text = text.replace(old, new)
    return text


def program() -> str:
    """The path of nginx.

    :raises NotStarted: it is not there.
    """
    return process.program("nginx", "nginx libnginx-mod-stream")


@cache
def load_module() -> str:
    """The line that loads the stream module, where it is not a part of nginx itself.

    :raises NotStarted: it is not there.
    """
    built = subprocess.run([program(), "-V"], capture_output=True, text=True, check=True).stderr
    if "--with-stream=dynamic" not in built:
        return ""  # if it has none at all, it says so itself
    folder = re.search(r"--modules-path=(\S+)", built)
    module = Path(folder[1] if folder else "modules", "ngx_stream_module.so")
    if not module.exists():
        raise NotStarted(f"{module} is missing: apt-get install libnginx-mod-stream")
    return f"load_module {module};"


def _content(file: Path) -> str:
    return file.read_text(errors="replace") if file.exists() else ""
