"""Several workers on one port: one server to its clients, whichever of its processes dies."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cluster.nodes import TWISTD, Node
from cluster.process import free_port
from cluster.redis import Redis
from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import connect_tls, login, register
from tests.e2e.processes import run_to_its_end
from tests.e2e.site import assert_calm, reactor
from tests.e2e.test_start import assert_one_line
from tests.support import websocket
from tests.support.certificates import make_certificates
from tests.support.http import get, scrape
from tests.support.mariadb import mariadb
from tests.support.waiting import until
from tests.support.wire import WireClient

_MOST_LOGINS = 60  # until one has come to each of two workers


class Server(Node):
    """Two workers with a chat of their own."""

    def __init__(self, folder: Path, redis: Redis, *flags: str) -> None:
        settings = {
            "CHATSERVER_DATABASE": mariadb().new_database()[1],
            "CHATSERVER_REDIS": f"redis://127.0.0.1:{redis.port}",
        }
        # What runs in the background may ignore Ctrl-C, and so would its children.
        program = ("env", "--default-signal=INT", TWISTD)
        port = free_port()
        super().__init__(folder, port, "--workers", "2", *flags, program=program, **settings)

    def is_up(self) -> bool:
        """Whether both workers serve."""
        return all(self.starts(number) for number in (1, 2)) and super().is_up()

    def starts(self, number: int) -> int:
        """How often a worker has begun to serve."""
        return self.log.count(f"[worker {number} -#info] ChatFactory starting on {self.port}")

    def pid(self, number: int) -> int:
        """The process id of a worker."""
        return int(re.findall(rf"\] worker {number} is process (\d+)\n", self.log)[-1])

    @property
    def pids(self) -> list[int]:
        """The ids of all processes that there were."""
        return [
            self.process.pid,
            *map(int, re.findall(r"\] worker \d is process (\d+)\n", self.log)),
        ]

    async def enter(self, account: int, device: str) -> tuple[WireClient, int]:
        """A login, and the number of the worker that it came to."""
        client, _ = await login(self.port, account, device=device)
        line = re.compile(rf"\[worker (\d) .* logged in .*, device '{device}'\n")
        await until(lambda: line.search(self.log), "the login is in the log")
        found = line.search(self.log)
        assert found
        return client, int(found[1])

    async def enter_both(self, account: int, name: str) -> dict[int, WireClient]:
        """A connection to each of the workers."""
        clients: dict[int, WireClient] = {}
        for number in range(_MOST_LOGINS):
            client, worker = await self.enter(account, f"{name}{number}")
            if worker in clients:
                await client.hang_up()
            clients.setdefault(worker, client)
            if len(clients) == 2:
                break
        assert sorted(clients) == [1, 2]
        return clients

    async def ended(self) -> None:
        """Wait until no process is left."""
        await until(lambda: self.process.poll() is not None, "the first process ends")
        await until(lambda: not any(map(_is_running, self.pids)), "the workers end")


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


async def say(sender: WireClient, toid: int, receivers: Sequence[WireClient], text: str) -> None:
    assert (await sender.ask({"msgid": 5, "toid": toid, "msg": text}))["errno"] == 0
    for receiver in receivers:
        await receiver.next(msgid=5, msg=text)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path / "redis", free_port())
    server.start()
    yield server
    server.kill()


@pytest.fixture
def server(tmp_path: Path, redis: Redis) -> Iterator[Server]:
    server = Server(tmp_path / "server", redis)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@asynchronous
async def test_people_on_both_workers_are_in_one_chat(server: Server) -> None:
    zhang, li = await register(server.port, "zhang san", "li si")
    here = await server.enter_both(zhang, "zhang")
    there = await server.enter_both(li, "li")
    for worker, sender in here.items():
        await say(sender, li, list(there.values()), f"to li from worker {worker}")
    for worker, sender in there.items():
        await say(sender, zhang, list(here.values()), f"to zhang from worker {worker}")
    assert_calm([server])


@asynchronous
async def test_a_killed_worker_comes_back_and_the_other_serves_meanwhile(server: Server) -> None:
    zhang, li = await register(server.port, "zhang san", "li si")
    here = await server.enter_both(zhang, "zhang")
    there = await server.enter_both(li, "li")
    os.kill(server.pid(1), signal.SIGKILL)
    await here[1].closed
    await there[1].closed
    await say(here[2], li, [there[2]], "still here")
    _, worker = await server.enter(li, "at once")
    assert worker == 2 or server.starts(1) == 2
    await until(lambda: server.starts(1) == 2, "the worker is started again")
    assert "worker 1 died of signal 9; it is started again in 0.25 s" in server.log
    again = await server.enter_both(zhang, "again")
    await say(again[1], li, [there[2]], "back")
    assert_calm([server])


@asynchronous
async def test_sigterm_sends_all_clients_away_and_ends_all_processes(server: Server) -> None:
    [zhang] = await register(server.port, "zhang san")
    clients = await server.enter_both(zhang, "zhang")
    server.terminate()
    await _are_sent_away(clients)
    await server.ended()
    assert server.process.returncode == -signal.SIGTERM
    assert_calm([server])


@asynchronous
async def test_ctrl_c_in_a_terminal_reaches_all_processes_and_stops_them_once(
    server: Server,
) -> None:
    [zhang] = await register(server.port, "zhang san")
    clients = await server.enter_both(zhang, "zhang")
    os.killpg(server.process.pid, signal.SIGINT)
    await _are_sent_away(clients)
    await server.ended()
    assert server.process.returncode == -signal.SIGINT
    assert server.log.count("Received SIGINT") == 1
    assert "started again" not in server.log
    assert_calm([server])


@asynchronous
async def test_workers_whose_parent_is_killed_stop_in_good_order(server: Server) -> None:
    [zhang] = await register(server.port, "zhang san")
    clients = await server.enter_both(zhang, "zhang")
    server.process.kill()
    await _are_sent_away(clients)
    await server.ended()
    socket.create_server(("127.0.0.1", server.port)).close()


async def _are_sent_away(clients: dict[int, WireClient]) -> None:
    for client in clients.values():
        goodbye = await client.next(msgid=17)
        assert goodbye["reason"] == "shutdown"
        assert 0 < goodbye["retry_after"] <= 5
        await client.closed


class JsonServer(Server):
    """The same with a log for machines."""

    def __init__(self, folder: Path, redis: Redis, *flags: str) -> None:
        super().__init__(folder, redis, "--log-format", "json", *flags)

    def starts(self, number: int) -> int:
        told = f'"message": "ChatFactory starting on {self.port}", "worker": {number}}}'
        return self.log.count(told)


@asynchronous
async def test_all_ports_are_shared_and_each_worker_has_its_web_port(
    tmp_path: Path, redis: Redis
) -> None:
    tls, web = free_port(), _free_row(3)
    files = make_certificates(tmp_path)
    endpoint = f"ssl:{tls}:interface=127.0.0.1:privateKey={files.key}:certKey={files.certificate}"
    server = JsonServer(tmp_path / "server", redis, "--web", str(web), "--port", endpoint)
    try:
        server.start()
        clients = [await connect_tls(tls, files) for _ in range(20)]
        for client in clients:
            client.send({"msgid": 13})
            await client.next(msgid=14)
        opened, open_to_web = [], []
        assert (await get(reactor, web, "/metrics")).status == 404
        browsers = [await websocket.connect(reactor, web) for _ in range(20)]
        for number in (1, 2):
            assert (await get(reactor, web + number, "/healthz")).text == "well\n"
            metrics = await scrape(reactor, web + number)
            opened.append(metrics["chatserver_connections out"])
            open_to_web.append(metrics["chatserver_connections_websocket"])
        assert min(opened) > 0
        assert sum(opened) == 40
        assert min(open_to_web) > 0
        assert sum(open_to_web) == 20
        for browser in browsers:
            await browser.hang_up()
        files.renew()
        await until(lambda: server.log.count("was renewed") == 2, "each has the new certificate")
        await (await connect_tls(tls, files)).hang_up()
        for client in clients:
            client.send({"msgid": 13})
            await client.next(msgid=14)
            await client.hang_up()
        assert_calm([server])
        await until(lambda: server.log.count('"seconds": ') == 40, "each end is logged")
        records = [json.loads(line) for line in server.log.splitlines()]
        ends = Counter(record["worker"] for record in records if "seconds" in record)
        assert sorted(ends) == [1, 2]
    finally:
        server.kill()


def _free_row(length: int) -> int:
    """A port that is free, and so are those behind it."""
    while True:
        port = free_port()
        try:
            for number in range(port + 1, port + length):
                socket.create_server(("127.0.0.1", number)).close()
        except OSError:
            continue
        return port


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ([], ["--workers", "--database mysql://", "--redis redis://"]),
        (["--database", "mysql://chat@localhost/chat"], ["--workers", "--redis redis://"]),
        (["--workers", "-1"], ["--workers", "at least 0"]),
        (["--workers", "many"], ["--workers", "a whole number"]),
    ],
)
def test_wrong_settings_end_with_one_line(
    tmp_path: Path, flags: list[str], says: list[str]
) -> None:
    assert_one_line(run_to_its_end(tmp_path, "--workers", "2", *flags), *says)


def test_a_port_that_other_workers_have_ends_with_one_line(
    tmp_path: Path, server: Server, redis: Redis
) -> None:
    """They could open it, too, and would take a part of the connections."""
    status, output = run_to_its_end(
        tmp_path,
        *("--workers", "2", "--port", f"tcp:{server.port}:interface=127.0.0.1"),
        CHATSERVER_DATABASE=mariadb().new_database()[1],
        CHATSERVER_REDIS=f"redis://127.0.0.1:{redis.port}",
    )
    assert status == 1
    assert "Traceback" not in output
    last = output.splitlines()[-1]
    assert f"can't listen on port tcp:{server.port}" in last
    assert "Address already in use; stop what runs there or choose another --port" in last
