"""The program: which screen is up, and the session behind it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from textual.app import App
from textual.screen import Screen

from chatclient import profiles
from chatclient.address import Server, parse_server
from chatclient.fullscreen.account_form import AccountForm, Answers
from chatclient.fullscreen.chat_screen import ChatScreen
from chatclient.fullscreen.looks import DEFAULT, LOOKS
from chatclient.fullscreen.session import Session
from chatclient.language import gettext as _
from chatclient.profiles import Hold, Profile
from chatclient.terminal.commands import parse_id


class ChatApp(App[int], inherit_bindings=False):
    """The full-screen client with one profile.

    :param reactor: the asyncio reactor.
    :param home: the folder of all profiles.
    :param name: of the profile that is made where there is none.
    :param server: where that is likely to be.
    """

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, reactor: Any, home: Path, name: str, server: Server) -> None:
        # Told here, it leaves all colours away; told nothing, Textual makes them grey.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self._reactor = reactor
        self._home = home
        self._profile_name = name
        self._server = server
        self._profile: Profile | None = None
        self._hold: Hold | None = None
        self._session: Session | None = None
        for look in LOOKS.values():
            self.register_theme(look.theme)
        self.theme = LOOKS[DEFAULT].theme.name

    def take(self, profile: Profile) -> None:
        """Use this profile; connect, if there is a token.

        :raises ProfileUnusable: another program has it, or its files can't be used.
        :raises StoreUnusable: the same for its store.
        """
        self._profile = profile
        if self._hold is None:
            self._hold = profile.hold("terminal")
        token = profile.token("terminal")
        if token is not None:
            self._session = Session(self._reactor, profile, token)

    def on_mount(self) -> None:
        """Show the conversations, or ask who is there."""
        self._show()

    async def close_session(self) -> None:
        """Stop the client in good order; what is kept is kept then."""
        session, self._session = self._session, None
        if session is not None:
            await session.end()
        if self._hold is not None:
            self._hold.release()
            self._hold = None

    def leave(self) -> None:
        """End the program."""
        self.exit(0)

    def _show(self) -> None:
        """Show what fits the state of things."""
        if self._session is not None:
            screen: Screen[None] = self._chat(self._session)
        elif self._profile is not None:
            screen = self._password_form(self._profile)
        else:
            screen = self._account_form()
        if len(self.screen_stack) > 1:
            self.call_later(self.switch_screen, screen)
        else:
            self.call_later(self.push_screen, screen)

    def _chat(self, session: Session) -> ChatScreen:
        return ChatScreen(
            session.conversations,
            str(session.profile.server),
            on_login=self._log_in,
            on_logout=self._log_out,
            on_leave=self.leave,
        )

    def _account_form(self) -> AccountForm:
        async def use(answers: Answers) -> None:
            userid = None if answers.is_new else parse_id(answers.account)
            profile = await profiles.first_start(
                self._reactor,
                self._home,
                self._profile_name,
                parse_server(answers.server),
                account=answers.account if userid is None else userid,
                password=answers.password,
                register=answers.is_new,
            )
            self.take(profile)
            self._show()

        known = Answers(str(self._server), "", "", False)
        greeting = _("Welcome. Who are you, and on which server?")
        return AccountForm(known, use, is_fixed=False, greeting=greeting, on_leave=self.leave)

    def _password_form(self, profile: Profile) -> AccountForm:
        async def use(answers: Answers) -> None:
            await profiles.log_in_again(self._reactor, profile, answers.password, "terminal")
            self.take(profile)
            self._show()

        known = Answers(str(profile.server), profile.name, "", False)
        greeting = _("Log in again with your password.")
        return AccountForm(known, use, is_fixed=True, greeting=greeting, on_leave=self.leave)

    async def _log_in(self) -> None:
        """The token is worth nothing any more: ask for the password."""
        session, self._session = self._session, None
        if session is not None:
            await session.end()
            self._show()

    async def _log_out(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.log_out()
            self._show()
