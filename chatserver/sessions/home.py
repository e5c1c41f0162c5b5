"""Where connections belong, of whatever kind they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import UNSET

from chatserver.errors import ChatError, TryAgain
from chatserver.sessions.connections import Connections
from chatserver.sessions.outbox import Connection
from chatserver.sessions.session import Session
from chatserver.wire.dialects import Dialect
from chatserver.wire.frames import Reply

CLOSE_LIMIT = 5.0  # seconds in which what was sent may still leave
ANSWER_LIMIT = 20.0  # seconds in which the last requests of a connection are answered
LINGER = 1.0  # seconds in which the client may close its side
FULL = TryAgain("the server is full; try again", retry_after=5.0)


class Home(Protocol):
    """Makes the sessions of connections and takes their frames."""

    @property
    def connections(self) -> Connections: ...

    @property
    def receive(self) -> Callable[[Session, bytes], None]:
        """Takes a frame."""

    def open_session(self, connection: Connection, dialect: Dialect) -> Session: ...
    def session_lost(self, session: Session) -> None: ...


def refusal(error: ChatError) -> Reply:
    """What a connection is told that has no request to answer."""
    retry_after = UNSET if error.retry_after is None else error.retry_after
    return Reply(errno=error.errno, errmsg=error.errmsg, retry_after=retry_after)
