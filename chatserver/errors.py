"""Every refusal a client can meet: one class per row of the protocol's errno table.

Handlers raise these; the dispatcher alone turns them into replies, and the client
library raises the same classes on the other side.
"""

from __future__ import annotations

from typing import ClassVar


class ChatError(Exception):
    """A refusal with its errno, a text a person can act on, and perhaps a time to wait.

    :param errmsg: English, no internals; the class's own text where none is given.
    :param retry_after: seconds after which to try again, for errno 109 and 110.
    """

    errno: ClassVar[int] = 0
    text: ClassVar[str] = ""

    def __init__(self, errmsg: str = "", *, retry_after: float | None = None) -> None:
        self.errmsg = errmsg or self.text
        self.retry_after = retry_after
        super().__init__(self.errmsg)


class Refused(ChatError):
    errno = 1
    text = "wrong id, name or password"


class InUse(ChatError):
    errno = 2
    text = "this account is already online; log out there first, or log in with a device name"


class Malformed(ChatError):
    errno = 100
    text = "not a JSON object; send one JSON object in each frame"


class UnknownMsgid(ChatError):
    errno = 101
    text = "no client message has this msgid"


class InvalidField(ChatError):
    errno = 102
    text = "a field is missing or invalid"


class NotLoggedIn(ChatError):
    errno = 103
    text = "log in first"


class AlreadyLoggedIn(ChatError):
    errno = 104
    text = "this connection is logged in already; log out first"


class NoSuchUser(ChatError):
    errno = 105
    text = "no user has this id"


class NoSuchGroup(ChatError):
    errno = 106
    text = "no group has this id"


class NotAMember(ChatError):
    errno = 107
    text = "you take no part in this conversation"


class NotAllowed(ChatError):
    errno = 108
    text = "not allowed"


class TooMany(ChatError):
    errno = 109
    text = "too many requests; wait and try again"


class TryAgain(ChatError):
    errno = 110
    text = "the server can't do this just now; try again"


class Conflict(ChatError):
    errno = 111
    text = "this cid was used before for another text or addressee"


class Exists(ChatError):
    errno = 112
    text = "this exists already"


BY_ERRNO: dict[int, type[ChatError]] = {kind.errno: kind for kind in ChatError.__subclasses__()}


def from_reply(errno: int, errmsg: str, retry_after: float | None = None) -> ChatError:
    """The error that a reply stands for; a plain ChatError for an errno from a newer server."""
    kind = BY_ERRNO.get(errno)
    if kind is not None:
        return kind(errmsg, retry_after=retry_after)
    return ChatError(f"{errmsg} (errno {errno})", retry_after=retry_after)
