"""Frames that are too long, and what stood before and behind them."""

from __future__ import annotations

from tests.server.messages import chat, history, ping, register
from tests.support.servers import ServerCase

LONGEST = 65536


def padded(length: int, end: bytes = b"") -> bytes:
    """A PING of so many bytes, and behind it ``end``."""
    frame = b'{"msgid":13,"t":1'
    return frame + b" " * (length - len(frame) - 1) + b"}" + end


class LengthTests(ServerCase):
    async def test_longest_frame_is_accepted(self) -> None:
        client = await self.connect()
        for end in (b"\n", b"\r\n"):
            client.send_bytes(padded(LONGEST, end))
            self.assertEqual(await client.next(), {"msgid": 14, "t": 1})

    async def test_longer_one_is_refused_and_ends_the_connection(self) -> None:
        for end in (b"\n", b"\r\n", b""):
            client = await self.connect()
            client.send(ping(t="fixes the dialect"))
            await client.next(msgid=14)
            client.send_bytes(padded(LONGEST + 1 if end else LONGEST + 2, end))
            reply = await client.next()
            self.assert_errno(reply, 100)
            self.assertNotIn("re", reply)
            self.assertEqual(await client.next(), {"msgid": 17, "reason": "protocol"})
            await client.closed

    async def test_it_is_refused_in_lines_where_no_dialect_is_known(self) -> None:
        for sent in (padded(LONGEST + 2), b"x" * 200_000):
            client = await self.connect()
            client.send_bytes(sent)
            await client.closed
            self.assertEqual([frame["errno"] for frame in client.frames], [100])

    async def test_limit_is_a_setting(self) -> None:
        await self.restart(max_frame=2000)
        client = await self.connect()
        client.send_bytes(padded(2000, b"\r\n"))
        self.assertEqual((await client.next())["t"], 1)
        client.send_bytes(padded(2001, b"\n"))
        self.assert_errno(await client.next(), 100)
        await client.closed

    async def test_limit_is_for_each_frame_not_for_a_packet(self) -> None:
        client = await self.connect()
        client.send_bytes(padded(40_000, b"\n") * 10)
        for _ in range(10):
            self.assertEqual((await client.next())["t"], 1)


class AroundTests(ServerCase):
    async def test_requests_before_it_are_answered_and_those_behind_it_are_not(self) -> None:
        li, client = await self.user()
        wang = self.add_account()
        client.send(*(chat(wang, f"{n}", req=n) for n in range(20)), history(toid=wang))
        client.send_bytes(padded(LONGEST + 1, b"\n"))
        client.send(chat(li, "behind"), ping())
        await client.closed
        self.assertEqual([f.get("req") for f in client.frames[:20]], [*range(20)])
        self.assertEqual({f["errno"] for f in client.frames[:21]}, {0})
        self.assertEqual(len(client.frames[20]["messages"]), 20)
        self.assertEqual([f.get("errno") for f in client.frames[21:]], [100, None])
        self.assertEqual(client.frames[-1]["reason"], "protocol")
        self.assertEqual(len(self.sql("SELECT * FROM messages")), 20)

    async def test_registration_before_it_is_answered(self) -> None:
        client = await self.connect()
        client.send(register("li"))
        client.send_bytes(b"x" * (LONGEST + 2))
        await client.closed
        self.assertEqual([frame["errno"] for frame in client.frames[:2]], [0, 100])
