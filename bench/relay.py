"""A yardstick: the least that a relay of JSON lines has to do in Python, on bare asyncio.

    python -m bench.relay PORT

A line ``{"msgid":1,"token":"7",...}`` makes the connection number 7's. Any other line goes, as it
is, to the number behind its ``"toid":``. Nothing is checked, stored or bounded.
"""

from __future__ import annotations

import asyncio
import sys

_LOGIN = b'{"msgid":1,"token":"'
_ANSWER = b'{"msgid":2,"errno":0,"pending":0}\n'
_TO = b'"toid":'

_by_number: dict[bytes, asyncio.WriteTransport] = {}


class Relay(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        joined: dict[bytes, list[bytes]] = {}
        for line in lines:
            if line.startswith(_LOGIN):
                number = line[len(_LOGIN) : line.index(b'"', len(_LOGIN))]
                _by_number[number] = self._transport
                self._transport.write(_ANSWER)
            else:
                at = line.find(_TO) + len(_TO)
                joined.setdefault(line[at : line.index(b",", at)], []).append(line)
        for number, texts in joined.items():
            texts.append(b"")
            _by_number[number].write(b"\n".join(texts))


async def serve(port: int) -> None:
    """Relay until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Relay, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
