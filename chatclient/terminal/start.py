"""Putting the program together for where it runs."""

from __future__ import annotations

import os
import sys
from typing import Any

from twisted.internet.defer import Deferred

from chatclient.endpoints import endpoint_of
from chatclient.errors import AuthorityUnusable
from chatclient.terminal.app import App
from chatclient.terminal.options import DEFAULT_SERVER, Options
from chatclient.terminal.plain import PlainScreen
from chatclient.terminal.prompt import PromptScreen
from chatclient.terminal.screen import Screen


async def start(reactor: Any, options: Options) -> None:
    """Run the terminal client.

    :param reactor: the asyncio reactor.
    :raises SystemExit: in the end, with the exit code.
    """
    server = options.server or DEFAULT_SERVER
    try:
        endpoint = endpoint_of(reactor, server)
    except AuthorityUnusable as problem:
        raise SystemExit(f"chatclient: {problem}") from None
    app = App(reactor, endpoint, str(server), options.device, _screen(reactor))
    reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(app.stop()))
    raise SystemExit(await app.run())


def _screen(reactor: Any) -> Screen:
    terminal = all(stream and stream.isatty() for stream in (sys.stdin, sys.stdout))
    if terminal and os.environ.get("TERM") not in {None, "", "dumb", "unknown"}:
        return PromptScreen()
    return PlainScreen(reactor)
