"""Coming in and going out: places, subscriptions, and what a device is told at login."""

from __future__ import annotations

import sys
from contextlib import suppress
from itertools import count
from typing import NamedTuple

from msgspec import UNSET
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from chatserver.bus import events
from chatserver.bus.bus import Bus
from chatserver.clock import Clock, epoch_milliseconds
from chatserver.errors import TryAgain
from chatserver.services import rendering
from chatserver.services.exclusions import Exclusions
from chatserver.services.handover import Handover
from chatserver.services.presence import PresenceService
from chatserver.services.rolls import groups_of
from chatserver.services.sequencer import Sequencer
from chatserver.services.sync import Missed, Sync
from chatserver.sessions.connections import Connections
from chatserver.sessions.registry import (
    NO_CONVERSATIONS,
    GroupPlace,
    LocalAccount,
    Registry,
    Vacated,
)
from chatserver.sessions.requests import Turn
from chatserver.sessions.session import Login as LoggedIn
from chatserver.sessions.session import Session
from chatserver.spawn import spawn
from chatserver.store import backlogs
from chatserver.store.accounts import Account
from chatserver.store.cursors import Standing
from chatserver.store.devices import UNNAMED, Entry, TokenOwner
from chatserver.store.places import Place, Places
from chatserver.store.store import Store
from chatserver.store.ties import Ties
from chatserver.store.welcomes import Welcome
from chatserver.wire.frames import Goodbye, LoginAck, State
from chatserver.wire.requests import Login
from chatserver.wire.times import utc_text

_holders = count(1)


class Arrival(NamedTuple):
    """Somebody who has shown a password, or the token of ``owner``."""

    account: Account
    device_name: str
    owner: TokenOwner | None


class Admission(NamedTuple):
    """A device in its place, which was ``displaced``'s until now; with its token, if it is new."""

    device: int
    entry: Entry | None
    displaced: Place | None


class Greeting(NamedTuple):
    """The answer to a login, what of the missed messages it carries, and those to push at once."""

    frame: bytes
    missed: list[Missed]
    carried: int
    few: list[backlogs.Missed]


class Entries:
    """Lets sessions in and out."""

    _log = Logger()

    def __init__(
        self,
        store: Store,
        bus: Bus,
        places: Places,
        registry: Registry,
        connections: Connections,
        sync: Sync,
        sequencer: Sequencer,
        presence: PresenceService,
        handover: Handover,
        exclusions: Exclusions,
        node: str,
        clock: Clock,
    ) -> None:
        self._store = store
        self._bus = bus
        self._places = places
        self._registry = registry
        self._connections = connections
        self._sync = sync
        self._sequencer = sequencer
        self._presence = presence
        self._handover = handover
        self._exclusions = exclusions
        self._node = node
        self._clock = clock
        self._note = store.cursors.note  # one for all sessions
        self._claiming: set[str] = set()  # holders that wait for their place
        self._displaced: set[str] = set()  # those of them that have lost it already

    async def enter(self, turn: Turn, request: Login, arrival: Arrival) -> None:
        """Log a session in, answer it, and push what its device missed.

        In this order nothing slips through: first subscribe, then read the log, then
        push what comes live.

        :raises InUse: it is the unnamed device, and that is online.
        :raises TooMany: it was sent away a moment ago.
        """
        session = turn.session
        _check_there(session)
        self._exclusions.check(arrival.account.id, arrival.device_name)
        holder = f"{self._node}.{next(_holders)}"
        place = Place(arrival.account.id, arrival.device_name, self._node, holder)
        try:
            admission = await self._admit(arrival, place)
            login = self._move_in(session, request, arrival, admission.device, place)
        except BaseException:
            await self._release(place)
            raise
        try:
            greeting = await self._greet(session, request, login, arrival, admission)
        except BaseException:
            await self.leave(session)
            raise
        if session.login is not login:
            turn.finish()
            return
        login.is_greeted = True
        turn.finish((greeting.frame,))
        self._sync.carried(session, greeting.missed, greeting.carried)
        device = "{device!r}" if place.device_name else "(unnamed)"
        self._log.info(
            f"account {{account}} logged in from {{peer}}, device {device}",
            account=place.account,
            peer=session.connection.peer,
            device=place.device_name,
        )
        self._sync.push_few(session, greeting.few)
        if login.unsynced:
            spawn(self._sync.catch_up(session), "pushing missed messages")
        else:
            login.unsynced = None  # pushes come live

    def device_taken(self, event: events.DeviceTaken) -> None:
        """Another connection has taken the place of one here, which may not be in it yet."""
        if event.holder in self._claiming:
            self._displaced.add(event.holder)
        account = self._registry.account(event.account)
        for session in list(account.sessions) if account else ():
            if session.login is not None and session.login.holder == event.holder:
                session.goodbye(Goodbye(reason="replaced"))

    async def leave(self, session: Session) -> None:
        """Log a session out, if it is logged in."""
        login = session.login
        if login is None:
            return
        session.login = None
        self._connections.logged_out(session.connection)
        account = login.account
        self._forget(account, self._registry.remove(account, session))
        try:
            if not self._store.cursors.is_settled(login.device):
                await self._store.cursors.flush()
        except TryAgain:
            pass  # it stays noted, and is written when the database is back
        finally:
            await self._release(Place(account.id, login.device_name, self._node, login.holder))

    async def _claim(self, place: Place) -> Place | None:
        """Take a place; the unnamed device's can't be taken over.

        Returns the place that it was until now, for another connection, which has to go.
        """
        self._claiming.add(place.holder)
        try:
            claimed = await self._places.claim(place, exclusive=place.device_name == UNNAMED)
        finally:
            self._claiming.discard(place.holder)
        if claimed.is_first:
            self._tell_presence(place.account, "online")
        lost = claimed.displaced
        if lost is not None:
            taken = events.DeviceTaken(account=lost.account, holder=lost.holder)
            self._bus.publish([events.of_node(lost.node)], taken)
        return lost

    async def _release(self, place: Place) -> None:
        self._displaced.discard(place.holder)
        with suppress(TryAgain):  # it is given back when the database can be reached again
            if await self._places.release(place):
                self._tell_presence(place.account, "offline")

    async def _admit(self, arrival: Arrival, place: Place) -> Admission:
        """Give a device its place.

        A named one gets it just before it moves in: of two that race, the last one to claim is
        to stay.
        """
        owner = arrival.owner
        if owner is not None:
            return Admission(owner.device, None, await self._claim(place))
        if place.device_name == UNNAMED:
            await self._claim(place)
            entry = await self._enter_device(place)
            return Admission(entry.device, entry, None)
        entry = await self._enter_device(place)
        return Admission(entry.device, entry, await self._claim(place))

    async def _enter_device(self, place: Place) -> Entry:
        """The device, with a new token; a new one begins where the account's others are."""
        devices, id, name = self._store.devices, place.account, place.device_name
        if not await devices.is_known(id, name):
            await self._handover.settle(await self._places.nodes_of(id))
        return await devices.enter(id, name, epoch_milliseconds())

    def _move_in(
        self, session: Session, request: Login, arrival: Arrival, device: int, place: Place
    ) -> LoggedIn:
        """Put the session where events find it."""
        _check_there(session)
        self._exclusions.check(place.account, place.device_name)  # once more: it took its time
        id = place.account
        account = self._registry.account(id)
        if account is None:
            account = LocalAccount(id, arrival.account.name)
        login = LoggedIn(
            account,
            device,
            sys.intern(place.device_name),  # many have the same
            place.holder,
            self._note,
            acks=request.ack,
        )
        session.login = login
        session.account_id = account.id
        session.bucket = None
        self._registry.add(account, session)
        self._connections.logged_in(session.connection)
        if place.holder in self._displaced:
            self._displaced.discard(place.holder)
            session.goodbye(Goodbye(reason="replaced"))
        return login

    async def _greet(
        self,
        session: Session,
        request: Login,
        login: LoggedIn,
        arrival: Arrival,
        admission: Admission,
    ) -> Greeting:
        """Read what the device is owed, and encode the login's answer."""
        account = login.account
        # The token's time is written while the rest is read.
        entering = self._entry(request, arrival, admission)
        try:
            circle, standing, few = await self._welcome(session, login, arrival, admission)
        except BaseException:
            entering.addErrback(lambda _: None)
            raise
        entry = await entering
        if session.login is login:
            self._begin(login, standing)
        missed = [] if session.dialect.talkative else await self._sync.first_missed(login)
        groups, online = await groups_of(circle, self._places, session.dialect, self._clock)
        # No turn of the reactor may end from here on: what is told of friends follows the answer.
        self._presence.begin([id for id, _ in circle.friends], online)
        ack = LoginAck(
            req=request.req,
            id=account.id,
            name=account.name,
            friends=[rendering.friend(id, name, online) for id, name in circle.friends],
            groups=groups,
            token=entry.token,
            expires=utc_text(entry.expires),
            pending=sum(backlog.missed for backlog in standing.backlogs),
        )
        pushes = [one.push for one in missed if one.push is not None]
        frame, carried = session.dialect.login_reply(ack, pushes)
        return Greeting(frame, missed, carried, few if session.dialect.talkative else [])

    def _entry(self, request: Login, arrival: Arrival, admission: Admission) -> Deferred[Entry]:
        """The device's token, once it is good for its whole time."""
        if admission.entry is not None:
            return succeed(admission.entry)
        assert arrival.owner is not None
        assert request.token is not UNSET
        return self._store.devices.renew(arrival.owner, request.token, epoch_milliseconds())

    async def _welcome(
        self, session: Session, login: LoggedIn, arrival: Arrival, admission: Admission
    ) -> Welcome:
        """Subscribe, and then read what the device is told.

        Ties only grow: if there are as many as were known before, no topic is missing.
        """
        account, owner = login.account, arrival.owner
        ties = owner.ties if owner else await self._store.ties(account.id)
        while True:
            if session.login is login:
                self._add_ties(account, ties)
                await self._bus.subscribe(_topics(account.id, ties))
            await self._settle(login.device, admission.displaced)
            welcome = await self._store.welcomes.of(account.id, login.device)
            found = welcome.circle
            if session.login is not login or found.number() == ties.number():
                return welcome
            ties = found.ties()

    async def _settle(self, device: int, displaced: Place | None) -> None:
        """Have written down how far a device came before, here or where it was until now."""
        if displaced is not None:
            await self._handover.settle({displaced.node})
        elif not self._store.cursors.is_settled(device):
            await self._store.cursors.flush()

    def _add_ties(self, account: LocalAccount, ties: Ties) -> None:
        for friend in ties.friends:
            self._registry.add_friend(account, friend)
        for group, conversation, joined in ties.seats:
            is_news = group not in account.groups
            self._registry.add_group(account, group, GroupPlace(conversation, joined))
            if is_news:  # to the account's other sessions here as well, if there are any
                self._sequencer.join(account, conversation, joined)

    def _begin(self, login: LoggedIn, standing: Standing) -> None:
        """From now on, the account's conversations are followed.

        Other sessions of the account here get what they were not told of.
        """
        account = login.account
        are_others_here = account.conversations is not None
        if account.conversations is None:
            account.conversations = NO_CONVERSATIONS
        for conversation, seq in self._sync.begin(login, standing).items():
            if are_others_here:
                joined = self._registry.joined(account, conversation)
                self._sequencer.reach(account, conversation, joined, seq)
            else:
                self._sequencer.follow(account, conversation, seq)
            # What the device has had already may be told late here.
            is_read = conversation not in (login.unsynced or ())
            if is_read and self._sequencer.lags(conversation, seq):
                login.note_from_log(conversation, seq)

    def _forget(self, account: LocalAccount, vacated: Vacated) -> None:
        """Hear no more of what nobody here needs to."""
        if not account.sessions:
            self._sequencer.leave(account)
        self._presence.forget(vacated.friends)
        self._bus.unsubscribe(
            [
                *map(events.of_account, vacated.accounts),
                *map(events.of_group, vacated.conversations),
                *map(events.of_presence, vacated.friends),
            ]
        )

    def _tell_presence(self, account: int, state: State) -> None:
        event = events.PresenceChanged(account=account, state=state)
        self._bus.publish([events.of_presence(account)], event)


def _check_there(session: Session) -> None:
    """
    :raises TryAgain: the client has gone meanwhile; nobody would log this session out.
    """
    if session.is_closing:
        raise TryAgain("the connection was closed")


def _topics(account: int, ties: Ties) -> list[str]:
    return [
        events.of_account(account),
        *map(events.of_presence, ties.friends),
        *(events.of_group(seat.conversation) for seat in ties.seats),
    ]
