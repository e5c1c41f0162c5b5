"""chatserver-admin beside servers, all of them processes that may die at any moment."""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from twisted.internet.threads import deferToThread

from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login, register
from tests.e2e.conftest import StartServer
from tests.e2e.site import Site, assert_calm, reactor, running
from tests.e2e.test_admin import assert_refused, run_admin
from tests.support.mariadb import MariaDB, mariadb
from tests.support.waiting import until
from tests.support.wire import connect

_ACCOUNTS = 1500


class Database:
    """An SQLite file that a server uses, too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    def sql(self, statement: str, *values: object) -> list[tuple[int, ...]]:
        with closing(sqlite3.connect(self.path, timeout=20)) as connection, connection:
            return connection.execute(statement, values).fetchall()


@contextmanager
def announcing(url: str, *flags: str) -> Iterator[subprocess.Popen[str]]:
    """An announcement that is being sent."""
    command = [sys.executable, "-m", "chatserver.admin", "announce", "Hello", "--id", "news"]
    with subprocess.Popen(
        [*command, "--database", url, *flags],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def add_accounts(sql: Callable[..., object]) -> None:
    rows = ", ".join(f"('user {number}', 'hash', 0)" for number in range(_ACCOUNTS))
    sql(f"INSERT INTO accounts (name, password_hash, created) VALUES {rows}")


def assert_each_got_it_once(sql: Callable[..., list[tuple[int, ...]]]) -> None:
    [(messages, last, conversations)] = sql(
        "SELECT COUNT(*), MAX(seq), COUNT(DISTINCT conversation) FROM messages"
    )
    assert (messages, last, conversations) == (_ACCOUNTS, 1, _ACCOUNTS)


async def some_are_stored(sql: Callable[..., list[tuple[int, ...]]]) -> None:
    await until(
        lambda: sql("SELECT COUNT(*) FROM messages")[0][0] > 200, "some have got the message"
    )
    assert sql("SELECT COUNT(*) FROM messages")[0][0] < _ACCOUNTS, "it is not done"


@asynchronous
async def test_an_announcement_survives_kill_9_of_the_server(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server()
    database = Database(tmp_path / "chatserver.db")
    add_accounts(database.sql)
    with announcing(database.url) as process:
        await some_are_stored(database.sql)
        server.kill()
        start_server()
        printed, complaint = await deferToThread(process.communicate, timeout=60)
    assert (process.returncode, complaint) == (0, "")
    assert "accounts got it" in printed
    assert_each_got_it_once(database.sql)


@asynchronous
async def test_an_announcement_survives_kill_9_of_the_command(
    start_server: StartServer, tmp_path: Path
) -> None:
    start_server()
    database = Database(tmp_path / "chatserver.db")
    add_accounts(database.sql)
    with announcing(database.url) as process:
        await some_are_stored(database.sql)
        process.kill()
        process.wait()
    with announcing(database.url) as process:
        printed, complaint = await deferToThread(process.communicate, timeout=60)
    assert (process.returncode, complaint) == (0, "")
    assert "had it already" in printed
    assert_each_got_it_once(database.sql)


@asynchronous
async def test_another_node_ends_the_announcement_of_one_that_was_killed(site: Site) -> None:
    await site.joined()
    add_accounts(site.sql)
    with announcing(mariadb().url(site.name)) as process:
        await until(lambda: site.sql("SELECT 1 FROM answers"), "a node has begun")
        [(answer,), *_] = site.sql("SELECT body FROM answers")
        busy = json.loads(answer)["server"].rpartition(":")[2]
        [here] = [node for node in site.nodes if str(node.process.pid) == busy]
        [there] = [node for node in site.nodes if node is not here]
        await some_are_stored(site.sql)
        here.kill()
        printed, complaint = await deferToThread(process.communicate, timeout=60)
    assert (process.returncode, complaint) == (0, ""), (printed, complaint)
    assert_each_got_it_once(site.sql)
    assert_calm([there])


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[Site]:
    """One node, with a MariaDB that may be killed."""
    with running(Site(tmp_path, MariaDB(), nodes=1)) as site:
        yield site
    site.database.remove()


@asynchronous
async def test_orders_work_again_after_the_database_was_away(
    killable: Site, tmp_path: Path
) -> None:
    [node] = killable.nodes
    [li] = await register(node.port, "li")
    client, _ = await login(node.port, li, device="phone")
    url = killable.database.url(killable.name)
    killable.database.kill()
    refused = await deferToThread(run_admin, tmp_path, "sessions", "--database", url)
    assert_refused(refused, "can't use the database")
    await until(lambda: "the database can't be used" in node.log, "the node has noticed")
    await deferToThread(killable.database.start)
    await until(lambda: "the database works again" in node.log, "it works again")
    status, printed, complaint = await deferToThread(
        run_admin, tmp_path, "kick", "li", "--database", url
    )
    assert (status, complaint) == (0, "")
    assert "1 session closed" in printed
    await client.closed
    assert node.log.count("the database can't be used") == 1
    assert_calm([node])


@asynchronous
async def test_an_account_is_made_and_used(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    made = await deferToThread(run_user, tmp_path, "secret 密\n", "add", "zhang san")
    assert made == (0, "account 1 (zhang san) was made\n", "")
    client = await connect(reactor, server.port)
    reply = await client.ask({"msgid": 1, "id": 1, "password": "secret 密", "device": "pc"})
    assert reply["errno"] == 0
    status, printed, _ = await deferToThread(run_user, tmp_path, "new\r\n", "passwd", "zhang san")
    assert (status, printed.splitlines()[1]) == (0, "1 session closed")
    await client.closed
    client = await connect(reactor, server.port)
    for fields, errno in (
        ({"token": reply["token"]}, 1),
        ({"id": 1, "password": "secret 密"}, 1),
    ):
        assert (await client.ask({"msgid": 1, **fields}))["errno"] == errno
    for given, name, says in (
        ("x\n", "zhang san", "taken"),
        ("x\n", " zhang", "name must be"),
        ("\n", "li", "password must be"),
        ("", "li", "password must be"),
    ):
        assert_refused(await deferToThread(run_user, tmp_path, given, "add", name), says)


def run_user(folder: Path, given: str, command: str, name: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "chatserver.admin", "user", command, name, "--password-stdin"],
        cwd=folder,
        input=given.encode(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_a_password_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    assert run_admin(tmp_path, "migrate")[0] == 0
    for answers, status, says in (
        (["right", "right"], 0, "account 1 (li) was made"),
        (["right", "wrong"], 1, "not the same"),
    ):
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(tmp_path)
            name = "li" if status == 0 else "wang"
            os.execv(
                sys.executable, [sys.executable, "-m", "chatserver.admin", "user", "add", name]
            )
        seen = b""
        for answer, prompt in zip(answers, (b"New password for", b"Once more:"), strict=True):
            while prompt not in seen:
                seen += os.read(terminal, 1000)
            os.write(terminal, answer.encode() + b"\n")
        while True:
            try:
                seen += os.read(terminal, 1000)
            except OSError:  # the other side is closed
                break
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == status
        os.close(terminal)
        assert says in seen.decode()
        for answer in answers:
            assert answer.encode() not in seen
    assert_refused(run_admin(tmp_path, "user", "passwd", "li"), "--password-stdin")
