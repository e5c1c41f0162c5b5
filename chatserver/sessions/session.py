"""One connection: who is logged in on it, and what it is owed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, succeed

from chatserver.clock import Clock
from chatserver.errors import NotLoggedIn
from chatserver.sessions.limits import TokenBucket
from chatserver.sessions.outbox import Connection, Mark, Outbox
from chatserver.sessions.positions import AckedPositions
from chatserver.sessions.requests import RequestQueue, Turn
from chatserver.settings import Settings
from chatserver.wire.dialects import CLASSIC, Dialect
from chatserver.wire.frames import Frame, Goodbye, ServerPing

if TYPE_CHECKING:
    from chatserver.sessions.registry import LocalAccount

_numbers = count(1)


class Unsynced:
    """What a device is still to be pushed of a conversation: all in (floor, target].

    The account's own messages up to ``own`` are not for it.
    """

    __slots__ = ("floor", "own", "target")

    def __init__(self, floor: int, target: int, own: int) -> None:
        self.floor = floor
        self.target = target
        self.own = own


Note = Callable[[int, int, int], None]


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
        self.acked = AckedPositions(partial(note, device)) if acks else None
        #: Whether the login has been answered; events are told only after that.
        self.is_greeted = False
        #: What the log has to be read for, by conversation; None when pushes come live.
        self.unsynced: dict[int, Unsynced] | None = {}
        #: The last message that came from the log, by conversation: it may be told late.
        self.from_log: dict[int, int] = {}


class Session:
    """A connection whose dialect is known.

    :param run: begins a request's turn.
    :param note: told a device, a conversation and the seq up to which all reached it.
    """

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        settings: Settings,
        clock: Clock,
        run: Callable[[Turn], None],
        note: Note,
    ) -> None:
        self.number = next(_numbers)
        self.connection = connection
        self.dialect = dialect
        self.login: Login | None = None
        self.bucket = TokenBucket(settings.rate, settings.burst, clock.seconds)
        self.is_closing = False
        #: Why the server closes it; None where it does not.
        self.closed_for: str | None = None
        #: When the client was last heard, and since when it might have logged in.
        self.last_heard = self.login_since = clock.seconds()
        self.last_ping = 0.0
        self.outbox = Outbox(
            connection,
            clock,
            settings.send_queue,
            delivered=self._delivered,
            drained=self._drained,
            overflowed=self._overflowed,
            gap=settings.classic_gap if dialect is CLASSIC else None,
        )
        self.requests = RequestQueue(
            settings.in_progress,
            run=run,
            answer=self.outbox.reply,
            may_run=self._may_run,
            reading=self._set_reading,
        )
        #: The errnos that were not told, as the dialect has no reply for them.
        self.silently_refused: set[int] = set()
        self._note = note
        #: Fires when the connection is gone.
        self.gone: Deferred[None] = Deferred()
        self._waiting_for_room: list[Deferred[None]] = []
        self._waiting_for_empty: list[Deferred[None]] = []

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
        login = self.login
        if login is not None and login.is_greeted and not self.is_closing:
            frames = self.dialect.encode(frame)
            if frames:
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
        self._waiting_for_room.append(waiting)
        return waiting

    def all_sent(self) -> Deferred[None]:
        """Fires when everything has reached the socket, or the connection is gone."""
        if self.is_closing or self.outbox.is_empty:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._waiting_for_empty.append(waiting)
        return waiting

    def lost(self) -> None:
        """The connection is gone."""
        self.is_closing = True
        self.requests.drop_waiting()
        self.outbox.lost()
        self.gone.callback(None)
        self._drained()

    def _finish(self, last: tuple[Frame, ...]) -> None:
        if not self.is_closing:
            self.is_closing = True
            for frame in last:
                if isinstance(frame, Goodbye):
                    self.closed_for = frame.reason
            frames = tuple(part for frame in last for part in self.dialect.encode(frame))
            self.outbox.finish(frames, discard=False)

    def _may_run(self) -> bool:
        return not (self.is_closing or self.outbox.is_congested)

    def _set_reading(self, reading: bool) -> None:
        if reading:
            self.connection.resume_reading()
        else:
            self.connection.pause_reading()

    def _delivered(self, marks: list[Mark]) -> None:
        for mark in marks:
            self._note(*mark)

    def _drained(self) -> None:
        if self._waiting_for_empty and (self.is_closing or self.outbox.is_empty):
            waiting, self._waiting_for_empty = self._waiting_for_empty, []
            for deferred in waiting:
                deferred.callback(None)
        if not self.outbox.is_congested or self.is_closing:
            waiting, self._waiting_for_room = self._waiting_for_room, []
            for deferred in waiting:
                deferred.callback(None)
            self.requests.advance()

    def _overflowed(self) -> None:
        self.goodbye(Goodbye(reason="slow", retry_after=1.0), discard=True)
