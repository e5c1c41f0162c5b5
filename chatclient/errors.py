"""Why a connection ended, where Twisted's own reasons don't say it; and why a text can't wait.

Refusals by the server are :class:`chatserver.errors.ChatError`. Everything else that a
request over a connection can fail with is a :class:`twisted.internet.error.ConnectionClosed`.
"""

from __future__ import annotations

from twisted.internet.error import ConnectionLost

from chatserver.wire.frames import Goodbye


class ReplyTimeout(ConnectionLost):
    """The server took the request and did not answer in time; the connection is closed."""

    MESSAGE = "The server did not answer"


class BadFrame(ConnectionLost):
    """The server sent what this protocol does not have; the connection is closed."""

    MESSAGE = "The server does not speak this protocol"


class NotConnected(ConnectionLost):
    """There is no connection to send this over."""

    MESSAGE = "Not connected"


class Dismissed(ConnectionLost):
    """The server said goodbye; ``retry_after`` is 0 where it did not say how long to stay away."""

    MESSAGE = "The server said goodbye"

    def __init__(self, goodbye: Goodbye) -> None:
        self.reason = goodbye.reason
        self.retry_after = goodbye.retry_after or 0.0
        super().__init__(goodbye.reason)


class ClientStopped(NotConnected):
    """The client was stopped before the text was answered; on disk it waits for the next run."""

    MESSAGE = "The client was stopped"


class OutboxFull(Exception):
    """Too many texts wait for their answer; send this one when some of them have it."""


class StoreUnusable(Exception):
    """What a client keeps can't be kept; the text says why, and what to do."""


class AuthorityUnusable(Exception):
    """The certificates that are to be trusted can't be read; the text says why."""


class ProfileUnusable(Exception):
    """What is kept of an account on this machine can't be used; the text says what to do."""


class DeviceInUse(ProfileUnusable):
    """Another program is logged in as this profile's device of the same kind."""
