"""What chatserver-admin shows of people in browsers, and does to them."""

from __future__ import annotations

from tests.server.messages import login
from tests.support.admin import admin, admin_json
from tests.web.cases import WebCase


class SessionTests(WebCase):
    async def test_a_session_in_a_browser_is_shown_and_closed(self) -> None:
        li = self.add_account()
        client = await self.open()
        self.assertEqual((await client.ask(login(li, device="web")))["errno"], 0)
        database = f"sqlite:///{self.database}"
        [found] = await admin_json(database, "sessions")
        self.assertEqual((found["id"], found["dialect"]), (li, "web"))
        [state] = await admin_json(database, "stats")
        self.assertGreaterEqual(state["servers"][0]["late"], 0)
        await admin(database, "kick", f"{li}")
        self.assertEqual((await client.next(msgid=17))["reason"], "shutdown")
        await client.closed
