"""Coming in and going out: places, subscriptions, and what a device is told at login."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from typing import NamedTuple

from msgspec import UNSET
from twisted.logger import Logger

from chatserver.bus import events
from chatserver.bus.bus import Bus
from chatserver.clock import epoch_milliseconds
from chatserver.errors import TryAgain
from chatserver.services import rendering
from chatserver.services.handover import Handover
from chatserver.services.presence import PresenceService
from chatserver.services.sequencer import Sequencer
from chatserver.services.sync import Missed, Sync
from chatserver.sessions.connections import Connections
from chatserver.sessions.registry import GroupPlace, LocalAccount, Registry, Vacated
from chatserver.sessions.requests import Turn
from chatserver.sessions.session import Login as LoggedIn
from chatserver.sessions.session import Session
from chatserver.spawn import spawn
from chatserver.store.accounts import Account
from chatserver.store.cursors import Standing
from chatserver.store.devices import UNNAMED, Entry, TokenOwner
from chatserver.store.places import Place, Places
from chatserver.store.store import Circle, Store
from chatserver.wire.frames import Goodbye, LoginAck, State
from chatserver.wire.requests import Login
from chatserver.wire.times import utc_text

_holders = count(1)


class Arrival(NamedTuple):
    """Somebody who has shown a password, or the token of ``owner``."""

    account: Account
    device_name: str
    owner: TokenOwner | None


class Greeting(NamedTuple):
    """The answer to a login, and what of the missed messages it carries."""

    frame: bytes
    missed: list[Missed]
    carried: int


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
        node: str,
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
        self._node = node
        self._claiming: set[str] = set()  # holders that wait for their place
        self._displaced: set[str] = set()  # those of them that have lost it already

    async def enter(self, turn: Turn, request: Login, arrival: Arrival) -> None:
        """Log a session in, answer it, and push what its device missed.

        In this order nothing slips through: first subscribe, then read the log, then
        push what comes live.

        :raises InUse: it is the unnamed device, and that is online.
        """
        session = turn.session
        _check_there(session)
        holder = f"{self._node}.{next(_holders)}"
        place = Place(arrival.account.id, arrival.device_name, self._node, holder)
        displaced: Place | None = None
        if place.device_name == UNNAMED:
            await self._claim(place)
        try:
            entry = await self._enter_device(request, arrival)
            if place.device_name != UNNAMED:
                # Just before moving in: of two that race, the last one to claim is to stay.
                displaced = await self._claim(place)
            login = self._move_in(session, request, arrival, entry, place)
        except BaseException:
            await self._release(place)
            raise
        try:
            greeting = await self._greet(session, request, login, entry, displaced)
        except BaseException:
            await self.leave(session)
            raise
        if session.login is not login:
            turn.finish()
            return
        login.is_greeted = True
        turn.finish((greeting.frame,))
        self._sync.carried(session, greeting.missed, greeting.carried)
        self._log.info(
            "account {account} logged in from {peer}, device {device}",
            account=place.account,
            peer=session.connection.peer,
            device=repr(place.device_name) if place.device_name else "(unnamed)",
        )
        spawn(self._sync.catch_up(session), "pushing missed messages")

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

    async def _enter_device(self, request: Login, arrival: Arrival) -> Entry:
        """The device, with its token; a new one begins where the account's others are."""
        devices, cursors = self._store.devices, self._store.cursors
        now = epoch_milliseconds()
        if arrival.owner is not None:
            assert request.token is not UNSET
            entry = await devices.renew(arrival.owner, request.token, now)
        else:
            id, name = arrival.account.id, arrival.device_name
            if not await devices.is_known(id, name):
                await self._handover.settle(await self._places.nodes_of(id))
            entry = await devices.enter(id, name, now)
        if not cursors.is_settled(entry.device):
            await cursors.flush()
        return entry

    def _move_in(
        self, session: Session, request: Login, arrival: Arrival, entry: Entry, place: Place
    ) -> LoggedIn:
        """Put the session where events find it."""
        _check_there(session)
        id = place.account
        account = self._registry.account(id)
        if account is None:
            account = LocalAccount(id, arrival.account.name)
        login = LoggedIn(
            account,
            entry.device,
            place.device_name,
            place.holder,
            self._store.cursors.note,
            acks=request.ack,
        )
        session.login = login
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
        entry: Entry,
        displaced: Place | None,
    ) -> Greeting:
        """Subscribe, read what the device is owed, and encode the login's answer.

        :param displaced: where the device was until now.
        """
        account = login.account
        await self._bus.subscribe([events.of_account(account.id)])
        circle = await self._store.circle(account.id)
        if session.login is login:
            self._add_circle(account, circle)
            await self._bus.subscribe(_topics(circle))
        if displaced is not None:
            await self._handover.settle({displaced.node})
        standing = await self._store.standing(account.id, login.device)
        if session.login is login:
            self._begin(login, standing)
        missed = [] if session.dialect.talkative else await self._sync.first_missed(login)
        online = await self._places.online(circle.accounts())
        self._presence.begin([id for id, _ in circle.friends], online)
        ack = LoginAck(
            req=request.req,
            id=account.id,
            name=account.name,
            friends=[rendering.friend(id, name, online) for id, name in circle.friends],
            groups=[rendering.group(mine, online) for mine in circle.groups],
            token=entry.token,
            expires=utc_text(entry.expires),
            pending=sum(backlog.missed for backlog in standing.backlogs),
        )
        pushes = [one.push for one in missed if one.push is not None]
        frame, carried = session.dialect.login_reply(ack, pushes)
        return Greeting(frame, missed, carried)

    def _add_circle(self, account: LocalAccount, circle: Circle) -> None:
        for friend, _ in circle.friends:
            self._registry.add_friend(account, friend)
        for mine in circle.groups:
            is_news = mine.group.id not in account.groups
            place = GroupPlace(mine.group.conversation, mine.joined)
            self._registry.add_group(account, mine.group.id, place)
            if is_news:  # to the account's other sessions here as well, if there are any
                self._sequencer.join(account, place.conversation, place.joined)

    def _begin(self, login: LoggedIn, standing: Standing) -> None:
        """From now on, the account's conversations are followed.

        Other sessions of the account here get what they were not told of.
        """
        account = login.account
        are_others_here = account.conversations is not None
        if account.conversations is None:
            account.conversations = set()
        for conversation, seq in self._sync.begin(login, standing).items():
            if are_others_here:
                joined = self._registry.joined(account, conversation)
                self._sequencer.reach(account, conversation, joined, seq)
            else:
                self._sequencer.follow(account, conversation, seq)
            # What the device has had already may be told late here.
            is_read = conversation not in (login.unsynced or ())
            if is_read and self._sequencer.lags(conversation, seq):
                login.from_log[conversation] = seq

    def _forget(self, account: LocalAccount, vacated: Vacated) -> None:
        """Hear no more of what nobody here needs to."""
        if not account.sessions:
            self._sequencer.leave(account)
        self._presence.forget(vacated.friends)
        self._bus.unsubscribe(map(events.of_account, vacated.accounts))
        self._bus.unsubscribe(map(events.of_group, vacated.conversations))
        self._bus.unsubscribe(map(events.of_presence, vacated.friends))

    def _tell_presence(self, account: int, state: State) -> None:
        event = events.PresenceChanged(account=account, state=state)
        self._bus.publish([events.of_presence(account)], event)


def _check_there(session: Session) -> None:
    """
    :raises TryAgain: the client has gone meanwhile; nobody would log this session out.
    """
    if session.is_closing:
        raise TryAgain("the connection was closed")


def _topics(circle: Circle) -> list[str]:
    return [
        *(events.of_presence(friend) for friend, _ in circle.friends),
        *(events.of_group(mine.group.conversation) for mine in circle.groups),
    ]
