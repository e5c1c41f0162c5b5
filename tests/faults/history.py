"""The history of a run, in a file that can be checked again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import msgspec

from tests.faults.events import AnyEvent, Event

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(AnyEvent)


class History:
    """Writes events down as they happen, and keeps them.

    :param file: where to; it is begun anew.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.events: list[Event] = []
        self._begun = time.monotonic()
        self._lines = file.open("wb")
        self._visits = count(1)

    def now(self) -> float:
        """Seconds since the run began, for an event's ``at``."""
        return round(time.monotonic() - self._begun, 6)

    def note(self, event: Event) -> None:
        """Write an event down."""
        self.events.append(event)
        self._lines.write(_encoder.encode(event) + b"\n")

    def next_visit(self) -> int:
        """A number for a new connection."""
        return next(self._visits)

    def close(self) -> None:
        self._lines.close()


def load(file: Path) -> Iterator[Event]:
    """The events of a history file, oldest first.

    :raises msgspec.MsgspecError: it is none; says where it is wrong.
    """
    with file.open("rb") as lines:
        for line in lines:
            yield _decoder.decode(line)
