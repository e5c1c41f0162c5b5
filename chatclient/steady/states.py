"""What a steady client tells of its connection: one class a state."""

from __future__ import annotations

from dataclasses import dataclass

from chatclient.results import Account


@dataclass(frozen=True, slots=True)
class Stopped:
    """Not started yet, or stopped."""


@dataclass(frozen=True, slots=True)
class Connecting:
    """On the way to the server, up to the end of the login."""


@dataclass(frozen=True, slots=True)
class Online:
    """Logged in; the messages missed are coming."""

    account: Account


@dataclass(frozen=True, slots=True)
class Offline:
    """Not connected because of ``why``; the next attempt is ``pause`` seconds after this."""

    why: Exception
    pause: float


@dataclass(frozen=True, slots=True)
class Replaced:
    """Somebody else has taken this device's place. This one does not come back by itself."""


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """The login failed for a reason that no waiting mends; no further attempt is made."""

    why: Exception


State = Stopped | Connecting | Online | Offline | Replaced | LoginRefused
