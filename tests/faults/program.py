"""A program on the client library, which promises to do what devices made for tests do by hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from twisted.internet.endpoints import HostnameEndpoint
from twisted.python.failure import Failure

from chatclient import (
    ClientStopped,
    Credentials,
    Event,
    GroupChatPush,
    LoginRefused,
    OneChatPush,
    Replaced,
    Sent,
    State,
    SteadyClient,
)
from chatclient.steady.pauses import Pauses
from chatclient.steady.states import Online
from tests.faults import events
from tests.faults.device import PASSWORD
from tests.faults.history import History

_REPLY_TIMEOUT, _PING_AFTER, _CONNECT_TIMEOUT = 5.0, 2.0, 5.0  # seconds
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.2, 1.0  # seconds


class Program:
    """One device of an account, run by a :class:`SteadyClient`.

    :param doors: ports where it may come in, tried in turn.
    """

    def __init__(
        self, reactor: Any, doors: Sequence[int], account: int, name: str, history: History
    ) -> None:
        self.account = account
        self.name = f"{account}/{name}"
        self._history = history
        self._numbers = count()
        self._unstored: set[str] = set()
        self._client = SteadyClient(
            reactor,
            [HostnameEndpoint(reactor, "127.0.0.1", door) for door in doors],
            Credentials(userid=account, password=PASSWORD),
            device=name,
            on_event=self._received,
            on_state=self._state_changed,
            reply_timeout=_REPLY_TIMEOUT,
            ping_after=_PING_AFTER,
            connect_timeout=_CONNECT_TIMEOUT,
            most_unsent=100_000,
            pauses=Pauses(_SHORTEST_PAUSE, _LONGEST_PAUSE),
        )

    @property
    def is_in(self) -> bool:
        """Whether it is logged in."""
        return isinstance(self._client.state, Online)

    @property
    def is_done(self) -> bool:
        """Whether all that it was given to send is stored."""
        return not self._unstored

    def start(self) -> None:
        """Come in, and stay in."""
        self._history.note(events.Started(self._history.now(), self.name))
        self._client.start()

    async def stop(self) -> None:
        """Go, for good."""
        await self._client.stop()

    def send(self, text: str, *, toid: int | None = None, group: int | None = None) -> None:
        """Send a text until it is stored."""
        cid = f"{self.name} {next(self._numbers)}"
        self._history.note(
            events.Given(self._history.now(), self.name, cid, text, toid, group, True)
        )
        self._unstored.add(cid)
        if group is None:
            assert toid is not None
            stored = self._client.chat(toid, text, cid=cid)
        else:
            stored = self._client.group_chat(group, text, cid=cid)
        stored.addCallbacks(self._stored, self._failed)

    def _stored(self, sent: Sent) -> None:
        self._unstored.discard(sent.cid)
        self._history.note(
            events.Answered(
                self._history.now(), self.name, sent.cid, sent.conv, sent.seq, sent.time, sent.dup
            )
        )

    def _failed(self, failure: Failure) -> None:
        if not failure.check(ClientStopped):
            self._history.note(events.Odd(self._history.now(), self.name, repr(failure.value)))

    def _state_changed(self, state: State) -> None:
        if isinstance(state, Replaced | LoginRefused):
            self._history.note(events.Odd(self._history.now(), self.name, repr(state)))

    def _received(self, event: Event) -> None:
        if isinstance(event, OneChatPush | GroupChatPush):
            self._history.note(
                events.Handed(self._history.now(), self.name, event.conv, event.seq, event.msg)
            )
