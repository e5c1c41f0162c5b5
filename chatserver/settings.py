"""The settings: defaults < file < environment < flags."""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, get_type_hints

ENVIRONMENT_PREFIX = "CHATSERVER_"


class SettingsError(Exception):
    """A setting can't be used; the text says which, where it came from and why."""


def _setting(
    default: Any, help: str, *, least: float = 0, most: float = 1e12, choices: tuple[str, ...] = ()
) -> Any:
    return field(
        default=default, metadata={"help": help, "least": least, "most": most, "choices": choices}
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set; times are in seconds, sizes in bytes unless said otherwise."""

    port: tuple[str, ...] = _setting(
        ("6000",),
        "Port number or Twisted endpoint string to listen on; may be given repeatedly.",
        least=1,
    )
    web: tuple[str, ...] = _setting(
        (),
        "Port number or Twisted endpoint string that serves the chat page, /ws (WebSocket), "
        "/healthz and /metrics (for Prometheus) over HTTP; may be given repeatedly. A number alone "
        "listens on this machine only.",
    )
    web_origins: tuple[str, ...] = _setting(
        (),
        "Sites whose pages may use /ws besides the server's own, like https://chat.example.org, "
        "separated by commas or spaces.",
    )
    metrics_for: tuple[IPv4Network | IPv6Network, ...] = _setting(
        (),
        "Addresses and networks that may read /metrics besides this machine, like 10.0.0.5 or "
        "10.0.0.0/8, separated by commas or spaces.",
    )
    database: str = _setting(
        "sqlite:///chatserver.db",
        "Database: sqlite:///FILE, or sqlite:////FOLDER/FILE with a full path, or "
        "mysql://USER:PASSWORD@HOST:PORT/NAME. A URL with a password belongs in the config file "
        "or the environment.",
    )
    redis: str = _setting(
        "",
        "Redis that connects several nodes on one database: "
        "redis://USER:PASSWORD@HOST:PORT/DB, or rediss:// for TLS; none for a single node.",
    )
    workers: int = _setting(
        1,
        "Processes that serve, all on the same ports, each on a core of its own; 0 = as many as "
        "there are cores. Several need MySQL or MariaDB, and Redis. Limits are those of each. They "
        "share the ports of --web, too; each tells its metrics on the ports behind these: the "
        "first one on the next port, the second on the one behind it.",
        most=1000,
    )
    proxies: tuple[IPv4Network | IPv6Network, ...] = _setting(
        (),
        "Addresses and networks of trusted proxies, like 127.0.0.2 or 10.0.0.0/8, separated by "
        "commas or spaces. Connections from them must begin with a PROXY protocol header (version "
        "1 or 2), whose address then counts as the client's. A header before a TLS handshake is "
        "not understood: let the proxy end TLS.",
    )
    max_connections: int = _setting(
        50_000,
        "Connections at once; fewer, where the system lets the server open fewer files. At the "
        "limit the one that has waited longest without logging in gives way to a new one.",
        least=1,
    )
    max_frame: int = _setting(65536, "Longest accepted frame, in bytes.", least=1024)
    max_text: int = _setting(16384, "Longest text of a chat, in characters.", least=1)
    rate: float = _setting(
        500.0, "Requests a second that an account may make on average; 0 = no limit."
    )
    burst: int = _setting(2000, "Requests that an account may make at once.", least=1)
    register_rate: float = _setting(120.0, "Registrations a minute from one address; 0 = no limit.")
    login_rate: float = _setting(
        12_000.0,
        "Logins a minute from one address, all of them at once if need be; 0 = no limit.",
    )
    login_failures: int = _setting(
        5, "Wrong passwords in a row before an address has to wait; 0 = no limit."
    )
    login_timeout: float = _setting(60.0, "Seconds in which a connection must log in.", least=0.05)
    ping_interval: float = _setting(
        240.0, "Seconds of silence after which the server sends PING.", least=0.05
    )
    keepalive: float = _setting(
        25.0, "Seconds in which TCP keepalive finds a dead peer.", least=3, most=43_200
    )
    send_queue: int = _setting(
        4 * 2**20, "Unsent bytes for one connection before it is closed as slow.", least=65536
    )
    in_progress: int = _setting(
        1000,
        "Requests of one connection in progress, or 1 MiB of them, before the server stops "
        "reading.",
        least=1,
    )
    pending: int = _setting(
        50_000, "Messages waiting for the database before more are refused.", least=1
    )
    pending_text: int = _setting(
        64 * 2**20,
        "Characters of messages waiting for the database before more are refused.",
        least=1,
    )
    hash_threads: int = _setting(2, "Threads that hash passwords, at low priority.", least=1)
    hash_queue: int = _setting(200, "Password hashes waiting before more are refused.", least=1)
    classic_gap: float = _setting(0.005, "Seconds between two frames to a classic (C++) client.")
    drain: float = _setting(10.0, "The longest a stop may take, in seconds.", least=0.1)
    token_days: float = _setting(
        30.0, "Days that a login token is valid.", least=0.00001, most=365_000
    )
    log_format: str = _setting(
        "text",
        "How the log is written: text for people, or json, one object a line, for machines.",
        choices=("text", "json"),
    )


#: The settings that are lists of endpoints.
_ENDPOINTS = {"port", "web"}
_NETWORKS = {"proxies", "metrics_for"}
_ORIGIN = re.compile(r"https?://[^\s/?#@]+")
_KINDS: dict[str, Any] = get_type_hints(Settings)
_FIELDS = {item.name: item for item in fields(Settings)}


def help_of(name: str) -> str:
    """The help text of a setting."""
    return str(_FIELDS[name].metadata["help"])


def load(
    flags: Mapping[str, Any], *, config: str | None, environment: Mapping[str, str] = os.environ
) -> Settings:
    """Put the settings together.

    :param flags: what the command line set, by setting name.
    :param config: the path of a TOML file; CHATSERVER_CONFIG names one too.
    :raises SettingsError: a name is unknown, or a value can't be used.
    """
    path = config or environment.get(ENVIRONMENT_PREFIX + "CONFIG")
    values: dict[str, Any] = {}
    if path:
        values |= _checked(_read(path), lambda name: f"{path}: {name}")
    values |= _checked(_from_environment(environment), _variable)
    values |= _checked(flags, _flag)
    return Settings(**values)


def _read(path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as problem:
        raise SettingsError(f"can't read the config file {path}: {problem.strerror}") from None
    except (ValueError, RecursionError) as problem:
        raise SettingsError(f"the config file {path} is not valid TOML: {problem}") from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(ENVIRONMENT_PREFIX)
    }
    found.pop("config", None)
    for name in _ENDPOINTS & found.keys():
        found[name] = found[name].split()
    return found


def _checked(values: Mapping[str, Any], told_as: Any) -> dict[str, Any]:
    checked = {}
    for name, value in values.items():
        if name not in _FIELDS:
            raise SettingsError(f"{told_as(name)}: there is no such setting")
        try:
            checked[name] = _convert(name, value)
        except ValueError as problem:
            raise SettingsError(f"{told_as(name)}: {problem}") from None
    return checked


def _convert(name: str, value: Any) -> Any:
    kind = _KINDS[name]
    if kind is str:
        if not isinstance(value, str) or not (value or name == "redis"):
            raise ValueError("must be a text that is not empty")
        choices = _FIELDS[name].metadata["choices"]
        if choices and value not in choices:
            raise ValueError(f"must be {' or '.join(choices)}, not {value!r}")
        return value
    if name in _ENDPOINTS:
        return _ports(value, least=_FIELDS[name].metadata["least"])
    if name in _NETWORKS:
        return _networks(value)
    if name == "web_origins":
        return _origins(value)
    if isinstance(value, bool):
        raise ValueError(f"must be a number, not {str(value).lower()}")
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if number != number or (isinstance(value, float) and number != value):
        what = "a whole number" if kind is int else "a number"
        raise ValueError(f"must be {what}, not {value!r}")
    least, most = _FIELDS[name].metadata["least"], _FIELDS[name].metadata["most"]
    if number < least:
        raise ValueError(f"must be at least {least:g}, not {value}")
    if number > most:
        raise ValueError(f"must be at most {most:g}, not {value}")
    return number


def _ports(value: Any, least: float) -> tuple[str, ...]:
    items = value if isinstance(value, list | tuple) else [value]
    if len(items) < least or not all(type(item) in (int, str) and str(item) for item in items):
        raise ValueError("must be a port number, an endpoint string, or a list of them")
    for item in map(str, items):
        if item.isdecimal() and int(item) > 65535:
            raise ValueError(f"port numbers go from 0 to 65535, not {item}")
        if ":" not in item and not item.isdecimal():
            raise ValueError(
                f"must be a port number or an endpoint string like tcp:6000:interface=127.0.0.1, "
                f"not {item!r}"
            )
    return tuple(map(str, items))


def _origins(value: Any) -> tuple[str, ...]:
    items = _listed(value, "origins")
    for item in items:
        if not isinstance(item, str) or not _ORIGIN.fullmatch(item):
            raise ValueError(f"must be origins like https://chat.example.org, not {item!r}")
    return tuple(items)


def _networks(value: Any) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(_network, _listed(value, "IP addresses or networks")))


def _listed(value: Any, what: str) -> Sequence[Any]:
    """The items of a list, which may also be one text with commas or spaces."""
    items = list(filter(None, re.split(r"[\s,]+", value))) if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise ValueError(f"must be {what}, or a list of them, not {value!r}")
    return items


def _network(text: Any) -> IPv4Network | IPv6Network:
    try:
        if isinstance(text, str) and "%" not in text:  # an interface is no part of a network
            return ip_network(text)
    except ValueError as problem:
        if "host bits" in str(problem):
            raise ValueError(
                f"{text} is no network; write {ip_network(text, strict=False)} for all of it"
            ) from None
    raise ValueError(f"must be IP addresses or networks like 127.0.0.2 or 10.0.0.0/8, not {text!r}")


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _variable(name: str) -> str:
    return ENVIRONMENT_PREFIX + name.upper()
