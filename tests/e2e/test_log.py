"""The log of a real server, line by line."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from twisted.internet import reactor

from cluster.process import free_port
from tests.e2e.asynchronous import asynchronous
from tests.e2e.clients import login, register
from tests.e2e.conftest import StartServer
from tests.e2e.processes import ServerProcess
from tests.support.http import get
from tests.support.waiting import until
from tests.support.wire import connect

NAMES = [
    "phone",
    "x\r\n2026-11-24T00:00:00+0000 [-] forged",
    '"}\n{"level":"info',
    "\x1b[2J\x9b\u202e",
]


async def busy_day(server: ServerProcess, folder: Path) -> None:
    """Logins, refusals, rubbish, and a mistake of the server's own."""
    [account] = await register(server.port, "zhang san")
    for name in NAMES:
        client, _ = await login(server.port, account, device=name)
        await client.ask({"msgid": 5, "toid": account, "msg": "a secret text"})
        await client.hang_up()
    client = await connect(reactor, server.port)
    for name in NAMES:
        await client.ask({"msgid": 1, "name": name, "password": "a secret password"})
        client.send_bytes(name.replace("\n", "").encode() + b"\n")
        await client.next(msgid=11)
    await client.hang_up()
    with sqlite3.connect(folder / "chatserver.db") as database:
        database.execute("UPDATE accounts SET password_hash = 5")
    database.close()
    client = await connect(reactor, server.port)
    reply = await client.ask({"msgid": 1, "id": account, "password": "a secret password"})
    assert reply["errno"] == 110
    await client.hang_up()
    await until(lambda: server.log.count(", account 1") == len(NAMES), "all ends are logged")
    server.stop()
    assert "a secret" not in server.log


@asynchronous
async def test_each_line_is_an_object_for_machines(
    start_server: StartServer, tmp_path: Path
) -> None:
    web = free_port()
    server = start_server("--log-format", "json", "--web", str(web))
    await get(reactor, web, "/nothing")
    await busy_day(server, tmp_path)
    records: list[dict[str, Any]] = [json.loads(line) for line in server.log.splitlines()]
    for record in records:
        assert record.keys() >= {"time", "level", "namespace", "message"}, record
        assert datetime.fromisoformat(record["time"]).utcoffset() == timedelta(0)
        assert record["level"] in ("info", "warn", "error", "critical")
    logins = [record for record in records if "logged in from" in record["message"]]
    assert [record["device"] for record in logins] == NAMES
    assert {record["account"] for record in logins} == {1}
    ends = [record for record in records if "seconds" in record]
    assert len(ends) == 1 + len(NAMES) + 1 + 1
    assert {record["reason"] for record in ends} == {"client"}
    assert sum("a wrong password" in record["message"] for record in records) == len(NAMES)
    failures = [record for record in records if "traceback" in record]
    assert [record["message"] for record in failures] == ["a request failed"]
    assert "Traceback (most recent call last):" in failures[0]["traceback"]


@asynchronous
async def test_each_line_begins_with_its_time_for_people(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server()
    await busy_day(server, tmp_path)
    time = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} \[[\w.#-]+\] ")
    lines = server.log_file.read_bytes().decode().split("\n")
    assert lines.pop() == ""
    for line in lines:
        assert time.match(line) or line.startswith("\t"), repr(line)
        assert line.replace("\t", "").isprintable(), repr(line)
    assert len([line for line in lines if "logged in from" in line]) == len(NAMES)
    assert not [line for line in lines if "2026-11-24" in line[:12]]
