"""What docs/first-steps.md shows of the protocol is what the server says."""

from __future__ import annotations

import json

from tests.docs.blocks import blocks
from tests.support.servers import ServerCase


class FirstStepsTests(ServerCase):
    async def test_session_by_hand_goes_as_shown(self) -> None:
        """Each line is a request, or the reply to the one before; … stands for anything."""
        [block] = [each for each in blocks("docs/first-steps.md") if each.language == "json"]
        lines = block.text.splitlines()
        for name in ("ann", "bob", "builds"):
            await self.register(name)
        client = await self.connect()
        for request, reply in zip(lines[::2], lines[1::2], strict=True):
            client.send_bytes(request.encode() + b"\n")
            shown = json.loads(reply)
            real = await client.next(msgid=shown["msgid"])
            self.assertEqual(list(real), list(shown))
            for name in shown.keys() - {"token", "expires", "time", "conv"}:
                self.assertEqual(real[name], shown[name], name)
