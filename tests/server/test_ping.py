"""PING and PONG."""

from __future__ import annotations

from tests.server.messages import loginout, ping
from tests.support.servers import ServerCase


class PingTests(ServerCase):
    async def test_answered_with_the_same_t_before_and_after_a_login(self) -> None:
        client = await self.connect()
        _, logged_in = await self.user()
        for asked in (client, logged_in):
            for t in (1, "x", None, True, [1, {"a": "你好"}], 1.5, "x" * 62, 10**30):
                asked.send(ping(t=t))
                self.assertEqual(await asked.next(), {"msgid": 14, "t": t})
            asked.send(ping())
            self.assertEqual(await asked.next(), {"msgid": 14})

    async def test_req_comes_back(self) -> None:
        client = await self.connect()
        for req in ("r", "", 0, -(2**53), 2**53, "😀" * 64):
            client.send(ping(req=req, t=1))
            self.assertEqual(await client.next(), {"msgid": 14, "req": req, "t": 1})

    async def test_t_of_more_than_64_bytes_is_refused(self) -> None:
        client = await self.connect()
        for t in ("x" * 63, "你" * 21, [0] * 40, 10**64):
            reply = await client.ask(ping(t=t, req=1))
            self.assert_errno(reply, 102)
            self.assertEqual((reply["re"], reply["req"]), (13, 1))
            self.assertIn("t ", reply["errmsg"])

    async def test_pong_is_taken_at_any_time_and_never_answered(self) -> None:
        client = await self.connect()
        _, logged_in = await self.user()
        for told in (client, logged_in):
            told.send({"msgid": 14}, {"msgid": 14, "t": "x" * 1000, "req": 1, "more": {}})
            await told.ask({"msgid": 10})
            self.assertEqual(told.frames, [])
        self.assert_errno(await client.ask(loginout()), 103)
