"""What a worker is told by the process that starts it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import BinaryIO, NamedTuple

from chatserver.settings import Settings, load

#: A worker shows this often that it lives, in seconds.
BEAT = 3.0


class Orders(NamedTuple):
    """What a worker is to do."""

    settings: Settings
    #: Which one it is, from 1.
    number: int


def orders(settings: Settings, number: int) -> bytes:
    """Orders as they go through a pipe, where nobody else sees the passwords among them."""
    return json.dumps([asdict(settings), number], default=str).encode() + b"\n"


def read_orders(stream: BinaryIO) -> Orders | None:
    """The orders from the other end of the pipe; None where that was closed."""
    line = stream.readline()
    if not line:
        return None
    settings, number = json.loads(line)
    return Orders(load(settings, config=None, environment={}), number)
