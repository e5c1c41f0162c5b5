"""The form of the first start, and the one that asks for a password again."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Input, Label, Static
from twisted.internet.defer import Deferred

from chatclient.address import parse_server
from chatclient.language import gettext as _
from chatclient.reasons import reason
from chatclient.terminal.visible import visible


@dataclass(frozen=True, slots=True)
class Answers:
    """What was typed."""

    server: str
    account: str
    password: str
    is_new: bool


Try = Callable[[Answers], Coroutine[Deferred[Any], Any, None]]


class AccountForm(Screen[None]):
    """Asks for server, account and password until ``use`` takes them without failing.

    :param known: what is known already; with ``is_fixed`` only the password is asked for.
    :param use: raises what is to be shown.
    """

    VERTICAL_BREAKPOINTS = [(0, "-low"), (18, "-high")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "leave", show=False, priority=True),
        Binding("enter", "go_on", show=False, priority=True),
        Binding("tab,down", "app.focus_next", show=False, priority=True),
        Binding("shift+tab,up", "app.focus_previous", show=False, priority=True),
    ]

    def __init__(
        self,
        known: Answers,
        use: Try,
        *,
        is_fixed: bool,
        greeting: str,
        on_leave: Callable[[], None],
    ) -> None:
        super().__init__()
        self._greeting = greeting
        self._use = use
        self._end_program = on_leave
        self._server = Input(known.server, disabled=is_fixed)
        self._account = Input(known.account, disabled=is_fixed)
        self._password = Input(password=True)
        self._log_in = Button(_("Log in"), compact=True, variant="primary")
        self._create = Button(_("Create a new account"), compact=True)
        self._create.display = not is_fixed
        self._answer = Static("", id="answer")
        self._is_busy = False

    def compose(self) -> ComposeResult:
        """The questions, from top to bottom."""
        with VerticalScroll(id="form", can_focus=False):
            yield Static(self._greeting, id="greeting", markup=False)
            yield Label(_("server"))
            yield self._server
            yield Label(_("name or id"))
            yield self._account
            yield Label(_("password (never kept)"))
            yield self._password
            with Horizontal(id="buttons"):
                yield self._log_in
                yield self._create
            yield self._answer

    def on_mount(self) -> None:
        """Begin where something is missing."""
        for field in (self._server, self._account, self._password):
            field.cursor_blink = False
        self._go_to_what_is_missing()

    def action_go_on(self) -> None:
        """Enter goes on to the next question; after the last it logs in."""
        if self.focused in (self._password, self._log_in, self._create):
            # Behind what was typed in there.
            self._password.call_later(self._try, self.focused is self._create)
        else:
            self.focus_next()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Somebody has clicked."""
        self._try(event.button is self._create)

    def action_leave(self) -> None:
        self._end_program()

    def _try(self, is_new: bool) -> None:
        if self._is_busy:
            return
        answers = Answers(
            self._server.value.strip(),
            self._account.value.strip(),
            self._password.value,
            is_new,
        )
        self._is_busy = True
        self._show(_("one moment …"))
        Deferred.fromCoroutine(self._run(answers))

    async def _run(self, answers: Answers) -> None:
        try:
            parse_server(answers.server)
            if not answers.account or not answers.password:
                self._go_to_what_is_missing()
                raise ValueError(_("fill in name and password"))
            await self._use(answers)
        except Exception as problem:
            self._show(visible(reason(problem)))
        finally:
            self._is_busy = False

    def _go_to_what_is_missing(self) -> None:
        for field in (self._server, self._account, self._password):
            if not field.disabled and not field.value.strip():
                field.focus()
                return

    def _show(self, text: str) -> None:
        self.call_later(self._answer.update, text)
