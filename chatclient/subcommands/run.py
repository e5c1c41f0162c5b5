"""Running a subcommand: its end, by itself or by a signal, becomes an exit code."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from chatclient.errors import AuthorityUnusable, ProfileUnusable, StoreUnusable
from chatclient.language import gettext as _
from chatclient.subcommands import login, logout, send, tail
from chatclient.subcommands.endings import FAILED, Ending
from chatclient.subcommands.output import complain

Command = Callable[[Any], Awaitable[int]]
"""What is to be done with a reactor; comes back with the exit code."""

_PREPARE: dict[str, Callable[[Sequence[str]], Command]] = {
    "send": send.prepare,
    "tail": tail.prepare,
    "login": login.prepare,
    "logout": logout.prepare,
}
_UNUSABLE = (AuthorityUnusable, ProfileUnusable, StoreUnusable)
_BY_CTRL_C = 130


def prepare(name: str, arguments: Sequence[str]) -> Command:
    """Read the arguments, and all that has to be read before the reactor runs.

    :raises SystemExit: they are wrong, or ask for help.
    """
    try:
        return _PREPARE[name](arguments)
    except (Ending, *_UNUSABLE) as problem:
        raise SystemExit(_tell(name, problem)) from None
    except (KeyboardInterrupt, EOFError):
        if sys.stderr is not None:
            print(file=sys.stderr)
        raise SystemExit(_BY_CTRL_C) from None


async def run(reactor: Any, name: str, command: Command) -> None:
    """Do what was prepared. A stop of the reactor cancels it, and waits for its end.

    :raises SystemExit: in the end, with the exit code.
    """
    work: Deferred[int] = Deferred.fromCoroutine(_call(command, reactor))
    ended: Deferred[None] = Deferred()

    def stop() -> Deferred[None]:
        work.cancel()
        return ended

    reactor.addSystemEventTrigger("before", "shutdown", stop)
    try:
        code = await work
    except (Ending, *_UNUSABLE) as problem:
        code = _tell(name, problem)
    except CancelledError:
        code = _tell(name, Ending(FAILED, _("interrupted")))
    finally:
        ended.callback(None)
    raise SystemExit(code)


async def _call(command: Command, reactor: Any) -> int:
    return await command(reactor)


def _tell(name: str, problem: Exception) -> int:
    complain(f"chatclient {name}", str(problem))
    return problem.code if isinstance(problem, Ending) else FAILED
