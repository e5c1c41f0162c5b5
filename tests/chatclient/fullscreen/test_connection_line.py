"""What is said of the connection."""

from __future__ import annotations

from twisted.internet.error import ConnectionRefusedError
from twisted.trial.unittest import SynchronousTestCase

from chatclient import (
    Connecting,
    Dismissed,
    LoginRefused,
    Offline,
    Online,
    Replaced,
    State,
    Stopped,
)
from chatclient.fullscreen.connection_line import standing
from chatserver.errors import Refused
from chatserver.wire.frames import Goodbye
from tests.chatclient.conversations.fake_client import account


class StandingTests(SynchronousTestCase):
    def words(self, state: State) -> str:
        return standing(state, "chat.example:6000", 4.6).words

    def test_words(self) -> None:
        self.assertEqual(self.words(Connecting()), "connecting to chat.example:6000 …")
        self.assertEqual(self.words(Online(account())), "connected to chat.example:6000")
        self.assertEqual(self.words(Stopped()), "not connected")
        self.assertIn("F5", self.words(Replaced()))

    def test_why_and_when_again(self) -> None:
        goodbye = Dismissed(Goodbye(reason="shutdown"))
        words = self.words(Offline(goodbye, 5))
        self.assertEqual(words, "offline: the server is shutting down; next try in 5 s (F5: now)")
        self.assertIn(
            "the server refuses connections", self.words(Offline(ConnectionRefusedError(), 5))
        )

    def test_what_the_server_says_is_made_harmless(self) -> None:
        words = self.words(LoginRefused(Refused("no\x1b[2J")))
        self.assertIn("no\\x1b[2J", words)
        self.assertIn("F5", words)

    def test_only_some_are_well(self) -> None:
        self.assertTrue(standing(Online(account()), "", 0).is_well)
        self.assertFalse(standing(Replaced(), "", 0).is_well)
