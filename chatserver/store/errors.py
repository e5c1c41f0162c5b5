"""What can be wrong with the database."""

from __future__ import annotations

import re


class DatabaseUnusable(Exception):
    """The server can't start on this database; the text says why and what to do."""


class RowRefused(Exception):
    """The database refused what a statement would write, as a broken key or a bad value."""


def without_password(url: str) -> str:
    """A database's URL, for messages and logs."""
    return re.sub(r"(//[^/:@]*):.*@", r"\1@", url)
