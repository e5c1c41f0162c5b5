"""Conversations on a real server that goes back to a backup."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.endpoints import clientFromString

from chatclient import Credentials, DiskStore, Online, SteadyClient
from chatclient.conversations.conversation import Conversation
from chatclient.conversations.conversations import Conversations
from chatclient.conversations.kept import KeptFile
from chatclient.conversations.peers import Peer, user
from chatclient.steady.pauses import Pauses
from chatserver.admin.backup import backup_database, restore_database
from chatserver.settings import Settings
from tests.support.servers import PASSWORD, ServerCase
from tests.support.waiting import until

reactor: Any = _reactor


class Program:
    """The full-screen client without its screen; the same ``name`` goes on where that one ended."""

    def __init__(self, case: ServerCase, account: int, name: str) -> None:
        self._case = case
        case.addCleanup(self.end)
        folder = case.database.with_name(name)
        folder.mkdir(exist_ok=True)
        self.conversations = Conversations(reactor, KeptFile(folder / "conversations.json"))
        self.client = SteadyClient(
            reactor,
            self,
            Credentials(userid=account, password=PASSWORD),
            device=name,
            store=DiskStore(folder / "terminal.db"),
            on_event=self.conversations.event,
            on_state=self.conversations.state,
            pauses=Pauses(0.1, 0.1),
        )
        self.conversations.me = account
        self.conversations.begin(self.client)

    def connect(self, factory: Any) -> Any:
        """As an endpoint does, to where the server is now."""
        where = f"tcp:127.0.0.1:{self._case.port}"
        return clientFromString(reactor, where).connect(factory)

    async def end(self) -> None:
        await self.conversations.end()

    async def online(self) -> None:
        await until(lambda: isinstance(self.client.state, Online), "it is online")

    async def has_unread(self, count: int, peer: Peer, last: int) -> None:
        conversation = self.conversations.with_peer(peer)
        await until(
            lambda: conversation.known == last and self.conversations.unread >= count,
            f"{count} messages up to {last} are unread",
        )

    def read(self, peer: Peer) -> Conversation:
        """Look at a conversation, and away."""
        conversation = self.conversations.with_peer(peer)
        self.conversations.enter(conversation)
        self.conversations.leave()
        return conversation

    async def all_texts(self, conversation: Conversation) -> list[str]:
        """All that the conversation has."""
        self.conversations.history.load_older(conversation)
        await until(lambda: conversation.timeline.is_complete, "all was read")
        return [each.text for each in conversation.timeline.messages]


class RestoredTests(ServerCase):
    async def test_new_messages_are_shown_and_unread(self) -> None:
        settings = Settings(database=f"sqlite:///{self.database}")
        copy = self.database.with_name("copy.db")
        zhang, sender = await self.user("zhang")
        li = self.add_account("li")

        async def say(*texts: str) -> None:
            for text in texts:
                await sender.ask({"msgid": 5, "toid": li, "msg": text})

        stays, leaves = Program(self, li, "stays"), Program(self, li, "leaves")
        for program in (stays, leaves):
            await program.online()
        await say("one")
        for program in (stays, leaves):
            await program.has_unread(1, user(zhang), 1)
            program.read(user(zhang))
        list(backup_database(settings, Namespace(file=copy, force=False)))
        await say("two", "three", "four")
        for program in (stays, leaves):
            await program.has_unread(3, user(zhang), 4)
            program.read(user(zhang))
        await leaves.end()

        await self.server.stopService()
        list(restore_database(settings, Namespace(file=copy)))
        self.start()
        sender, _ = await self.login(zhang)
        await say("five", "six")
        for program in (stays, Program(self, li, "leaves")):
            await program.has_unread(2, user(zhang), 3)
            conversation = program.read(user(zhang))
            self.assertEqual(await program.all_texts(conversation), ["one", "five", "six"])
            self.assertEqual(program.conversations.unread, 0)
