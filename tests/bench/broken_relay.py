"""A relay that makes one mistake again and again.

python -m tests.bench.broken_relay FAULT PORT
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Iterable, Iterator

from bench import relay

_EVERY = 50
_number = itertools.count(1)


def lost(lines: Iterable[bytes]) -> Iterator[bytes]:
    return (line for line in lines if next(_number) % _EVERY)


def repeated(lines: Iterable[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield line
        if not next(_number) % _EVERY:
            yield line


def misled(lines: Iterable[bytes]) -> Iterator[bytes]:
    for line in lines:
        elsewhere = not next(_number) % _EVERY
        yield line.replace(b'"toid":5', b'"toid":6') if elsewhere else line


class BrokenRelay(relay.Relay):
    """One connection, of which only the texts are spoilt."""

    def data_received(self, data: bytes) -> None:
        head, brace, rest = data.partition(b'{"msgid":18')
        super().data_received(head)
        if brace:
            spoil = {"lost": lost, "repeated": repeated, "misled": misled}[sys.argv[1]]
            lines = (brace + rest).splitlines(keepends=True)
            super().data_received(b"".join(spoil(lines)))


if __name__ == "__main__":
    relay.Relay = BrokenRelay  # type: ignore[misc]
    asyncio.run(relay.serve(int(sys.argv[2])))
