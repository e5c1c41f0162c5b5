"""Running the full-screen client on Twisted's asyncio reactor."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from chatclient import profiles
from chatclient.address import DEFAULT_HOST, DEFAULT_PORT, Server
from chatclient.errors import ProfileUnusable
from chatclient.fullscreen.app import ChatApp
from chatclient.language import gettext as _


async def run_full_screen(reactor: Any, home: Path, name: str, server: Server | None) -> int:
    """Run until somebody leaves; the exit code.

    :param name: of the profile; where there is none yet, the program asks for an account.
    :param server: that of the profile, or where to make one.
    :raises ProfileUnusable, StoreUnusable: its files can't be used; says what to do.
    """
    profile = profiles.load(home, name)
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
