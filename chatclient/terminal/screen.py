"""What the program needs of the place where it is used: a terminal or a pipe."""

from __future__ import annotations

from typing import Protocol


class Quit(Exception):
    """The user is done: end of input, Ctrl-C, Ctrl-D or the command to quit."""


class Screen(Protocol):
    """Where lines are read and shown. Texts of others come here harmless already."""

    interactive: bool
    """Whether a person types; else each line is taken only after the last one's effect."""

    complained: bool
    """Whether :meth:`complain` was ever used."""

    async def ask(self, question: str, *, secret: bool = False) -> str:
        """The answer to a question, without its line's end; a secret one is not shown.

        :raises Quit: there are no more answers.
        """
        ...

    async def read_command(self) -> str:
        """The next command, without its line's end.

        :raises Quit: there are no more.
        """
        ...

    def show(self, line: str) -> None:
        """Show a message or a result."""
        ...

    def complain(self, line: str) -> None:
        """Show what went wrong."""
        ...

    def stop(self) -> None:
        """Let every wait for input, now and later, end with :class:`Quit`."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was found."""
        ...
