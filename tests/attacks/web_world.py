"""The world of attackers, who come over WebSocket."""

from __future__ import annotations

import random
from typing import Any

from tests.attacks.world import Attacker, World
from tests.support.websocket import WebSocketClient, connect

_TEXT, _CONTINUATION = 1, 0


def as_text(stream: bytes) -> bytes:
    """What of a stream can go over WebSocket: lines, in valid UTF-8."""
    lines = [line for line in stream.split(b"\n") if _is_utf8(line)]
    return b"\n" + b"\n".join(lines)


class WebWorld(World):
    """Sends each line of a stream as a message, some of them in fragments."""

    web = ("0",)

    async def open(self) -> WebSocketClient:
        """A WebSocket."""
        return await connect(self._reactor, self._server.web_addresses[0].port)

    async def _send(self, attacker: Attacker, pieces: list[bytes]) -> None:
        client = _Relay(self._reactor, attacker)
        await connect(self._reactor, self._server.web_addresses[0].port, client=client)
        attacker.transport = client.transport
        chance = random.Random(f"{pieces}")
        for line in b"".join(pieces).split(b"\n"):
            _send_in_fragments(client.websocket, line.removesuffix(b"\r"), chance)


class _Relay(WebSocketClient):
    """Gives what comes to an attacker, as lines."""

    def __init__(self, reactor: Any, attacker: Attacker) -> None:
        super().__init__(reactor)
        self._attacker = attacker

    def text_received(self, text: bytes) -> None:
        self._attacker.dataReceived(text + b"\n")

    def connectionLost(self, *_: object) -> None:
        self.is_closed = True
        self._attacker.connectionLost()


def _send_in_fragments(websocket: Any, text: bytes, chance: random.Random) -> None:
    opcode = _TEXT
    while chance.random() < 0.3:
        at = chance.randint(0, len(text))
        websocket.sendFrame(opcode, text[:at], fin=False)
        opcode, text = _CONTINUATION, text[at:]
    websocket.sendFrame(opcode, text)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
