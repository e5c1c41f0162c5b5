"""/ws: what is WebSocket's own."""

from __future__ import annotations

from tests.server.messages import chat
from tests.support.servers import PASSWORD
from tests.web.cases import WebCase


class ChatTests(WebCase):
    async def test_people_chat_over_tcp_and_websocket_alike(self) -> None:
        zhang, over_tcp = await self.user("zhang san")
        li = self.add_account("li si")
        over_web = await self.open()
        reply = await over_web.ask({"msgid": 1, "id": li, "password": PASSWORD})
        self.assertEqual(reply["errno"], 0, reply)
        over_tcp.send(chat(li, "你好"))
        pushed = await over_web.next(msgid=5)
        self.assertEqual((pushed["id"], pushed["msg"]), (zhang, "你好"))
        over_web.send(chat(zhang, "😀"))
        self.assertEqual((await over_tcp.next(msgid=5))["msg"], "😀")
