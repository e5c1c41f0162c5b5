"""What survives the program besides the outbox: one JSON file in the profile's folder."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec

from chatclient.conversations.peers import Kind


class KeptText(msgspec.Struct, forbid_unknown_fields=False):
    """A text that was refused, and why."""

    text: str
    why: str


class KeptConversation(msgspec.Struct, omit_defaults=True):
    """What is kept of one conversation; its messages are not.

    ``conv`` is missing in files of earlier versions.
    """

    kind: Kind
    id: int
    name: str | None = None
    read: int | None = None
    known: int = 0
    draft: str = ""
    failed: list[KeptText] = []
    conv: int | None = None


class Kept(msgspec.Struct, omit_defaults=True):
    """All of it: conversations in their order, what was typed, how the screen looks and rings."""

    conversations: list[KeptConversation] = []
    inputs: list[str] = []
    look: str = ""
    bell: bool = True


class KeptFile:
    """The file, for its owner's eyes only.

    One that can't be understood is moved aside, and a new one begun: nothing in it is worth
    refusing to start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Kept:
        """What was saved last."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Kept)
        except FileNotFoundError:
            return Kept()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._path.replace(self._path.with_name(f"{self._path.name}.damaged"))
            return Kept()

    def save(self, kept: Kept) -> None:
        """Replace the file by a new one, whole or not at all.

        :raises OSError: that can't be done.
        """
        data = msgspec.json.format(msgspec.json.encode(kept), indent=1)
        # mkstemp makes files of mode 0600.
        number, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
            os.replace(name, self._path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
