"""Putting the program together for where it runs."""

from __future__ import annotations

import os
import sys
from typing import Any

from twisted.internet.defer import Deferred

from chatclient import profiles
from chatclient.endpoints import endpoint_of
from chatclient.errors import AuthorityUnusable, ProfileUnusable, StoreUnusable
from chatclient.terminal.app import App
from chatclient.terminal.options import DEFAULT_SERVER, Options
from chatclient.terminal.plain import PlainScreen
from chatclient.terminal.prompt import PromptScreen
from chatclient.terminal.screen import Screen


async def start(reactor: Any, options: Options) -> None:
    """Run the client for people: full-screen, or line by line.

    :param reactor: the asyncio reactor.
    :raises SystemExit: in the end, with the exit code.
    """
    try:
        if options.plain or not _is_terminal():
            raise SystemExit(await _run_lines(reactor, options))
        raise SystemExit(await _run_full_screen(reactor, options))
    except (AuthorityUnusable, ProfileUnusable, StoreUnusable) as problem:
        raise SystemExit(f"chatclient: {problem}") from None


async def _run_full_screen(reactor: Any, options: Options) -> int:
    # Whoever does not see it need not wait for it to be loaded.
    from chatclient.fullscreen.start import run_full_screen

    home = profiles.home(os.environ)
    return await run_full_screen(reactor, home, options.profile, options.server)


async def _run_lines(reactor: Any, options: Options) -> int:
    server = options.server or DEFAULT_SERVER
    screen: Screen = PromptScreen() if _is_terminal() else PlainScreen(reactor)
    app = App(reactor, endpoint_of(reactor, server), str(server), options.device, screen)
    reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(app.stop()))
    return await app.run()


def _is_terminal() -> bool:
    """Whether a person sits there, at one that can move its cursor."""
    streams = (sys.stdin, sys.stdout)
    return all(stream and stream.isatty() for stream in streams) and os.environ.get("TERM") not in {
        None,
        "",
        "dumb",
        "unknown",
    }
