"""What a profile does on the server: log its devices in, by password, and out again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from msgspec import UNSET
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import connectProtocol

from chatclient.address import Server
from chatclient.endpoints import endpoint_of
from chatclient.errors import DeviceInUse, NotConnected, ProfileUnusable
from chatclient.interfaces import Endpoint
from chatclient.language import gettext as _
from chatclient.profiles.folders import create, load
from chatclient.profiles.profile import KINDS, Kind, Profile, this_machine
from chatclient.protocol import ChatClientProtocol
from chatclient.results import Account, account_of, given
from chatserver.errors import Refused
from chatserver.wire.requests import Login, Loginout, Register

_CLOSE_PATIENCE = 5.0


async def first_start(
    reactor: Any,
    home: Path,
    profile_name: str,
    server: Server,
    *,
    account: int | str,
    password: str,
    register: bool = False,
) -> Profile:
    """Log in as an account, by id or name, and make the profile of it.

    With ``register`` the account, a name then, is made first. Nothing that the account has
    missed counts as received by this. Fails as :class:`~chatclient.ChatClient` does.

    :raises ValueError: see :func:`~chatclient.profiles.check_name`.
    :raises ProfileUnusable: there is such a profile already, or it can't be written.
    :raises AuthorityUnusable: the server's authority can't be read.
    """
    if load(home, profile_name) is not None:
        raise ProfileUnusable(
            _("there is a profile {name!r} already; give another name").format(name=profile_name)
        )
    endpoint = endpoint_of(reactor, server)
    if register:
        account = await _register(reactor, endpoint, str(account), password)
    machine = this_machine()
    profile = Profile(home / profile_name, server, 0, "", machine)
    accounts = {
        kind: await _log_in(reactor, endpoint, account, password, profile.device(kind))
        for kind in KINDS
    }
    known = accounts[KINDS[0]]
    profile = Profile(home / profile_name, server, known.id, known.name, machine)
    create(profile, ((kind, account.token) for kind, account in accounts.items()))
    return profile


async def log_in_again(reactor: Any, profile: Profile, password: str, own: Kind | None) -> None:
    """Get new tokens for the devices of a profile.

    Those that other programs have taken keep theirs: they are logged in with them. ``own`` is
    the kind that the caller holds. Fails as :class:`~chatclient.ChatClient` does.

    :raises ProfileUnusable: they can't be written.
    :raises AuthorityUnusable: the server's authority can't be read.
    """
    endpoint = endpoint_of(reactor, profile.server)
    for kind in KINDS:
        try:
            hold = None if kind == own else profile.hold(kind)
        except DeviceInUse:
            continue
        try:
            device = profile.device(kind)
            account = await _log_in(reactor, endpoint, profile.userid, password, device)
            profile.set_token(kind, account.token)
        finally:
            if hold is not None:
                hold.release()


async def log_out(reactor: Any, profile: Profile) -> None:
    """Revoke the tokens of a profile on the server, and keep them no longer.

    Programs that are logged in with them lose their connection. Fails as
    :class:`~chatclient.ChatClient` does; tokens that were not revoked are still kept then.

    :raises ProfileUnusable: the tokens can't be read or removed.
    :raises AuthorityUnusable: the server's authority can't be read.
    """
    endpoint = endpoint_of(reactor, profile.server)
    for kind in KINDS:
        token = profile.token(kind)
        if token is None:
            continue
        async with _connection(reactor, endpoint) as protocol:
            # One that is refused is worth nothing any more.
            with suppress(Refused):
                await protocol.request(Login(token=token, device=profile.device(kind), ack=True))
                await protocol.request(Loginout())
        profile.forget_token(kind)


async def _register(reactor: Any, endpoint: Endpoint, name: str, password: str) -> int:
    async with _connection(reactor, endpoint) as protocol:
        answer = await protocol.request(Register(name=name, password=password))
        return given(answer.id, "id")


async def _log_in(
    reactor: Any, endpoint: Endpoint, account: int | str, password: str, device: str
) -> Account:
    login = Login(
        id=account if isinstance(account, int) else UNSET,
        name=account if isinstance(account, str) else UNSET,
        password=password,
        device=device,
        ack=True,
    )
    async with _connection(reactor, endpoint) as protocol:
        return account_of(await protocol.request(login))


@asynccontextmanager
async def _connection(reactor: Any, endpoint: Endpoint) -> AsyncIterator[ChatClientProtocol]:
    """A connection that acknowledges nothing: messages that come meanwhile come again."""
    gone: Deferred[None] = Deferred()
    protocol = ChatClientProtocol(reactor, lambda _: None, lambda _: gone.callback(None))
    await connectProtocol(endpoint, protocol)
    try:
        yield protocol
    finally:
        protocol.close()
        hung = NotConnected("the server did not let go")
        timer = reactor.callLater(_CLOSE_PATIENCE, protocol.abort, hung)
        await gone
        if timer.active():
            timer.cancel()
