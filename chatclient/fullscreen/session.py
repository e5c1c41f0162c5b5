"""One account at work: its files taken, its client running."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionClosed

from chatclient.conversations.conversations import Conversations
from chatclient.conversations.kept import KeptFile
from chatclient.endpoints import endpoint_of
from chatclient.profiles import Profile
from chatclient.steady.client import SteadyClient
from chatclient.steady.disk import DiskStore
from chatclient.steady.login import Credentials
from chatserver.errors import ChatError

_KEPT = "conversations.json"


class Session:
    """From taking a profile's store to giving it back.

    :raises StoreUnusable: it can't be taken; says what to do.
    """

    def __init__(self, reactor: Any, profile: Profile, token: str) -> None:
        self.profile = profile
        self.conversations = Conversations(reactor, KeptFile(profile.folder / _KEPT))
        client = SteadyClient(
            reactor,
            endpoint_of(reactor, profile.server),
            Credentials(userid=profile.userid, token=token),
            device=profile.device("terminal"),
            store=DiskStore(profile.store_path("terminal")),
            on_event=self.conversations.event,
            on_state=self.conversations.state,
        )
        self.conversations.me = profile.userid
        self.conversations.begin(client)

    def end(self) -> Deferred[None]:
        """Stop, and keep what is to be kept."""
        return self.conversations.end()

    async def log_out(self) -> None:
        """Revoke the token, here and, if there is a connection, on the server; then stop."""
        connection = self.conversations.client.connection
        if connection is not None:
            with suppress(ChatError, ConnectionClosed):
                await connection.logout()
        self.profile.forget_token("terminal")
        await self.end()
