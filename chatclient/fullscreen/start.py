"""Running the full-screen client on Twisted's asyncio reactor."""

from __future__ import annotations

import asyncio
import curses
import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from chatclient import profiles
from chatclient.address import DEFAULT_HOST, DEFAULT_PORT, Server
from chatclient.errors import ProfileUnusable
from chatclient.fullscreen.alt_keys import tell_keys_with_alt
from chatclient.fullscreen.app import ChatApp
from chatclient.language import gettext as _


async def run_full_screen(reactor: Any, home: Path, name: str, server: Server | None) -> int:
    """Run until somebody leaves; the exit code.

    :param name: of the profile; where there is none yet, the program asks for an account.
    :param server: that of the profile, or where to make one.
    :raises ProfileUnusable, StoreUnusable: its files can't be used; says what to do.
    """
    profile = profiles.load(home, name)
    tell_keys_with_alt()
    _adapt(os.environ)
    app = ChatApp(reactor, home, name, server or Server(DEFAULT_HOST, DEFAULT_PORT))
    if profile is not None:
        _check_server(name, profile.server, server)
        app.take(profile)
    try:
        reactor.addSystemEventTrigger("before", "shutdown", app.exit, 0)
        code = await Deferred.fromFuture(asyncio.ensure_future(app.run_async()))
    finally:
        await app.close_session()
    return code or 0


def _adapt(environment: MutableMapping[str, str]) -> None:
    """Tell Textual what holds for this terminal."""
    if not _has_colours():
        environment["NO_COLOR"] = "1"
    # It would take these for the size, also after a resize.
    for name in ("COLUMNS", "LINES"):
        environment.pop(name, None)


def _has_colours() -> bool:
    """Whether the terminal has any; those that nobody knows have."""
    try:
        curses.setupterm()
    except curses.error:
        return True
    return curses.tigetnum("colors") >= 8


def _check_server(name: str, known: Server, given: Server | None) -> None:
    if given is not None and (known.host, known.port, known.tls) != (
        given.host,
        given.port,
        given.tls,
    ):
        raise ProfileUnusable(
            _(
                "the profile {name} is for {server}; for another server give another name: "
                "chatclient {other} --profile NAME"
            ).format(name=name, server=known, other=given)
        )
