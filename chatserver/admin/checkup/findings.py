"""What a check finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from chatserver.settings import Settings

OK, WARNING, PROBLEM = "ok", "warning", "problem"


class Finding(NamedTuple):
    """How something is, and what to do about it."""

    level: str
    what: str
    todo: str = ""


#: Looks at one thing.
Check = Callable[[Settings], Iterable[Finding]]


class NothingElse(Exception):
    """A finding after which nothing else of the same kind can be checked."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding


def ok(what: str) -> Finding:
    """As it should be."""
    return Finding(OK, what)


def warning(what: str, todo: str) -> Finding:
    """It works, but not always, or not well."""
    return Finding(WARNING, what, todo)


def problem(what: str, todo: str) -> Finding:
    """A server can't work like this, or could lose something."""
    return Finding(PROBLEM, what, todo)


def either(is_good: bool, good: str, finding: Finding) -> Finding:
    """Ok with the words ``good``, or else a finding."""
    return ok(good) if is_good else finding
