"""chatserver-admin as a process, and a server whose database user may do no more than it needs."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest
from twisted.internet.threads import deferToThread

import chatserver
from chatserver import admin
from chatserver.store.migrations import available
from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login, register
from tests.e2e.conftest import StartServer
from tests.e2e.processes import run_to_its_end
from tests.support.mariadb import mariadb

NEWEST = len(available("mysql"))


class Users(NamedTuple):
    """The URLs of one new database for two of its users."""

    migrator: str
    chat: str


@pytest.fixture
def users() -> Iterator[Users]:
    """One user who may do everything with a database, and one who may only work with its rows."""
    name, url = mariadb().new_database()
    grants = {"migrator": "ALL", "chat": "SELECT, INSERT, UPDATE, DELETE"}
    for user, privileges in grants.items():
        mariadb().execute(f"CREATE USER {user}@localhost IDENTIFIED BY 'secret'")
        mariadb().execute(f"GRANT {privileges} ON {name}.* TO {user}@localhost")
    yield Users(*(url.replace("root@", f"{user}:secret@") for user in grants))
    for user in grants:
        mariadb().execute(f"DROP USER {user}@localhost")


def run_admin(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run a command: its exit status, and what it printed and complained about."""
    done = subprocess.run(
        [sys.executable, "-m", "chatserver.admin", *arguments],
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def assert_refused(result: tuple[int, str, str], *says: str) -> None:
    status, printed, complaint = result
    assert (status, printed) == (1, "")
    assert complaint.startswith("chatserver-admin: ")
    assert complaint.count("\n") == 1, "one line"
    assert "secret" not in complaint
    for part in says:
        assert part in complaint


def test_it_migrates_and_says_what_that_meant(tmp_path: Path, users: Users) -> None:
    shown = users.migrator.replace(":secret", "")
    first = run_admin(tmp_path, "migrate", CHATSERVER_DATABASE=users.migrator)
    assert first == (0, f"{shown}: schema version 0 -> {NEWEST}\n", "")
    again = run_admin(tmp_path, "migrate", "--database", users.migrator)
    assert again == (0, f"{shown} is up to date: schema version {NEWEST}\n", "")


def test_it_takes_the_servers_config_file(tmp_path: Path) -> None:
    (tmp_path / "chat.toml").write_text('database = "sqlite:///from-file.db"\nport = 7000\n')
    for flags, environment in ((["--config", "chat.toml"], {}), ([], {"CONFIG": "chat.toml"})):
        variables = {f"CHATSERVER_{name}": value for name, value in environment.items()}
        status, printed, _ = run_admin(tmp_path, "migrate", *flags, **variables)
        assert status == 0
        assert "from-file.db" in printed
    assert (tmp_path / "from-file.db").exists()


def test_what_it_can_not_do_is_told_in_one_line(tmp_path: Path, users: Users) -> None:
    assert_refused(run_admin(tmp_path), "COMMAND", "--help")
    assert_refused(run_admin(tmp_path, "bogus"), "bogus", "migrate")
    assert_refused(run_admin(tmp_path, "migrate", "--bogus"), "--bogus", "--help")
    assert_refused(run_admin(tmp_path, "migrate", "--config", "none.toml"), "none.toml")
    assert_refused(run_admin(tmp_path, "migrate", "--database", "redis://me:secret@h"), "mysql")
    wrong_password = users.chat.replace("secret", "secret2")
    assert_refused(run_admin(tmp_path, "migrate", "--database", wrong_password), "Access denied")
    assert_refused(
        run_admin(tmp_path, "migrate", "--database", users.chat),
        f"schema version 0, this program needs {NEWEST}",
        "a database user that may create tables",
    )


def test_its_help_lists_the_commands(tmp_path: Path) -> None:
    status, printed, _ = run_admin(tmp_path, "--help")
    assert status == 0
    assert "migrate" in printed
    status, printed, _ = run_admin(tmp_path, "migrate", "--help")
    assert status == 0
    assert "--config" in printed
    assert "--database" in printed
    assert "chatserver-admin migrate --config" in printed, "an example"


def test_an_install_has_it_as_a_program() -> None:
    project = Path(chatserver.__file__).parent.parent / "pyproject.toml"
    scripts = tomllib.loads(project.read_text())["project"]["scripts"]
    module, function = scripts["chatserver-admin"].split(":")
    assert getattr(import_module(module), function) is admin.main


@asynchronous
async def test_a_server_needs_no_right_to_change_tables(
    start_server: StartServer, tmp_path: Path, users: Users
) -> None:
    status, output = run_to_its_end(tmp_path, CHATSERVER_DATABASE=users.chat)
    assert status == 1
    assert "run `chatserver-admin migrate`" in output.splitlines()[-1]
    assert run_admin(tmp_path, "migrate", CHATSERVER_DATABASE=users.migrator)[0] == 0

    server = start_server(CHATSERVER_DATABASE=users.chat)
    zhang, li = await register(server.port, "zhang san", "li")
    client, _ = await login(server.port, zhang, device="pc")
    li_client, _ = await login(server.port, li, device="pc", ack=True)
    group = (await client.ask({"msgid": 7, "groupname": "tea"}))["groupid"]
    for asker, request in (
        (client, {"msgid": 6, "friendid": li}),
        (li_client, {"msgid": 8, "groupid": group}),
        (client, {"msgid": 5, "toid": li, "msg": "hello", "cid": "c"}),
        (client, {"msgid": 5, "toid": li, "msg": "hello", "cid": "c"}),
        (client, {"msgid": 9, "groupid": group, "msg": "tea?"}),
    ):
        reply = await asker.ask(request)
        assert reply["errno"] == 0, reply
    push = await li_client.next(msgid=5)
    li_client.send({"msgid": 12, "conv": push["conv"], "seq": push["seq"]})
    status, printed, _ = await deferToThread(
        run_admin, tmp_path, "kick", "li", CHATSERVER_DATABASE=users.chat
    )
    assert (status, "1 session closed" in printed) == (0, True), printed
    await client.hang_up()
    await li_client.hang_up()
    server.stop()
    assert "denied" not in server.log

    server = start_server(CHATSERVER_DATABASE=users.chat)
    li_client, missed = await login(server.port, li, device="pc", ack=True)
    assert missed["pending"] == 1, "the text in the group"
    assert (await li_client.next(msgid=9))["msg"] == "tea?"
    for _ in range(18):  # the oldest tokens of a device are deleted
        client, _ = await login(server.port, zhang, device="pc")
        await client.hang_up()
    client, again = await login(server.port, zhang, device="pc")
    assert [friend["id"] for friend in again["friends"]] == [li]
    history = await client.ask({"msgid": 15, "toid": li})
    assert [message["msg"] for message in history["messages"]] == ["hello"]
    assert (await client.ask({"msgid": 10}))["errno"] == 0
    await client.hang_up()
    await li_client.hang_up()
    server.stop()
    assert "denied" not in server.log
