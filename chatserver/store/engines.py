"""The engine for a database URL."""

from __future__ import annotations

from urllib.parse import urlsplit

from chatserver.store.engine import Engine
from chatserver.store.errors import DatabaseUnusable, without_password
from chatserver.store.mysql import MySQL
from chatserver.store.sqlite import SQLite


def engine_of(url: str) -> Engine:
    """
    :raises DatabaseUnusable: the URL is of no kind that there is.
    """
    match _scheme_of(url):
        case "sqlite":
            return SQLite(url)
        case "mysql":
            return MySQL(url)
        case _:
            raise DatabaseUnusable(
                f"can't use the database {without_password(url)!r}: write sqlite:///FILE or "
                "mysql://USER:PASSWORD@HOST:PORT/NAME"
            )


def _scheme_of(url: str) -> str | None:
    """None where the URL is none: what is wrong might quote a password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts.scheme
