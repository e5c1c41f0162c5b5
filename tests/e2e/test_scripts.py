"""What scripts send is stored once, whatever happens to the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThread

from chatclient import profiles
from chatclient.address import Server
from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login, register
from tests.e2e.conftest import StartServer
from tests.e2e.steady import reactor
from tests.support.waiting import until

TEXTS = [str(number) for number in range(8)]


@asynchronous
async def test_kill_9_of_the_server_while_scripts_send(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("--rate", "0")
    ann, bob = await register(server.port, "ann", "bob")
    home = tmp_path / "home"
    address = Server("127.0.0.1", server.port)
    await profiles.first_start(reactor, home, "default", address, account=ann, password="x")
    done: list[str] = []

    async def send(text: str) -> dict[str, object]:
        sent = await deferToThread(run, home, "send", str(bob), text, "--cid", text, "--json")
        done.append(text)
        told: dict[str, object] = json.loads(sent)
        return told

    reactor.suggestThreadPoolSize(len(TEXTS) + 2)
    sends = [Deferred.fromCoroutine(send(text)) for text in TEXTS]
    for count in (2, 5):
        await until(lambda count=count: len(done) >= count, "some are sent")  # type: ignore[misc]
        server.kill()
        server.launch()
        server.wait_until_up()
    told = await gatherResults(sends, consumeErrors=True)

    client, _ = await login(server.port, bob, device="pc")
    history = await client.ask({"msgid": 15, "toid": ann})
    stored = {message["msg"]: message["seq"] for message in history["messages"]}
    assert sorted(message["msg"] for message in history["messages"]) == TEXTS
    assert stored == {each["cid"]: each["seq"] for each in told}


def run(home: Path, *arguments: str) -> str:
    """Run the program to its end, which has to be a good one; its output."""
    return subprocess.run(
        [sys.executable, "-m", "chatclient", *arguments],
        env={**os.environ, "CHATCLIENT_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    ).stdout
