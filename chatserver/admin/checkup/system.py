"""Checks of this machine."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

from chatserver.admin.checkup.findings import Finding, either, ok, problem, warning
from chatserver.admin.texts import size
from chatserver.settings import Settings, SettingsError
from chatserver.sockets import BACKLOG
from chatserver.store.engines import engine_of
from chatserver.store.sqlite import SQLite
from chatserver.workers.number import check_settings, number_of_workers

_SYSCTL = "copy etc/sysctl.d/60-chatserver.conf to /etc/sysctl.d and run sysctl --system"
_OTHER_FILES = 100  # that a server has open besides its connections
_PORTS = 40_000
_RETRIES = 8
_LITTLE_MEMORY = 200 * 10**6
_CONNECTION = 10_000  # bytes of memory


def contradictions(settings: Settings) -> Iterator[Finding]:
    """Settings that don't fit together."""
    count = number_of_workers(settings)
    if count > 1:
        try:
            check_settings(settings, count)
        except SettingsError as trouble:
            yield problem(str(trouble), "give it what it needs, or set --workers 1")
            return
    if settings.redis and isinstance(engine_of(settings.database), SQLite):
        yield warning(
            "Redis connects several nodes, but SQLite serves one only",
            "leave --redis out, or use MySQL or MariaDB",
        )
    else:
        processes = "one process" if count == 1 else f"{count} processes"
        yield ok(f"the settings fit together ({processes})")


def files(settings: Settings) -> Iterator[Finding]:
    """How many files may be open, as each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.max_connections + _OTHER_FILES
    yield either(
        most == resource.RLIM_INFINITY or most >= needed,
        f"{settings.max_connections:,} connections have room in the limit of open files",
        warning(
            f"this user may open {most:,} files, too few for {settings.max_connections:,} "
            "connections",
            "raise the limit (LimitNOFILE= of the systemd service, or ulimit -Hn), or set a lower "
            "--max-connections",
        ),
    )


def network(settings: Settings) -> Iterator[Finding]:
    """The kernel's settings for connections."""
    somaxconn = _number("net/core/somaxconn")
    if somaxconn is not None:
        yield either(
            somaxconn >= BACKLOG,
            f"{somaxconn:,} connections may wait to be accepted",
            warning(
                f"only {somaxconn:,} connections may wait to be accepted (net.core.somaxconn), and "
                f"the server asks for {BACKLOG:,}: when it restarts, clients have to wait",
                _SYSCTL,
            ),
        )
    retries = _number("net/ipv4/tcp_retries2")
    if retries is not None and retries > _RETRIES and settings.proxies:
        yield warning(
            f"net.ipv4.tcp_retries2 is {retries}: behind a proxy, clients that vanished count as "
            "online for up to a quarter of an hour",
            _SYSCTL,
        )
    ports = _numbers("net/ipv4/ip_local_port_range")
    if settings.proxies and len(ports) == 2 and ports[1] - ports[0] < _PORTS:
        yield warning(
            f"a proxy on this host can hold only {ports[1] - ports[0]:,} connections to a node "
            "(net.ipv4.ip_local_port_range)",
            _SYSCTL,
        )


def memory(settings: Settings) -> Iterator[Finding]:
    """What is free."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return
    values = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
    free = values["MemAvailable"]
    needed = _LITTLE_MEMORY + settings.max_connections * _CONNECTION * number_of_workers(settings)
    yield either(
        free >= needed,
        f"{size(free)} of memory are free",
        warning(
            f"{size(free)} of memory are free; {settings.max_connections:,} connections may need "
            f"{size(needed)}",
            "set a lower --max-connections, or give the machine more",
        ),
    )


def _numbers(name: str) -> list[int]:
    try:
        return [int(word) for word in Path("/proc/sys", name).read_text().split()]
    except (OSError, ValueError):
        return []


def _number(name: str) -> int | None:
    found = _numbers(name)
    return found[0] if found else None
