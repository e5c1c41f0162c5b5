"""The server's times as the two dialects write them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=128)  # all messages of one commit have the same
def utc_text(milliseconds: int) -> str:
    """ISO 8601 UTC with milliseconds, from milliseconds since the epoch."""
    seconds, rest = divmod(milliseconds, 1000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def local_text(utc: str) -> str:
    """``YYYY-MM-DD HH:MM:SS`` in this machine's local time, from a :func:`utc_text`."""
    return f"{datetime.fromisoformat(utc).astimezone():%Y-%m-%d %H:%M:%S}"
