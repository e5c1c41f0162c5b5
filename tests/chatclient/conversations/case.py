"""Conversations of 13 on a fake client."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from chatclient.conversations.conversation import Conversation
from chatclient.conversations.conversations import Conversations
from chatclient.conversations.kept import KeptFile
from chatclient.conversations.peers import user
from tests.chatclient.conversations.fake_client import FakeClient, push
from tests.support.folders import temporary_folder


class ConversationsCase(SynchronousTestCase):
    """``self.conversations``, begun and not logged in; ``self.li`` is the one with 15."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.file = KeptFile(temporary_folder(self) / "conversations.json")
        self.start()

    def start(self) -> None:
        """A new run of the program."""
        self.changes = 0
        self.told: list[str] = []
        self.conversations = Conversations(self.clock, self.file)
        self.conversations.on_change = self._changed
        self.conversations.on_message = lambda _, message: self.told.append(message.text)
        self.client = FakeClient(self.conversations)

    def begin(self) -> None:
        """Log in."""
        self.conversations.begin(self.client)
        self.client.log_in()

    def restart(self) -> None:
        """Stop the program, and start it again."""
        self.successResultOf(self.conversations.end())
        self.start()

    @property
    def li(self) -> Conversation:
        return self.conversations.with_peer(user(15))

    def receive(self, *seqs: int) -> None:
        for seq in seqs:
            self.conversations.event(push(seq))

    def seqs(self) -> list[int]:
        """What is shown of li."""
        return [message.seq for message in self.li.timeline.messages]

    def _changed(self) -> None:
        self.changes += 1
