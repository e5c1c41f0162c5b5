"""Starting: what comes up, and what ends with one clear line."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import sqlite3
import tempfile
from pathlib import Path

import pytest
from twisted.internet import reactor

from cluster.nodes import TWISTD
from cluster.process import Process, free_port, is_open
from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import connect_tls
from tests.e2e.conftest import StartServer
from tests.e2e.processes import ServerProcess, run_to_its_end
from tests.support.certificates import make_certificates
from tests.support.waiting import until
from tests.support.wire import connect


def assert_one_line(result: tuple[int, str], *says: str) -> None:
    status, output = result
    assert status != 0
    assert "Traceback" not in output
    [line] = [line for line in output.splitlines() if line.startswith("chatserver: ")]
    assert output.splitlines()[-1] == line
    for part in says:
        assert part in line


@asynchronous
async def test_a_server_without_any_setting_makes_its_database_here(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server()
    client = await connect(reactor, server.port)
    reply = await client.ask({"msgid": 3, "name": "zhang san", "password": "x"})
    assert reply == {"msgid": 4, "errno": 0, "id": 1}
    await client.hang_up()
    assert (tmp_path / "chatserver.db").stat().st_mode & 0o077 == 0, "only its owner may read it"


def test_several_ports_answer(start_server: StartServer) -> None:
    other = free_port()
    start_server("--port", f"tcp:{other}:interface=127.0.0.1")
    socket.create_connection(("127.0.0.1", other), 5).close()


@asynchronous
async def test_two_servers_start_together_on_one_new_database(tmp_path: Path) -> None:
    servers = [ServerProcess(tmp_path) for _ in range(2)]
    try:
        ids = []
        for number, server in enumerate(servers):
            server.wait_until_up()
            client = await connect(reactor, server.port)
            reply = await client.ask({"msgid": 3, "name": f"user {number}", "password": "x"})
            ids.append(reply["id"])
            await client.hang_up()
        assert ids == [1, 2]
    finally:
        for server in servers:
            server.kill()


def test_flags_overrule_the_environment_and_that_the_file(tmp_path: Path) -> None:
    config = tmp_path / "chat.toml"
    config.write_text('database = "sqlite:////nonexistent/file.db"\n')
    assert_one_line(run_to_its_end(tmp_path, "--config", str(config)), "/nonexistent/file.db")
    from_environment = {"CHATSERVER_DATABASE": "sqlite:////nonexistent/environment.db"}
    assert_one_line(
        run_to_its_end(tmp_path, "--config", str(config), **from_environment),
        "/nonexistent/environment.db",
    )
    assert_one_line(
        run_to_its_end(
            tmp_path, "--database", "sqlite:////nonexistent/flag.db", **from_environment
        ),
        "/nonexistent/flag.db",
    )


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--bogus"], ["bogus", "--help"]),
        (["--max-frame", "many"], ["--max-frame", "whole number", "many"]),
        (["--rate", "-1"], ["--rate", "at least 0"]),
        (["--proxies", "nginx"], ["--proxies", "IP addresses", "nginx"]),
        (["--port", "70000"], ["--port", "65535"]),
        (["--port", "nonsense"], ["--port", "nonsense"]),
        (["--port", "nonsense:1"], ["nonsense:1"]),
        (["--port", "ssl:6443:privateKey=none.pem"], ["ssl:6443", "there is no file", "none.pem"]),
        (["--web", "ssl:6443"], ["ssl:6443", "privateKey=FILE"]),
        (["--database", "sqlite:///"], ["sqlite:///"]),
        (["--database", "sqlite:////nonexistent/chat.db"], ["/nonexistent/chat.db", "No such"]),
        (["--database", "redis://localhost/chat"], ["redis://localhost/chat", "sqlite", "mysql"]),
        (["--config", "missing.toml"], ["missing.toml", "No such"]),
        (["unexpected"], []),
    ],
)
def test_a_wrong_option_ends_with_one_line(
    tmp_path: Path, flags: list[str], says: list[str]
) -> None:
    assert_one_line(run_to_its_end(tmp_path, *flags), *says)


def test_a_config_file_that_is_no_toml_ends_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("port = = 6000")
    assert_one_line(run_to_its_end(tmp_path, "--config", "bad.toml"), "bad.toml", "TOML")


def test_an_unknown_setting_in_the_file_ends_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("colour = 'red'")
    assert_one_line(run_to_its_end(tmp_path, "--config", "bad.toml"), "bad.toml", "colour")


def test_a_file_that_is_no_database_ends_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("These are my notes. " * 100)
    result = run_to_its_end(tmp_path, "--database", "sqlite:///notes.txt")
    assert_one_line(result, "notes.txt", "not a database")


def test_a_database_of_a_newer_program_ends_with_one_line(tmp_path: Path) -> None:
    run_to_its_end(tmp_path, "--port", "70000")
    server = ServerProcess(tmp_path)
    server.wait_until_up()
    server.stop()
    with sqlite3.connect(tmp_path / "chatserver.db") as database:
        database.execute("INSERT INTO schema_version VALUES (999, 0)")
    database.close()
    assert_one_line(run_to_its_end(tmp_path), "999", "newer")


def test_a_port_in_use_ends_with_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run_to_its_end(tmp_path, "--port", f"tcp:{port}:interface=127.0.0.1")
    status, output = result
    assert status == 1
    assert "Traceback" not in output
    last = output.splitlines()[-1]
    assert f"can't listen on port tcp:{port}" in last
    assert "Address already in use; stop what runs there or choose another --port" in last


def warnings(server: ServerProcess) -> list[str]:
    return [line for line in server.log.splitlines() if "[chatserver.tap#warn]" in line]


@asynchronous
async def test_root_and_ports_without_tls_are_warned_of_once(start_server: StartServer) -> None:
    server = start_server("--port", str(free_port()))
    expected = ["runs as root"] if os.geteuid() == 0 else []
    expected.append("has no TLS")
    await until(lambda: len(warnings(server)) >= len(expected), "it warns")
    for warning, said in zip(warnings(server), expected, strict=True):
        assert said in warning


class _AsNobody(Process):
    """A server that is started by root and becomes nobody."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.port = free_port()
        endpoint = f"tcp:{self.port}:interface=127.0.0.1"
        command = [TWISTD, "--uid", "nobody", "--pidfile=", "-n", "chatserver", *flags]
        command += ["--port", endpoint]
        super().__init__("nobody", folder, command)

    def is_up(self) -> bool:
        return is_open(self.port)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_a_server_that_becomes_somebody_else_owns_its_database() -> None:
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        server = _AsNobody(Path(folder))
        try:
            server.start()
            with socket.create_connection(("127.0.0.1", server.port), 10) as client:
                client.sendall(b'{"msgid":3,"name":"li si","password":"x"}\n')
                assert client.recv(100) == b'{"msgid":4,"errno":0,"id":1}\n'
            files = list(Path(folder).glob("chatserver.db*"))
            assert {file.stat().st_uid for file in files} == {nobody.pw_uid}
            assert "runs as root" not in server.log
        finally:
            server.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
@asynchronous
async def test_a_key_that_only_root_may_read_is_read_once_and_told_of(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    made = make_certificates(tmp_path)
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        files = f"privateKey={made.key}:certKey={made.certificate}"
        port = free_port()
        server = _AsNobody(Path(folder), "--port", f"ssl:{port}:{files}:interface=127.0.0.1")
        try:
            server.start()
            await until(lambda: "can't take the new one" in server.log, "it warns")
            assert f"the user nobody may not read {made.key}" in server.log
            client = await connect_tls(port, made)
            client.send({"msgid": 13})
            await client.next(msgid=14)
            await client.hang_up()
        finally:
            server.kill()


def test_help_explains_every_option(tmp_path: Path) -> None:
    status, output = run_to_its_end(tmp_path, "--help")
    assert status == 0
    for word in ("--port", "--database", "--config", "--max-frame", "--token-days", "CHATSERVER_"):
        assert word in output


def test_many_connections_may_wait_to_be_accepted_on_any_port(tmp_path: Path) -> None:
    """Also on one that is given as an endpoint string, whose default is 50."""
    number, endpoint = free_port(), free_port()
    server = ServerProcess(tmp_path, "--port", str(number), port=endpoint)
    try:
        server.wait_until_up()
        server.process.send_signal(signal.SIGSTOP)
        for port in (number, endpoint):
            for _ in range(200):
                socket.create_connection(("127.0.0.1", port), 0.5).close()
    finally:
        server.kill()
