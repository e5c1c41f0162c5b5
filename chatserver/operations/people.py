"""Who is logged in on this node, and sending them away."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

from twisted.logger import Logger

from chatserver.clock import Clock, epoch_milliseconds
from chatserver.orders import Answer, Kick, Kicked, ListSessions, SessionInfo, Sessions
from chatserver.services.exclusions import Exclusions
from chatserver.sessions.registry import LocalAccount, Registry
from chatserver.sessions.session import Login, Session
from chatserver.store.accounts import Accounts
from chatserver.wire.frames import Goodbye

_AT_ONCE = 200  # sessions in one part of an answer


class People:
    """The sessions of this node.

    :param server: names this server for people.
    """

    _log = Logger()

    def __init__(
        self,
        accounts: Accounts,
        registry: Registry,
        exclusions: Exclusions,
        server: str,
        clock: Clock,
    ) -> None:
        self._store = accounts
        self._registry = registry
        self._exclusions = exclusions
        self._server = server
        self._clock = clock

    async def sessions(self, order: ListSessions) -> AsyncGenerator[Answer, None]:
        """Tell of everybody who is logged in, some at a time."""
        found: list[SessionInfo] = []
        for account in self._accounts(order.account):
            found += self._infos(account)
            if len(found) >= _AT_ONCE:
                yield Sessions(server=self._server, sessions=found)
                found = []
        yield Sessions(server=self._server, sessions=found)

    async def kick(self, order: Kick) -> AsyncGenerator[Answer, None]:
        """Close sessions, and keep those out who come back too early, or are just coming in."""
        self._exclusions.exclude(order.account, order.device, order.seconds)
        goodbye = Goodbye(reason="shutdown", retry_after=order.seconds)
        kicked = 0
        for account in self._accounts(order.account):
            for session, login in _logged_in(account):
                if order.device in (None, login.device_name) and not session.is_closing:
                    session.goodbye(goodbye, closed_for="kicked")
                    kicked += 1
        self._log.info(
            "{kicked} sessions of account {account} were closed by order",
            kicked=kicked,
            account=order.account,
        )
        yield Kicked(server=self._server, sessions=kicked)

    async def send_disabled_away(self) -> None:
        """Close the sessions of those who were disabled while this node could not be told so.

        :raises TryAgain: it can't be found out.
        """
        here = [account.id for account in self._registry.accounts()]
        for id in await self._store.disabled(here):
            async for _ in self.kick(Kick(account=id, seconds=1.0)):
                pass

    def _accounts(self, id: int | None) -> list[LocalAccount]:
        if id is None:
            return self._registry.accounts()
        account = self._registry.account(id)
        return [] if account is None else [account]

    def _infos(self, account: LocalAccount) -> Iterator[SessionInfo]:
        seconds, now = self._clock.seconds(), epoch_milliseconds()
        for session, login in _logged_in(account):
            connection = session.connection
            yield SessionInfo(
                id=account.id,
                name=account.name,
                device=login.device_name,
                server=self._server,
                address=connection.peer,
                connected=now - round((seconds - connection.opened) * 1000),
                idle=round(seconds - session.last_heard, 3),
                dialect="web" if connection.is_web else session.dialect.name,
                unsent=session.outbox.unsent,
            )


def _logged_in(account: LocalAccount) -> Iterator[tuple[Session, Login]]:
    for session in account.sessions:
        if session.login is not None:
            yield session, session.login
