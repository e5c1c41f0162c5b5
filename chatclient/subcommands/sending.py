"""One text on its way to the server, until that has stored it."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.python.failure import Failure

from chatclient.endpoints import endpoint_of
from chatclient.errors import DeviceInUse
from chatclient.language import gettext as _
from chatclient.profiles import Profile
from chatclient.reasons import reason
from chatclient.results import Account, Sent
from chatclient.steady.client import SteadyClient
from chatclient.steady.pauses import pause
from chatclient.steady.states import LoginRefused, Offline, Online, Replaced, State
from chatclient.subcommands.account import credentials, refused
from chatclient.subcommands.endings import FAILED, UNKNOWN, Ending, stop
from chatclient.subcommands.recipient import Recipient
from chatserver.errors import ChatError

_LOOK_AGAIN = 0.1  # seconds


class Sending:
    """Sends one text as the profile's device for that; others of the profile take turns."""

    def __init__(self, reactor: Any, profile: Profile, to: Recipient, text: str, cid: str) -> None:
        self._reactor = reactor
        self._profile = profile
        self._to = to
        self._text = text
        self._cid = cid
        self._stored: Deferred[Sent] = Deferred()
        # Whether the server may have got the text, and what it last waited for.
        self._given = False
        self._trouble = _("another chatclient send of this profile is at work")
        # It keeps nothing on disk: a text that its user gave up is not to be sent some day.
        self._client = SteadyClient(
            reactor,
            endpoint_of(reactor, profile.server),
            credentials(profile, "send"),
            device=profile.device("send"),
            ack=False,
            on_state=self._state,
        )

    async def run(self, timeout: float) -> Sent:
        """Send it, within so many seconds.

        :raises Ending: it was not stored, or nobody knows.
        """
        delivering = Deferred.fromCoroutine(self._deliver())
        delivering.addTimeout(timeout, self._reactor)
        try:
            sent = await delivering
            await stop(self._client)
            return sent
        except TimeoutError:
            in_time = _("not within {seconds:g} seconds ({why})")
            why = in_time.format(seconds=timeout, why=self._trouble)
        except CancelledError:
            why = _("interrupted")
        except ChatError as refusal:
            raise Ending(FAILED, reason(refusal)) from None
        raise self._unfinished(why)

    async def _deliver(self) -> Sent:
        await self._turn()
        self._client.start()
        return await self._stored

    async def _turn(self) -> None:
        """Wait until no other program sends; keep others waiting until this one ends."""
        while True:
            try:
                self._profile.hold("send")
                return
            except DeviceInUse:
                await pause(self._reactor, _LOOK_AGAIN)

    def _state(self, state: State) -> None:
        match state:
            case Online(account):
                self._trouble = _("no answer from {server}").format(server=self._profile.server)
                if not self._given:
                    self._give(account)
            case Offline(why):
                no_connection = _("no connection to {server}: {why}")
                self._trouble = no_connection.format(server=self._profile.server, why=reason(why))
            case LoginRefused():
                ending = refused(self._profile, state)
                self._fail(self._unfinished(str(ending)) if self._given else ending)
            case Replaced():
                self._fail(self._unfinished(_("another program has logged in as this device")))

    def _give(self, account: Account) -> None:
        found = self._to.found_by(account)
        if found is None:
            self._fail(Ending(FAILED, self._nobody()))
            return
        self._given = True
        send = self._client.group_chat if self._to.is_group else self._client.chat
        send(found, self._text, cid=self._cid).addBoth(self._answered)

    def _answered(self, result: Sent | Failure) -> None:
        if not self._stored.called:
            self._stored.callback(result)

    def _fail(self, ending: Ending) -> None:
        if not self._stored.called:
            self._stored.errback(ending)

    def _nobody(self) -> str:
        if self._to.is_group:
            text = _("you are in no group named {name}; give the group's id: group:ID")
        else:
            text = _(
                "nobody named {name} is among your friends or in your groups; give the user's id"
            )
        return text.format(name=self._to.name)

    def _unfinished(self, why: str) -> Ending:
        if self._given:
            text = _("{why}; nobody knows whether it is stored: run it again with --cid {cid}")
            return Ending(UNKNOWN, text.format(why=why, cid=self._cid))
        return Ending(FAILED, _("{why}; the text is not stored").format(why=why))
