"""Putting the program together for where it runs."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint

from chatclient.terminal.app import App
from chatclient.terminal.options import Options
from chatclient.terminal.plain import PlainScreen
from chatclient.terminal.prompt import PromptScreen
from chatclient.terminal.screen import Screen

_CONNECT_TIMEOUT = 10


async def start(reactor: Any, options: Options) -> None:
    """Run the terminal client.

    :param reactor: the asyncio reactor.
    :raises SystemExit: in the end, with the exit code.
    """
    _speak_utf8()
    endpoint = HostnameEndpoint(reactor, options.host, options.port, timeout=_CONNECT_TIMEOUT)
    app = App(reactor, endpoint, options.where, options.device, _screen(reactor))
    reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(app.stop()))
    raise SystemExit(await app.run())


def _screen(reactor: Any) -> Screen:
    terminal = all(stream and stream.isatty() for stream in (sys.stdin, sys.stdout))
    if terminal and os.environ.get("TERM") not in {None, "", "dumb", "unknown"}:
        return PromptScreen()
    return PlainScreen(reactor)


def _speak_utf8() -> None:
    """Whatever the locale says."""
    for stream, errors in (
        (sys.stdin, "replace"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)
