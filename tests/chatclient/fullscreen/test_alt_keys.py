"""Alt with other keys, as they come from a terminal."""

from __future__ import annotations

from textual import events
from textual._xterm_parser import XTermParser
from twisted.trial.unittest import SynchronousTestCase

from chatclient.fullscreen.alt_keys import tell_keys_with_alt


class AltKeyTests(SynchronousTestCase):
    def keys(self, data: str) -> list[str]:
        tell_keys_with_alt()
        return [token.key for token in XTermParser().feed(data) if isinstance(token, events.Key)]

    def test_each_is_known_at_once(self) -> None:
        self.assertEqual(
            self.keys("\x1ba\x1ba\x1b1\x1b9x"), ["alt+a", "alt+a", "alt+1", "alt+9", "x"]
        )

    def test_enter(self) -> None:
        self.assertEqual(self.keys("a\x1b\rb\r"), ["a", "alt+enter", "b", "enter"])

    def test_other_sequences_stay(self) -> None:
        self.assertEqual(self.keys("\x1b[A\x1bOP\x1b[1;3B"), ["up", "f1", "alt+down"])
