"""More messages than the database takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred

from tests.server.messages import chat
from tests.support.servers import ServerCase
from tests.support.wire import WireClient


class PendingCase(ServerCase):
    """A server whose database holds the first commit up until the test lets it go."""

    async def held_up(self) -> tuple[int, WireClient]:
        account, client = await self.user()
        node: Any = self.server._node
        self.log = node.store.log
        commit = self.log.drafts._commit
        begun: Deferred[None] = Deferred()
        self.go_on: Deferred[None] = Deferred()

        async def held(drafts: Sequence[Any]) -> Any:
            self.log.drafts._commit = commit
            begun.callback(None)
            await self.go_on
            return await commit(drafts)

        self.log.drafts._commit = held
        client.send(chat(account, "first", req="first"))
        await begun
        return account, client

    async def assert_over_the_limit(self, text: str) -> None:
        """Two of these wait, and a third is refused; later there is room again."""
        account, client = await self.held_up()
        client.send(*(chat(account, text, req=n) for n in range(3)))
        await client.settled()
        self.go_on.callback(None)
        await client.next(req="first")
        for number, errno in enumerate([0, 0, 110]):
            reply = await client.next(req=number)
            self.assertEqual(reply["errno"], errno)
        self.assertGreater(reply["retry_after"], 0)
        self.assertEqual(self.log.pending_text, 0)
        reply = await client.ask(chat(account, text))
        self.assertEqual((reply["errno"], reply["seq"]), (0, 4))


class PendingTests(PendingCase):
    settings = {"pending": 2}

    async def test_too_many_are_refused(self) -> None:
        await self.assert_over_the_limit("x")


class PendingTextTests(PendingCase):
    settings = {"pending_text": 15_000}

    async def test_too_long_ones_are_refused(self) -> None:
        await self.assert_over_the_limit("x" * 10_000)
