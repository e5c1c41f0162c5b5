"""Registering, logging in and logging out."""

from __future__ import annotations

from collections import Counter

from msgspec import UNSET
from twisted.logger import Logger

from chatserver.clock import Clock, epoch_milliseconds
from chatserver.dispatcher import LATER, Gate, Later, handles
from chatserver.errors import ChatError, InvalidField, NotAllowed, Refused, TooMany, TryAgain
from chatserver.services.attempts import LoginAttempts
from chatserver.services.entry import Arrival, Entries
from chatserver.services.passwords import Passwords
from chatserver.sessions.limits import Buckets
from chatserver.sessions.requests import Turn
from chatserver.settings import Settings
from chatserver.store.accounts import Account
from chatserver.store.devices import UNNAMED, unknown_token
from chatserver.store.store import Store
from chatserver.wire.codec import Rejected
from chatserver.wire.frames import RegisterAck, Reply
from chatserver.wire.requests import Login, Loginout, Register, Request


class AccountService:
    """Who somebody is."""

    _log = Logger()

    def __init__(
        self,
        store: Store,
        passwords: Passwords,
        entries: Entries,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._entries = entries
        self._clock = clock
        self._attempts = LoginAttempts(settings.login_failures, clock.seconds)
        #: Logins by what was shown ("token", "password") and the errno that came of it.
        self.logins: Counter[tuple[str, int]] = Counter()
        rate = settings.register_rate
        self._registrations = Buckets(rate / 60, max(rate, 1.0), clock.seconds)
        rate = settings.login_rate
        self._arrivals = Buckets(rate / 60, max(rate, 1.0), clock.seconds)

    @property
    def waiting(self) -> int:
        """Logins that wait until others of the same account and address have been checked."""
        return self._attempts.waiting

    @property
    def remembered(self) -> int:
        """Addresses, and pairs of one with an account, of which a limit is remembered."""
        return len(self._attempts) + len(self._registrations) + len(self._arrivals)

    def admit_registration(self, turn: Turn) -> None:
        """
        :raises TooMany: too many came from the address, those that were refused counted.
        """
        wait = self._registrations.of(turn.session.connection.peer).take()
        if wait:
            raise TooMany("too many registrations from your address", retry_after=wait)

    @handles(Register, gate=Gate.LOGGED_OUT, admit=admit_registration)
    async def register(self, turn: Turn, request: Register) -> RegisterAck:  # noqa: ARG002
        if await self._store.accounts.is_taken(request.name):
            raise Refused(f"the name {request.name} is taken; choose another")
        password_hash = await self._passwords.hash(request.password)
        account = await self._store.accounts.create(
            request.name, password_hash, epoch_milliseconds()
        )
        self._log.info("account {account} registered", account=account)
        return RegisterAck(id=account)

    def admit_login(self, turn: Turn) -> None:
        """
        :raises TooMany: too many came from the address, those that were refused counted.
        """
        wait = self._arrivals.of(turn.session.connection.peer).take()
        if wait:
            self.logins[_shown(turn.request), TooMany.errno] += 1
            raise TooMany("too many logins from your address", retry_after=wait)

    @handles(Login, gate=Gate.LOGGED_OUT, admit=admit_login)
    async def login(self, turn: Turn, request: Login) -> Later:
        shown = _shown(request)
        try:
            arrival = await (
                self._by_token(request)
                if request.token is not UNSET
                else self._by_password(turn, request)
            )
            await self._entries.enter(turn, request, arrival)
        except ChatError as refusal:
            self.logins[shown, refusal.errno] += 1
            raise
        except Exception:
            self.logins[shown, TryAgain.errno] += 1
            raise
        self.logins[shown, 0] += 1
        return LATER

    @handles(Loginout)
    async def logout(self, turn: Turn, request: Loginout) -> Reply:  # noqa: ARG002
        session = turn.session
        # What was pushed shall count as delivered before the device may come back.
        await session.all_sent()
        device = session.logged_in.device
        await self._store.devices.revoke(device)
        await self._entries.leave(session)
        session.login_since = self._clock.seconds()
        return Reply()

    async def _by_token(self, request: Login) -> Arrival:
        assert request.token is not UNSET
        owner = await self._store.devices.owner_of(request.token, epoch_milliseconds())
        if owner is None:
            raise unknown_token()
        if request.device is not UNSET and request.device != owner.device_name:
            raise Refused("this token belongs to another device")
        _check_enabled(owner.account)
        return Arrival(owner.account, owner.device_name, owner)

    async def _by_password(self, turn: Turn, request: Login) -> Arrival:
        if request.id is UNSET and request.name is UNSET:
            raise InvalidField("id is missing; give id or name, or a token")
        if request.password is UNSET:
            raise InvalidField("password is missing")
        account = await self._store.accounts.find(
            id=None if request.id is UNSET else request.id,
            name=None if request.name is UNSET else request.name,
        )
        whom = str(request.id if request.id is not UNSET else request.name)
        await self._check_password(
            turn.session.connection.peer,
            f"#{account.id}" if account else whom,
            request.password,
            account,
        )
        assert account is not None
        _check_enabled(account)
        return Arrival(account, UNNAMED if request.device is UNSET else request.device, None)

    async def _check_password(
        self, address: str, whom: str, password: str, account: Account | None
    ) -> None:
        await self._attempts.begin(address, whom)
        is_right: bool | None = None
        try:
            stored = account.password_hash if account else None
            is_right = await self._passwords.verify(password, stored)
        finally:
            self._attempts.end(address, whom, is_right=is_right)
        if not is_right:
            self._log.info("a wrong password from {peer}", peer=address)
            raise Refused


def _shown(request: Request | Rejected) -> str:
    """What a login shows; one that can't be understood, nothing of use."""
    if not isinstance(request, Login):
        return "nothing"
    return "password" if request.token is UNSET else "token"


def _check_enabled(account: Account) -> None:
    if account.disabled:
        raise NotAllowed("this account is disabled; ask the people who run this server")
