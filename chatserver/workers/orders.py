"""What a worker is told by the process that starts it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import BinaryIO

from chatserver.settings import Settings, load

#: A worker shows this often that it lives, in seconds.
BEAT = 3.0


def orders(settings: Settings) -> bytes:
    """The settings as they go through a pipe, where nobody else sees the passwords among them."""
    return json.dumps(asdict(settings), default=str).encode() + b"\n"


def read_orders(stream: BinaryIO) -> Settings | None:
    """The settings from the other end of the pipe; None where that was closed."""
    line = stream.readline()
    return load(json.loads(line), config=None, environment={}) if line else None
