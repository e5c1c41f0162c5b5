"""Completing commands and names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Completion:
    """What may stand from ``start`` up to the cursor instead of what stands there."""

    start: int
    choices: Sequence[str]


def complete(before: str, commands: Iterable[str], names: Iterable[str]) -> Completion:
    """The ways to go on.

    :param before: the line up to the cursor.
    :param commands: as they are written.
    :param names: those that are more likely first.
    """
    command, space, argument = before.partition(" ")
    if before.startswith("/") and not space:
        return Completion(0, [f"{each} " for each in commands if each.startswith(before)])
    if before.startswith("/") and argument and not before.startswith("//"):
        # Names may have spaces in them, and a command's argument is a whole name.
        found = [each for each in names if _begins(each, argument)]
        if found:
            return Completion(len(command) + 1, found)
    start = before.rfind(" ") + 1
    word = before[start:]
    end = " " if start else ": "
    return Completion(start, [each + end for each in names if word and _begins(each, word)])


def _begins(name: str, start: str) -> bool:
    return name.casefold().startswith(start.casefold())
