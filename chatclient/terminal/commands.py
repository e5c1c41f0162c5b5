"""The commands: how they are written, and what a line of them means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from chatclient.language import gettext as _

# 2^53-1 has 16 digits; no id is longer.
_MAX_DIGITS = 16


class BadCommand(Exception):
    """A line that is no command; the text says what to write instead."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    ``params`` are the names of what follows, each after a colon; the last takes all that is
    left, colons too. Those whose name ends in "id" are numbers. ``run`` is called with the
    chat and the arguments; the last ``optional`` of them may be left out and are then "".
    """

    name: str
    params: tuple[str, ...]
    summary: str
    run: Callable[..., Awaitable[None]]
    optional: int = 0

    @property
    def usage(self) -> str:
        """How to write it."""
        return ":".join((self.name, *self.params))

    def arguments(self, rest: str | None) -> list[int | str]:
        """The arguments in what follows the name and its colon.

        :raises BadCommand: they are not as :attr:`usage` says.
        """
        given = [] if rest is None else rest.split(":", max(0, len(self.params) - 1))
        if not self.params and rest == "":
            given = []
        missing = len(self.params) - len(given)
        if not 0 <= missing <= self.optional:
            raise BadCommand(_("write it as {usage}").format(usage=self.usage))
        given += [""] * missing
        return [self._argument(*pair) for pair in zip(self.params, given, strict=True)]

    def _argument(self, param: str, value: str) -> int | str:
        if not param.endswith("id"):
            return value
        number = parse_id(value)
        if number is None:
            raise BadCommand(
                _("{param} must be a number; write it as {usage}").format(
                    param=param, usage=self.usage
                )
            )
        return number


def parse_id(text: str) -> int | None:
    """The id in a text of digits only; None where it is anything else."""
    digits = text.strip()
    if digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS:
        return int(digits)
    return None


def parse(line: str, commands: Iterable[Command]) -> tuple[Command, list[int | str]]:
    """The command of a line and its arguments.

    :raises BadCommand: there is none of this name, or the arguments don't fit it.
    """
    name, colon, rest = line.partition(":")
    for command in commands:
        if command.name == name.strip():
            return command, command.arguments(rest if colon else None)
    raise BadCommand(_("there is no such command; type help for the list"))


def help_lines(commands: Iterable[Command]) -> list[str]:
    """All commands, one a line."""
    commands = list(commands)
    width = max(len(command.usage) for command in commands)
    return [f"  {command.usage:<{width}}  {_(command.summary)}" for command in commands]
