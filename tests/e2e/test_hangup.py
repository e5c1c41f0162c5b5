"""SIGHUP, sent by somebody or by a terminal that is closed."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import termios
from pathlib import Path

from twisted.internet import reactor

from cluster.nodes import TWISTD
from cluster.process import free_port
from tests.e2e.asynchronous import asynchronous
from tests.e2e.processes import ServerProcess
from tests.support.waiting import until
from tests.support.wire import connect

# Who runs the tests may ignore the signal, and so would their children.
_PROGRAM = ("env", "--default-signal=HUP", TWISTD)


@asynchronous
async def test_it_ends_nothing(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, program=_PROGRAM)
    try:
        server.wait_until_up()
        client = await connect(reactor, server.port)
        server.process.send_signal(signal.SIGHUP)
        await until(lambda: "SIGHUP changes nothing" in server.log, "it is logged")
        client.send({"msgid": 13})
        await client.next(msgid=14)
        await client.hang_up()
    finally:
        server.kill()


@asynchronous
async def test_a_terminal_that_is_closed_ends_the_server_in_good_order(tmp_path: Path) -> None:
    port = free_port()
    master, slave = pty.openpty()
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*_PROGRAM, "--pidfile=", "-n", "chatserver", "--port", f"tcp:{port}"],
            cwd=tmp_path,
            stdin=slave,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
    try:
        os.close(slave)
        await until(lambda: "has no TLS" in log.read_text(), "it is up")
        client = await connect(reactor, port)
        client.send({"msgid": 13})
        await client.next(msgid=14)
        os.close(master)
        assert (await client.next(msgid=17))["reason"] == "shutdown"
        await until(lambda: process.poll() is not None, "it ends")
        assert process.returncode == 0
        assert "Server Shut Down" in log.read_text()
    finally:
        process.kill()
        process.wait()
