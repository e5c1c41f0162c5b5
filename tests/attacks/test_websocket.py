"""What attackers send over WebSocket: requests, and what is no WebSocket any more."""

from __future__ import annotations

import random
import struct
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.trial.unittest import TestCase

from tests.attacks import verdict
from tests.attacks.test_fuzz import CORPUS
from tests.attacks.web_world import WebWorld, as_text

reactor: Any = _reactor
_STREAMS = 20
_BROKEN = 60


class WebSocketTests(TestCase):
    timeout = 240

    def setUp(self) -> None:
        self.world = WebWorld(reactor)

    async def test_every_stream_of_the_corpus_and_nearly_valid_requests(self) -> None:
        await self.world.start()
        try:
            streams = [path.read_bytes() for path in sorted(CORPUS.glob("*.bin"))]
            streams += [self.world.grammar(f"{n}").stream(100) for n in range(_STREAMS)]
            for raw in streams:
                stream = verdict.ended(as_text(raw))
                try:
                    await self.world.attack(stream, [stream])
                except Exception as problem:
                    self.fail(f"{problem}: {stream!r}")
            await self.world.check_it_is_in_order()
        finally:
            await self.world.stop()

    async def test_what_breaks_every_rule_of_the_framing(self) -> None:
        await self.world.start()
        try:
            for seed in range(_BROKEN):
                chance = random.Random(seed)
                client = await self.world.open()
                client.transport.write(b"".join(_frame(chance) for _ in range(30)))
                if chance.random() < 0.5:
                    client.cut()
                else:
                    client.transport.loseWriteConnection()
                await client.closed
            await self.world.check_it_is_in_order()
        finally:
            await self.world.stop()


def _frame(chance: random.Random) -> bytes:
    """A frame that is mostly as it should be, or bytes that are none."""
    if chance.random() < 0.1:
        return chance.randbytes(chance.randint(1, 300))
    payload = chance.choice([b"", b'{"msgid":13}', b"\xff", chance.randbytes(130), b"x" * 70_000])
    opcode = chance.choice([0, 1, 1, 1, 2, 8, 9, 10, chance.randint(0, 15)])
    first = opcode | chance.choice([0x80, 0x80, 0x80, 0, 0xC0, 0x90])
    length = len(payload) if chance.random() < 0.9 else chance.randint(0, 2**63 - 1)
    masked = 0x80 if chance.random() < 0.9 else 0
    if length < 126 and chance.random() < 0.9:
        head = bytes([first, masked | length])
    elif length < 2**16 and chance.random() < 0.9:
        head = struct.pack("!BBH", first, masked | 126, length)
    else:
        head = struct.pack("!BBQ", first, masked | 127, length)
    return head + (b"\0\0\0\0" if masked else b"") + payload
