"""A clock that is set back holds nothing up."""

from __future__ import annotations

from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login, register
from tests.e2e.conftest import StartServer
from tests.support.faketime import faked_clock, set_clock
from tests.support.wire import connect

_HOUR = 3600


@asynchronous
async def test_timers_go_on_when_the_clock_is_set_back(
    start_server: StartServer, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    server = start_server("--login-timeout", "4", **faked_clock(clock))
    [account] = await register(server.port, "zhang san")
    client, _ = await login(server.port, account)
    idle = await connect(reactor, server.port)
    before = await client.ask({"msgid": 5, "toid": account, "msg": "before"})
    set_clock(clock, -_HOUR)
    sent = 1
    while True:
        after = await client.ask({"msgid": 5, "toid": account, "msg": "after"})
        sent += 1
        assert after["seq"] == sent
        if after["time"] < before["time"]:
            break
        assert sent < 100, "the clock was not set back"
        await deferLater(reactor, 0.1)
    await idle.closed.addTimeout(10, reactor)
    await client.hang_up()
