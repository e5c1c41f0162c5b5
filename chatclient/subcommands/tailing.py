"""Messages of a profile on their way to standard output."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogBeginner, textFileLogObserver
from zope.interface import provider

from chatclient.endpoints import endpoint_of
from chatclient.language import gettext as _
from chatclient.profiles import Profile
from chatclient.protocol import Event
from chatclient.reasons import reason
from chatclient.results import Account
from chatclient.steady.client import SteadyClient
from chatclient.steady.disk import DiskStore
from chatclient.steady.states import LoginRefused, Offline, Online, Replaced, State
from chatclient.subcommands.account import credentials, refused
from chatclient.subcommands.endings import FAILED, OK, Ending, stop
from chatclient.subcommands.messages import json_line
from chatclient.subcommands.output import Output, OutputGone, ReaderWatch, complain
from chatclient.terminal import render
from chatclient.terminal.fold import folded
from chatserver.wire.frames import GroupChatPush, OneChatPush, Push


class Tailing:
    """Writes what comes; a message that was not written is not acknowledged either."""

    def __init__(self, reactor: Any, profile: Profile, as_json: bool, with_own: bool) -> None:
        self._reactor = reactor
        self._profile = profile
        self._as_json = as_json
        self._with_own = with_own
        self._account: Account | None = None
        self._trouble = ""
        self._is_interrupted = False
        self._over: Deferred[None] = Deferred()
        self._output = Output(sys.stdout.fileno(), lambda: self._is_interrupted)

    async def run(self) -> int:
        """Go on until nobody reads any more, or until this is cancelled.

        :raises Ending: the login is refused, or somebody else has taken this device.
        :raises DeviceInUse: another tail of this profile runs.
        """
        hold = self._profile.hold("tail")
        client = SteadyClient(
            self._reactor,
            endpoint_of(self._reactor, self._profile.server),
            credentials(self._profile, "tail"),
            device=self._profile.device("tail"),
            store=DiskStore(self._profile.store_path("tail")),
            on_event=self._event,
            on_state=self._state,
        )
        globalLogBeginner.beginLoggingTo([_log_surprises], redirectStandardIO=False)
        self._reactor.callWhenRunning(self._watch_signals)
        ReaderWatch(self._reactor, sys.stdout.fileno(), self._nobody_reads)
        client.start()
        try:
            await self._over
        except CancelledError:
            pass
        finally:
            await stop(client)
            hold.release()
        return OK

    def _event(self, event: Event) -> None:
        if isinstance(event, OneChatPush | GroupChatPush):
            assert self._account is not None
            if self._with_own or event.id != self._account.id:
                self._write(event, self._account)

    def _write(self, push: Push, account: Account) -> None:
        if self._as_json:
            line = json_line(push, account)
        else:
            line = folded(render.message(push, account.id), sys.stdout)
        try:
            self._output.write_line(line)
        except OutputGone as gone:
            if gone.why is not None:
                self._fail(Ending(FAILED, gone.why))
            self._nobody_reads()
            raise

    def _nobody_reads(self) -> None:
        if not self._over.called:
            self._over.callback(None)

    def _state(self, state: State) -> None:
        match state:
            case Online(account):
                self._account = account
                if self._trouble:
                    self._say(_("connected again to {server}").format(server=self._profile.server))
                self._trouble = ""
            case Offline(why):
                text = _("no connection to {server}: {why}; trying again until there is one")
                self._tell_trouble(text.format(server=self._profile.server, why=reason(why)))
            case LoginRefused():
                self._fail(refused(self._profile, state))
            case Replaced():
                self._fail(Ending(FAILED, _("another program has logged in as this device")))

    def _tell_trouble(self, text: str) -> None:
        if text != self._trouble:
            self._trouble = text
            self._say(text)

    def _say(self, text: str) -> None:
        complain("chatclient tail", text)

    def _fail(self, ending: Ending) -> None:
        if not self._over.called:
            self._over.errback(ending)

    def _watch_signals(self) -> None:
        """While output waits for its reader the reactor does not learn of signals."""
        for number in (signal.SIGINT, signal.SIGTERM):
            inform = signal.getsignal(number)

            def interrupted(number: int, frame: FrameType | None, inform: Any = inform) -> None:
                self._is_interrupted = True
                inform(number, frame)

            signal.signal(number, interrupted)


@provider(ILogObserver)
def _log_surprises(event: LogEvent) -> None:
    """What nobody expects goes to stderr; that nobody reads is no surprise."""
    failure = event.get("log_failure")
    if event["log_level"] >= LogLevel.critical and not (failure and failure.check(OutputGone)):
        textFileLogObserver(sys.stderr)(event)
