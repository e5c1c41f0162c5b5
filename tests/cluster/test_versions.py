"""While nodes of two versions run, as when one after the other gets a new one."""

from __future__ import annotations

from typing import Any

from chatserver.bus.encoding import FORMAT
from tests.cluster.cases import ClusterCase
from tests.server.messages import chat
from tests.support.logs import listen
from tests.support.waiting import until


class MixedVersionTests(ClusterCase):
    """Nodes that don't understand each other's events read from the database what happened."""

    async def test_the_first_chats_arrive(self) -> None:
        """Those sent before the nodes know that they don't understand each other."""
        (li, li_client), (zoe, zoe_client) = await self.user_on(0), await self.user_on(1)
        self._part_ways()
        await li_client.ask(chat(zoe, "1"))
        await zoe_client.next(msgid=5, msg="1")
        await zoe_client.ask(chat(li, "2"))
        await li_client.next(msgid=5, msg="2")

    async def test_all_chats_arrive_once_and_it_is_logged_once(self) -> None:
        (li, li_client), (zoe, zoe_client) = await self.user_on(0), await self.user_on(1)
        texts = listen(self, ".bus.")
        self._part_ways()
        await until(lambda: not any(bus.is_whole for bus in self.buses()))
        for number in range(3):
            await li_client.ask(chat(zoe, f"to zoe {number}"))
            await zoe_client.next(msgid=5, msg=f"to zoe {number}")
            await zoe_client.ask(chat(li, f"to li {number}"))
            await li_client.next(msgid=5, msg=f"to li {number}")
        for client in (li_client, zoe_client):
            self.assertEqual(await client.settled(), [])
        told = [text for text in texts if "version" in text]
        self.assertEqual(len(told), 2, "once for each node")

    async def test_the_account_s_device_on_the_other_node_gets_what_was_sent_here(self) -> None:
        zoe = self.add_account()
        li, phone = await self.user_on(0, device="phone")
        pad, _ = await self.login_on(1, li, device="pad")
        self._part_ways()
        await phone.ask(chat(zoe, "hello"))
        await pad.next(msg="hello")

    def _part_ways(self) -> None:
        """Let each node publish in a format of its own from now on."""
        for number, bus in enumerate(self.buses()):
            bus._head = bus._head.replace(FORMAT, b"version%d" % number)

    async def news(self) -> None:
        """Nothing is told between these nodes; the comparison comes twice a second."""
        looks: list[Any] = [node._node.resync for node in self.nodes if node._node]
        for look in looks:
            before = look._soonest
            await until(lambda: look._soonest > before)  # noqa: B023
