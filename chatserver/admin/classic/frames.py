"""Offline messages: the frames that the C++ server kept for users who were away."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, NamedTuple

import msgspec


class Unusable(Exception):
    """Such a frame can't be used; the text says why."""


class OldMessage(NamedTuple):
    """A message, with ids of the old chat: to a ``group``, or to the user ``to``.

    ``sent`` is in milliseconds since the epoch, None where the frame doesn't say it.
    """

    sender: int
    to: int
    group: int | None
    sent: int | None
    text: str
    time: str

    def cid(self, source: str, times: int) -> str:
        """A cid that it gets each time it is imported.

        :param times: how often the same message came before.
        """
        place = ("group", self.group) if self.group is not None else ("user", self.to)
        fields = [source, self.sender, *place, self.time, self.text, times]
        digest = hashlib.blake2b(msgspec.json.encode(fields), digest_size=20)
        return f"classic-{digest.hexdigest()}"


def parse(frame: str, user: int) -> OldMessage:
    """What an offline message of a user says.

    :raises Unusable: it is no such frame.
    """
    try:
        fields = msgspec.json.decode(frame.encode(), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Unusable("no JSON object") from None
    sender, text = fields.get("id"), fields.get("msg")
    if type(sender) is not int or not isinstance(text, str):
        raise Unusable("no id or msg")
    if not text:
        raise Unusable("empty text")
    time = fields.get("time")
    time = time if isinstance(time, str) else ""
    match fields.get("msgid"):
        case 5:
            return OldMessage(sender, user, None, _milliseconds(time), text, time)
        case 9 if type(fields.get("groupid")) is int:
            group = fields["groupid"]
            return OldMessage(sender, user, group, _milliseconds(time), text, time)
    raise Unusable("neither a chat (5) nor a group chat (9)")


def _milliseconds(time: str) -> int | None:
    """The moment of a local time as the C++ client writes it."""
    try:
        moment = datetime.strptime(time.strip(), "%Y-%m-%d %H:%M:%S").astimezone()
    except (ValueError, OverflowError, OSError):
        return None
    return max(0, int(moment.timestamp() * 1000))
