"""One connection: who is logged in on it, and what it is owed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, succeed

from chatserver.clock import Clock
from chatserver.errors import NotLoggedIn
from chatserver.sessions.limits import TokenBucket
from chatserver.sessions.outbox import Connection, Mark, Outbox
from chatserver.sessions.positions import AckedPositions, Note
from chatserver.sessions.requests import Desk, RequestQueue
from chatserver.sessions.spaced import SpacedOutbox
from chatserver.settings import Settings
from chatserver.wire.dialects import CLASSIC, Dialect
from chatserver.wire.frames import Frame, Goodbye, ServerPing

if TYPE_CHECKING:
    from chatserver.sessions.registry import LocalAccount

_NOTHING: dict[int, int] = {}  # what most logins have from the log; never written to


class Unsynced:
    """What a device is still to be pushed of a conversation: all in (floor, target].

    The account's own messages up to ``own`` are not for it.
    """

    __slots__ = ("floor", "own", "target")

    def __init__(self, floor: int, target: int, own: int) -> None:
        self.floor = floor
        self.target = target
        self.own = own


class Login:
    """What a session has while somebody is logged in on it.

    :param note: told a device, a conversation and the seq up to which all reached it.
    """

    __slots__ = (
        "account",
        "acked",
        "device",
        "device_name",
        "from_log",
        "holder",
        "is_greeted",
        "unsynced",
    )

    def __init__(
        self,
        account: LocalAccount,
        device: int,
        device_name: str,
        holder: str,
        note: Note,
        *,
        acks: bool,
    ) -> None:
        self.account = account
        self.device = device
        self.device_name = device_name
        self.holder = holder
        self.acked = AckedPositions(device, note) if acks else None
        #: Whether the login has been answered; events are told only after that.
        self.is_greeted = False
        #: What the log has to be read for, by conversation; None when pushes come live.
        self.unsynced: dict[int, Unsynced] | None = {}
        #: The last message that came from the log, by conversation: it may be told late.
        self.from_log = _NOTHING

    def note_from_log(self, conversation: int, seq: int) -> None:
        """A message came from the log, or needs not come."""
        if self.from_log is _NOTHING:
            self.from_log = {}
        self.from_log[conversation] = seq


class Session:
    """A connection whose dialect is known.

    :param desk: handles its requests.
    :param note: told a device, a conversation and the seq up to which all reached it.
    """

    __slots__ = (
        "_gone",
        "_note",
        "_silently_refused",
        "_waiting_for_empty",
        "_waiting_for_room",
        "account_id",
        "bucket",
        "closed_for",
        "connection",
        "desk",
        "dialect",
        "is_closing",
        "last_heard",
        "last_ping",
        "login",
        "login_since",
        "outbox",
        "requests",
    )

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        settings: Settings,
        clock: Clock,
        desk: Desk,
        note: Note,
    ) -> None:
        self.connection = connection
        self.dialect = dialect
        self.desk = desk
        self.login: Login | None = None
        #: Who was logged in last.
        self.account_id: int | None = None
        #: Limits its requests while nobody is logged in; None while it is full.
        self.bucket: TokenBucket | None = None
        self.is_closing = False
        #: Why the server closes it; None where it does not.
        self.closed_for: str | None = None
        #: When the client was last heard, and since when it might have logged in.
        self.last_heard = self.login_since = clock.seconds()
        self.last_ping = 0.0
        if dialect is CLASSIC:
            gap = settings.classic_gap
            self.outbox: Outbox = SpacedOutbox(self, connection, settings.send_queue, clock, gap)
        else:
            self.outbox = Outbox(self, connection, settings.send_queue)
        self.requests = RequestQueue(desk, settings.in_progress)
        self._note = note
        self._silently_refused: set[int] | None = None
        self._gone: Deferred[None] | None = None
        self._waiting_for_room: list[Deferred[None]] | None = None
        self._waiting_for_empty: list[Deferred[None]] | None = None

    @property
    def logged_in(self) -> Login:
        """
        :raises NotLoggedIn: nobody is.
        """
        if self.login is None:
            raise NotLoggedIn
        return self.login

    def push(self, conversation: int, seq: int, frames: tuple[bytes, ...], *, live: bool) -> None:
        """Send a message of a conversation."""
        login = self.login
        if login is None or self.is_closing:
            return
        if login.acked is None:
            self.outbox.push(frames, Mark(login.device, conversation, seq), live=live)
        else:
            login.acked.pushed(conversation, seq)
            self.outbox.push(frames, live=live)

    def skip(self, conversation: int, seq: int) -> None:
        """Pass over a message that needs no push."""
        login = self.login
        if login is None or self.is_closing:
            return
        if login.acked is None:
            self.outbox.push((), Mark(login.device, conversation, seq), live=False)
        else:
            login.acked.passed(conversation, seq)

    def tell(self, frame: Frame) -> None:
        """Send an event to who is logged in, in a dialect that has it."""
        self.tell_encoded(self.dialect.encode(frame))

    def tell_encoded(self, frames: tuple[bytes, ...]) -> None:
        """Send an event that stands in the session's dialect already; () where it has none."""
        login = self.login
        if frames and login is not None and login.is_greeted and not self.is_closing:
            self.outbox.push(frames, live=True)

    def ping(self) -> None:
        """Ask whether anybody is there, in a dialect that can."""
        frames = self.dialect.encode(ServerPing())
        if frames:
            self.outbox.push(frames, live=False)

    def goodbye(
        self, goodbye: Goodbye, *, discard: bool = False, closed_for: str | None = None
    ) -> None:
        """Say why, and close; ``discard`` what has not been sent.

        :param closed_for: the reason for people who run the server, if it is not the same.
        """
        if self.is_closing:
            return
        self.is_closing = True
        self.closed_for = closed_for or goodbye.reason
        self.requests.drop_waiting()
        self.outbox.finish(self.dialect.encode(goodbye), discard=discard)

    def end(self, *last: Frame) -> None:
        """No more is taken from the client: answer what is in progress, then close.

        :param last: what to send behind the answers.
        """
        self.requests.idle().addCallback(lambda _: self._finish(last))

    def room(self) -> Deferred[None]:
        """Fires when there is room for more, or the connection is gone."""
        if self.is_closing or not self.outbox.is_congested:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._waiting_for_room = [*(self._waiting_for_room or ()), waiting]
        return waiting

    def all_sent(self) -> Deferred[None]:
        """Fires when everything has reached the socket, or the connection is gone."""
        if self.is_closing or self.outbox.is_empty:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._waiting_for_empty = [*(self._waiting_for_empty or ()), waiting]
        self.outbox.is_watched = True
        return waiting

    def gone(self) -> Deferred[None]:
        """Fires when the connection is gone."""
        if self._gone is None:
            self._gone = Deferred()
        return self._gone

    def is_news(self, errno: int) -> bool:
        """Whether it is the first time that a refusal is not told, as the dialect has no reply."""
        if self._silently_refused is None:
            self._silently_refused = set()
        elif errno in self._silently_refused:
            return False
        self._silently_refused.add(errno)
        return True

    def lost(self) -> None:
        """The connection is gone."""
        self.is_closing = True
        self.requests.drop_waiting()
        self.outbox.lost()
        self.gone().callback(None)
        self.drained()

    def set_reading(self, reading: bool) -> None:
        """Pause reading what the client sends, or go on."""
        if reading:
            self.connection.resume_reading()
        else:
            self.connection.pause_reading()

    def delivered(self, marks: list[Mark]) -> None:
        """The outbox tells what has reached the socket."""
        for mark in marks:
            self._note(*mark)

    def drained(self) -> None:
        """The outbox tells that all it gave is out."""
        if self._waiting_for_empty and (self.is_closing or self.outbox.is_empty):
            self.outbox.is_watched = False
            waiting, self._waiting_for_empty = self._waiting_for_empty, None
            for deferred in waiting:
                deferred.callback(None)
        if not self.outbox.is_congested or self.is_closing:
            room, self._waiting_for_room = self._waiting_for_room, None
            for deferred in room or ():
                deferred.callback(None)
            self.requests.advance()

    def overflowed(self) -> None:
        """The outbox tells that the client is too slow."""
        self.goodbye(Goodbye(reason="slow", retry_after=1.0), discard=True)

    def _finish(self, last: tuple[Frame, ...]) -> None:
        if not self.is_closing:
            self.is_closing = True
            for frame in last:
                if isinstance(frame, Goodbye):
                    self.closed_for = frame.reason
            frames = tuple(part for frame in last for part in self.dialect.encode(frame))
            self.outbox.finish(frames, discard=False)
