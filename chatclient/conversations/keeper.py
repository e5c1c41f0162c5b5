"""Keeping in the file what shall survive, a moment after it has changed."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.logger import Logger

from chatclient.client import fresh_cid
from chatclient.conversations.conversation import Conversation, Outgoing
from chatclient.conversations.kept import KeptConversation, KeptFile, KeptText
from chatclient.conversations.peers import Peer
from chatclient.conversations.people import People
from chatclient.interfaces import Clock, DelayedCall

SAVE_AFTER = 1.0  # seconds
MOST_INPUTS = 500

_log = Logger()


class Keeper:
    """Between the conversations and their file."""

    def __init__(self, clock: Clock, file: KeptFile) -> None:
        self._clock = clock
        self._file = file
        self._kept = file.load()
        self._saving: DelayedCall | None = None

    @property
    def inputs(self) -> list[str]:
        """What was typed, the last at the end."""
        return self._kept.inputs

    @property
    def look(self) -> str:
        """How the screen shall look, "" where nobody has chosen."""
        return self._kept.look

    @look.setter
    def look(self, name: str) -> None:
        self._kept.look = name

    @property
    def bell(self) -> bool:
        """Whether messages ring."""
        return self._kept.bell

    @bell.setter
    def bell(self, rings: bool) -> None:
        self._kept.bell = rings

    def add_input(self, text: str) -> None:
        """What was typed can be found again."""
        if self.inputs[-1:] != [text]:
            self.inputs.append(text)
            del self.inputs[:-MOST_INPUTS]

    def restore(self, people: People) -> dict[Peer, Conversation]:
        """The conversations of the last time."""
        restored = {}
        for each in self._kept.conversations:
            peer = Peer(each.kind, each.id)
            if each.name is not None:
                people.call(peer, each.name)
            outgoing = [Outgoing(fresh_cid(), text.text, text.why) for text in each.failed]
            restored[peer] = Conversation(
                peer, each.read, each.known, each.draft, outgoing, conv=each.conv
            )
        return restored

    def save_soon(self, conversations: Iterable[Conversation], people: People) -> None:
        """Something has changed."""
        if self._saving is None:
            self._saving = self._clock.callLater(SAVE_AFTER, self._save, conversations, people)

    def close(self, conversations: Iterable[Conversation], people: People) -> None:
        """Save now, for the last time."""
        if self._saving is not None:
            self._saving.cancel()
        self._save(conversations, people)

    def _save(self, conversations: Iterable[Conversation], people: People) -> None:
        self._saving = None
        self._kept.conversations = [
            KeptConversation(
                kind=each.peer.kind,
                id=each.peer.id,
                name=people.name(each.peer),
                read=each.read,
                known=each.known,
                conv=each.conv,
                draft=each.draft,
                failed=[KeptText(text.text, text.why) for text in each.outgoing if text.why],
            )
            for each in conversations
        ]
        try:
            self._file.save(self._kept)
        except OSError as problem:
            _log.warn("what shall survive can't be kept: {problem}", problem=problem)
