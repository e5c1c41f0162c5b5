"""What holds over TCP holds over WebSocket: the same tests, with other clients.

A test stands here once more, in its own words, where a WebSocket differs: in its framing, and in
that its dialect is known from the start.
"""

from __future__ import annotations

from typing import Any

from tests.server import (
    test_backpressure,
    test_chat,
    test_close,
    test_errors,
    test_idle,
    test_limits,
    test_max_connections,
    test_order,
    test_ping,
    test_stop,
)
from tests.web.cases import OverWebSocket


class OneChatTests(OverWebSocket, test_chat.OneChatTests):
    """Chats."""


class MalformedTests(OverWebSocket, test_errors.MalformedTests):
    """Frames that are no requests."""

    async def test_each_is_told_without_re_and_the_connection_stays(self) -> None:
        _, client = await self.user()
        for frame in test_errors.MALFORMED:
            if frame.isascii():  # what is no UTF-8 is against the rules of WebSocket
                client.send_bytes(frame)
                reply = await client.next(msgid=11)
                self.assert_errno(reply, 100)
                self.assertEqual(set(reply), test_errors.MALFORMED_REPLY, frame[:60])
        self.assertEqual(await client.settled(), [])


class PingTests(OverWebSocket, test_ping.PingTests):
    """PINGs."""


class PacketTests(OverWebSocket, test_order.PacketTests):
    """Many frames at once, and frames in many pieces."""

    async def test_conversation_sent_byte_by_byte(self) -> None:
        client = await self.connect()
        websocket: Any = client
        websocket.websocket.sendFrame(1, '{"msgid":13,"t":"你好 😀"}'.encode(), chopsize=1)
        self.assertEqual(await client.next(), {"msgid": 14, "t": "你好 😀"})

    async def test_line_may_end_with_cr_lf_and_blank_lines_are_ignored(self) -> None:
        client = await self.connect()
        websocket: Any = client
        for text in (b"", b"\r\n", b' \n{\n"msgid":13,\r\n"t":1}\r\n', b"\t"):
            websocket.send_text(text)
        self.assertEqual(await client.next(), {"msgid": 14, "t": 1})
        self.assertEqual(await client.settled(), [])
        self.assertEqual(client.reads[0], b'{"msgid":14,"t":1}')


class RateTests(OverWebSocket, test_limits.RateTests):
    """Requests above the rate."""


class RegisterRateTests(OverWebSocket, test_limits.RegisterRateTests):
    """Registrations from one address."""


class InProgressTests(OverWebSocket, test_backpressure.InProgressTests):
    """Requests that have to wait."""


class SlowReaderTests(OverWebSocket, test_backpressure.SlowReaderTests):
    """Clients that are told more than they read."""


class LoginTimeoutTests(OverWebSocket, test_idle.LoginTimeoutTests):
    """Connections on which nobody logs in."""

    async def test_connection_that_sends_nothing_is_closed_without_a_word(self) -> None:
        client = await self.connect()
        await self.closes_after(client, 0.3, 10)
        self.assertEqual(client.received, [{"msgid": 17, "reason": "idle"}])

    async def test_so_is_one_that_never_ends_its_frame(self) -> None:
        client = await self.connect()
        websocket: Any = client
        websocket.websocket.sendFrame(1, b'{"msgid":1,', fin=False)
        await self.closes_after(client, 0.3, 10)
        self.assertEqual(client.received, [{"msgid": 17, "reason": "idle"}])


class MaxConnectionsTests(OverWebSocket, test_max_connections.MaxConnectionsTests):
    """Too many connections."""

    async def test_one_that_says_nothing_gives_way(self) -> None:
        silent = await self.undecided()
        for _ in range(3):
            await self.undecided()
        await silent.closed
        self.assertEqual(silent.received, [{"msgid": 17, "reason": "idle"}])


class LostTests(OverWebSocket, test_close.LostTests):
    """Connections that die."""


class StopTests(OverWebSocket, test_stop.StopTests):
    """The server stops."""

    async def test_connections_without_a_dialect_are_closed_without_a_word(self) -> None:
        halfway = await self.connect()
        websocket: Any = halfway
        websocket.websocket.sendFrame(1, b'{"msgid"', fin=False)
        await self.stop()
        await halfway.closed
        self.assertEqual([frame["msgid"] for frame in halfway.received], [17])


class CursorTests(OverWebSocket, test_stop.CursorTests):
    """What was delivered before it."""
