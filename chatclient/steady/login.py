"""Logging in again and again: by token where there is one, by password where that is refused."""

from __future__ import annotations

from dataclasses import dataclass

from chatclient.client import ChatClient
from chatclient.errors import StoreUnusable
from chatclient.results import Account
from chatserver.errors import ChatError, InUse, Refused, TooMany, TryAgain

# What is answered with 109 or 110 without saying when to come again.
_RETRY_AFTER = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who logs in: ``userid`` or ``name`` with ``password``, or ``token``, or all of them.

    A token is tried first.

    :raises ValueError: they are not enough to log in.
    """

    userid: int | None = None
    name: str | None = None
    password: str | None = None
    token: str | None = None

    def __post_init__(self) -> None:
        if self.token is None and not self.by_password:
            raise ValueError("give a token, or a password with a userid or a name")

    def __repr__(self) -> str:
        return f"<Credentials {self.userid or self.name or ''}>"

    @property
    def by_password(self) -> bool:
        """Whether they do without a token."""
        return self.password is not None and (self.userid or self.name) is not None


class Login:
    """How one account comes in, however often.

    :param device: as :meth:`chatclient.ChatClient.login` takes it, as ``ack``.
    """

    def __init__(self, credentials: Credentials, device: str | None, ack: bool) -> None:
        self._credentials = credentials
        self._device = device
        self._ack = ack
        self._token = credentials.token

    async def log_in(self, client: ChatClient) -> Account:
        """Log in on a new connection.

        Fails as :meth:`chatclient.ChatClient.login` does.
        """
        if self._token is None:
            return await self._by_password(client)
        try:
            account = await client.login(token=self._token, device=self._device, ack=self._ack)
        except Refused:
            if not self._credentials.by_password:
                raise
            self._token = None
            return await self._by_password(client)
        self._token = account.token
        return account

    async def _by_password(self, client: ChatClient) -> Account:
        account = await client.login(
            userid=self._credentials.userid,
            name=self._credentials.name,
            password=self._credentials.password,
            device=self._device,
            ack=self._ack,
        )
        self._token = account.token
        return account


def is_final(problem: Exception) -> bool:
    """Whether trying to log in again is in vain."""
    if isinstance(problem, ChatError):
        return problem.retry_after is None and not isinstance(problem, InUse | TooMany | TryAgain)
    return isinstance(problem, StoreUnusable)


def least_pause(refusal: ChatError) -> float:
    """The seconds that a refusal asks for before the next attempt."""
    if refusal.retry_after is not None:
        return refusal.retry_after
    return _RETRY_AFTER if isinstance(refusal, TooMany | TryAgain) else 0.0
