"""A relay that makes one mistake again and again.

    python -m tests.bench.broken_relay FAULT PORT

It answers chats as a server would that stores them.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from bench import relay

_EVERY = 20
_number = itertools.count(1)
_seqs: defaultdict[bytes, Iterator[int]] = defaultdict(lambda: itertools.count(1))


def _is_time() -> bool:
    return next(_number) % _EVERY == 0


def lost(lines: Iterable[bytes]) -> Iterator[bytes]:
    return (line for line in lines if not _is_time())


def repeated(lines: Iterable[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield line
        if _is_time():
            yield line


def swapped(lines: Iterable[bytes]) -> Iterator[bytes]:
    lines = list(lines)
    return reversed(lines) if _is_time() else iter(lines)


def misled(lines: Iterable[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield line.replace(b'"toid":5', b'"toid":6') if _is_time() else line


def renumbered(lines: Iterable[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield line.replace(b'"seq":', b'"seq":1') if _is_time() else line


def refused(lines: Iterable[bytes]) -> Iterator[bytes]:
    return iter(lines)


_FAULTS: dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    one.__name__: one for one in (lost, repeated, swapped, misled, renumbered, refused)
}


class BrokenRelay(relay.Relay):
    """One connection. Logins are all right, acknowledgements are ignored, chats are spoilt."""

    def data_received(self, data: bytes) -> None:
        lines = data.splitlines(keepends=True)
        chats = [self._stored(line) for line in lines if line.startswith(b'{"msgid":5,')]
        logins = [line for line in lines if line.startswith(b'{"msgid":1,')]
        super().data_received(b"".join([*logins, *_FAULTS[sys.argv[1]](chats)]))

    def _stored(self, line: bytes) -> bytes:
        """Answer a chat; what is to be pushed."""
        to = line[line.index(b'"toid":') :][:9]
        place = b'"conv":1,"seq":%d}\n' % next(_seqs[to])
        errno = b"110" if sys.argv[1] == "refused" and _is_time() else b"0"
        self._transport.write(b'{"msgid":11,"re":5,"errno":%s,%s' % (errno, place))
        return line[:-2] + b"," + place


if __name__ == "__main__":
    relay.Relay = BrokenRelay  # type: ignore[misc]
    asyncio.run(relay.serve(int(sys.argv[2])))
