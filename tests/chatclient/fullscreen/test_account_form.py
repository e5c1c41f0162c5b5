"""The form of the first start, with Textual's pilot instead of a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input
from twisted.trial.unittest import SynchronousTestCase

from chatclient.fullscreen.account_form import AccountForm, Answers
from chatserver.errors import Refused


class Door(App[None], inherit_bindings=False):
    """A program with nothing but the form."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Answers] = []
        self.refusal: Exception | None = None

    def on_mount(self) -> None:
        known = Answers("chat.example:6000", "", "", False)
        self.push_screen(
            AccountForm(known, self._use, is_fixed=False, greeting="Hi.", on_leave=self.exit)
        )

    async def _use(self, answers: Answers) -> None:
        self.taken.append(answers)
        if self.refusal is not None:
            raise self.refusal

    @property
    def number(self) -> int | None:
        """Which of the fields has the focus."""
        focused = self.screen.focused
        return list(self.screen.query(Input)).index(focused) if isinstance(focused, Input) else None


class AccountFormTests(SynchronousTestCase):
    def check(self, script: Callable[[Door, Pilot[None]], Awaitable[None]]) -> None:
        async def run() -> None:
            door = Door()
            async with door.run_test(size=(80, 24)) as pilot:
                await pilot.pause()
                await script(door, pilot)

        asyncio.run(run())

    def test_it_begins_where_something_is_missing(self) -> None:
        async def script(door: Door, pilot: Pilot[None]) -> None:
            self.assertEqual(door.number, 1)

        self.check(script)

    def test_enter_goes_on_and_logs_in_at_last(self) -> None:
        async def script(door: Door, pilot: Pilot[None]) -> None:
            await pilot.press("a", "n", "n", "enter", "x", "y", "enter")
            await pilot.pause()
            self.assertEqual(door.taken, [Answers("chat.example:6000", "ann", "xy", False)])

        self.check(script)

    def test_a_new_account_is_two_fields_further(self) -> None:
        async def script(door: Door, pilot: Pilot[None]) -> None:
            await pilot.press("a", "tab", "x", "tab", "tab", "enter")
            await pilot.pause()
            self.assertEqual(door.taken, [Answers("chat.example:6000", "a", "x", True)])

        self.check(script)

    def test_what_was_left_out_can_be_typed_at_once(self) -> None:
        async def script(door: Door, pilot: Pilot[None]) -> None:
            await pilot.press("a", "tab", "tab", "enter")
            await pilot.pause()
            self.assertEqual(door.taken, [])
            self.assertEqual(door.number, 2)
            await pilot.press("x", "enter")
            await pilot.pause()
            self.assertEqual(door.taken, [Answers("chat.example:6000", "a", "x", False)])

        self.check(script)

    def test_a_refusal_leaves_what_was_typed(self) -> None:
        async def script(door: Door, pilot: Pilot[None]) -> None:
            door.refusal = Refused()
            await pilot.press("a", "tab", "x", "enter")
            await pilot.pause()
            door.refusal = None
            await pilot.press("y", "enter")
            await pilot.pause()
            self.assertEqual([answers.password for answers in door.taken], ["x", "xy"])

        self.check(script)
