"""Where Redis is: the URL of the ``redis`` setting, taken apart."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from twisted.internet.endpoints import (
    HostnameEndpoint,
    UNIXClientEndpoint,
    wrapClientTLS,
)
from twisted.internet.ssl import Certificate as TrustedCertificate
from twisted.internet.ssl import (
    PrivateCertificate,
    optionsForClientTLS,
    trustRootFromCertificates,
)

_FORM = "write redis://USER:PASSWORD@HOST:PORT/DB, or rediss://… for TLS"
_PORT = 6379
_CONNECT_TIMEOUT = 2.0  # seconds
_OPTIONS = {"unix_socket", "ca", "cert", "key"}


class RedisUnusable(Exception):
    """The URL can't be used; the text says why and what to do."""


class RedisAddress(NamedTuple):
    """How to connect and log in. ``shown`` is the URL without its password."""

    endpoint: Any
    username: str | None
    password: str | None
    database: int | None
    shown: str


def address_of(url: str, reactor: Any) -> RedisAddress:
    """
    The address that a URL stands for. ``?unix_socket=PATH`` may stand for host and port;
    for ``rediss://``, ``ca=FILE`` names the authorities to trust instead of the system's, and
    ``cert=FILE&key=FILE`` what to show oneself.

    :raises RedisUnusable: it is no such URL, or names a file that can't be used.
    """
    shown = re.sub(r"(//[^/:@]*):.*@", r"\1@", url)
    try:
        parts = urlsplit(url)
        database = _database_of(parts)
        options = dict(parse_qsl(parts.query))
        port = parts.port or _PORT
    except ValueError as problem:
        # What is taken for a port may be a part of the password, if that is not written as %XX.
        why = f" ({problem})" if shown == url else ""
        raise RedisUnusable(f"can't use the Redis {shown!r}{why}: {_FORM}") from None
    if parts.scheme not in ("redis", "rediss") or options.keys() - _OPTIONS:
        raise RedisUnusable(f"can't use the Redis {shown!r}: {_FORM}")
    host = parts.hostname or "127.0.0.1"
    endpoint: Any
    if "unix_socket" in options:
        endpoint = UNIXClientEndpoint(reactor, options["unix_socket"], timeout=_CONNECT_TIMEOUT)
    else:
        endpoint = HostnameEndpoint(reactor, host, port, timeout=_CONNECT_TIMEOUT)
    if parts.scheme == "rediss":
        endpoint = wrapClientTLS(_tls_options(host, options), endpoint)
    return RedisAddress(
        endpoint,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        database,
        shown,
    )


def _database_of(parts: SplitResult) -> int | None:
    name = parts.path.removeprefix("/")
    if not name:
        return None
    if not name.isdecimal():
        raise ValueError(f"the database is a number, not {name!r}")
    return int(name)


def _tls_options(host: str, options: dict[str, str]) -> Any:
    """What checks the server's certificate, always."""
    trust = mine = None
    if "ca" in options:
        authorities = [
            TrustedCertificate.loadPEM(pem)
            for pem in re.findall(
                r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----",
                _read(options["ca"]).decode("ascii", "replace"),
                re.DOTALL,
            )
        ]
        if not authorities:
            raise RedisUnusable(f"the file {options['ca']} (ca of --redis) has no certificate")
        trust = trustRootFromCertificates(authorities)
    if "cert" in options or "key" in options:
        both = b"\n".join(_read(options[name]) for name in ("key", "cert") if name in options)
        try:
            mine = PrivateCertificate.loadPEM(both)
        except Exception:
            raise RedisUnusable("cert and key of --redis must name PEM files that fit") from None
    return optionsForClientTLS(host, trustRoot=trust, clientCertificate=mine)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as problem:
        raise RedisUnusable(f"can't read {path} (of --redis): {problem.strerror}") from None
