"""The program: connect, the menu, and what comes of a lost connection."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionClosed
from twisted.python.failure import Failure

from chatclient.client import ChatClient
from chatclient.interfaces import Clock, Endpoint
from chatclient.language import gettext as _
from chatclient.language import marked
from chatclient.protocol import Event
from chatclient.reasons import reason
from chatclient.terminal import render
from chatclient.terminal.chat import Chat
from chatclient.terminal.commands import parse_id
from chatclient.terminal.screen import Quit, Screen
from chatserver.errors import ChatError
from chatserver.wire.frames import Goodbye

MENU = marked(
    """\
========================
1. login
2. register
3. quit
========================
choice: """
)


class App:
    """One run of the terminal client.

    :param where: the server's address, for people.
    :param device: the name under which this terminal logs in.
    """

    def __init__(
        self, clock: Clock, endpoint: Endpoint, where: str, device: str, screen: Screen
    ) -> None:
        self._client = ChatClient(clock, on_event=self._event, on_lost=self._gone)
        self._endpoint = endpoint
        self._where = where
        self._device = device
        self._screen = screen
        self._chat: Chat | None = None
        self._connecting: Deferred[None] | None = None
        self._goodbye: Goodbye | None = None
        self._lost: BaseException | None = None
        self._stopping = False
        self._finished: Deferred[None] = Deferred()

    async def run(self) -> int:
        """The exit code: 1 where the connection failed or a script's line was refused, else 0."""
        try:
            return await self._run()
        finally:
            self._screen.close()
            self._finished.callback(None)

    async def stop(self) -> None:
        """End :meth:`run` from outside, and wait for that."""
        self._stopping = True
        self._screen.stop()
        if self._connecting is not None:
            self._connecting.cancel()
        await self._client.close()
        await self._finished

    async def _run(self) -> int:
        try:
            await self._connect()
            while True:
                await self._choose(await self._screen.ask(_(MENU)))
        except Quit:
            pass
        except ConnectionClosed as problem:
            self._lost = problem
        await self._client.close()
        if self._lost is not None and not self._stopping:
            self._screen.complain(self._why_lost())
            return 1
        return int(self._screen.complained and not self._screen.interactive)

    async def _connect(self) -> None:
        self._goodbye = None
        self._connecting = self._client.connect(self._endpoint)
        try:
            await self._connecting
        except Exception as problem:
            self._lost = problem
            raise Quit from None
        finally:
            self._connecting = None

    async def _choose(self, choice: str) -> None:
        match choice.strip():
            case "1" | "login":
                await self._log_in()
            case "2" | "register":
                await self._register()
            case "3" | "quit":
                raise Quit
            case "":
                pass
            case _:
                self._screen.complain(_("error: choose 1, 2 or 3"))

    async def _log_in(self) -> None:
        who = (await self._screen.ask(_("user id or name: "))).strip()
        password = await self._screen.ask(_("password: "), secret=True)
        await self._connect_again()
        userid = parse_id(who)
        name = who if userid is None else None
        try:
            account = await self._client.login(
                userid=userid, name=name, password=password, device=self._device
            )
        except ChatError as refusal:
            self._screen.complain(render.error(refusal))
            if not self._screen.interactive:
                # The lines that follow are not for the menu.
                raise Quit from None
            return
        self._chat = Chat(self._client, self._screen, account)
        try:
            await self._chat.run()
        finally:
            self._chat = None

    async def _register(self) -> None:
        name = (await self._screen.ask(_("user name: "))).strip()
        password = await self._screen.ask(_("password: "), secret=True)
        await self._connect_again()
        try:
            userid = await self._client.register(name, password)
        except ChatError as refusal:
            self._screen.complain(render.error(refusal))
        else:
            registered = _("registered: your user id is {userid}, do not forget it")
            self._screen.show(registered.format(userid=userid))

    async def _connect_again(self) -> None:
        """A server hangs up on those who think too long at the menu."""
        if not self._client.connected:
            await self._connect()

    def _event(self, event: Event) -> None:
        if isinstance(event, Goodbye):
            self._goodbye = event
        elif self._chat is not None:
            self._chat.event(event)

    def _gone(self, reason: Failure) -> None:
        if self._chat is not None:
            self._lost = reason.value
            self._screen.stop()

    def _why_lost(self) -> str:
        if self._goodbye is not None:
            return render.goodbye(self._goodbye)
        assert self._lost is not None
        if isinstance(self._lost, ConnectionClosed):
            text = _("lost the connection to {where}: {why}")
        else:
            text = _("cannot connect to {where}: {why}")
        return text.format(where=self._where, why=reason(self._lost))
