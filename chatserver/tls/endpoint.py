"""Endpoint strings of ports with TLS: ``ssl:6443:privateKey=key.pem:certKey=cert.pem``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from twisted.internet.endpoints import SSL4ServerEndpoint

from chatserver.tls.certificates import Certificates
from chatserver.tls.files import Files

_PART = re.compile(r"(?:\\.|[^:\\])+")
_ESCAPED = re.compile(r"\\(.)")
_NAMES = ("privateKey", "certKey", "extraCertChain", "interface", "backlog")


def is_tls(text: str) -> bool:
    """Whether an endpoint string is one for :func:`tls_endpoint`."""
    return text.startswith("ssl:")


def tls_endpoint(text: str, certificates: Certificates, reactor: Any) -> SSL4ServerEndpoint:
    """The endpoint that a string stands for.

    It is written as for Twisted, whose own would read the certificate once and for all, and of
    ``certKey`` only the first one.

    :raises ValueError: it is none.
    :raises Unusable: its files are no good.
    """
    _, port, *rest = _PART.findall(text) + [""] * 2
    values = dict(part.partition("=")[::2] for part in rest if part)
    for name in values.keys() - set(_NAMES):
        raise ValueError(f"there is no {name!r} in it, only {', '.join(_NAMES)}")
    if not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"behind ssl: stands a port number up to 65535, not {port!r}")
    backlog = values.get("backlog", "50")
    if not backlog.isdecimal():
        raise ValueError(f"backlog is a number, not {backlog!r}")
    if not values.get("privateKey"):
        raise ValueError(
            "it lacks a certificate; write "
            "ssl:PORT:privateKey=FILE:certKey=FILE, with the paths of two PEM files"
        )
    paths = {
        name: Path(_ESCAPED.sub(r"\1", value)).absolute()
        for name, value in values.items()
        if value and name in _NAMES[:3]
    }
    key = paths["privateKey"]
    files = Files(key, paths.get("certKey", key), paths.get("extraCertChain"))
    return SSL4ServerEndpoint(
        reactor,
        int(port),
        certificates.of(files),
        int(backlog),
        _ESCAPED.sub(r"\1", values.get("interface", "")),
    )
