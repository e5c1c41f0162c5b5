"""Every command on every page is run as it stands, or it is said here why not.

Pages are read from top to bottom, each in a new folder and on ports of its own. What a page takes
for granted is in ``BEFORE``.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import Command, blocks, inline_code, pages
from tests.docs.programs import begins_like_a_command, complaints, unknown_options
from tests.docs.shell import Shell, is_like

STOP = "Ctrl-C where the server runs"
# Commands that a test can't run: on which pages, how they begin, why. They are read by bash, and
# their options looked up.
NOT_RUN = [
    (r".*", r"make (test|bench|faults|cluster|docs)\b", "minutes; it has tests of its own"),
    (r".*", r"\S*python -m (bench|tests)", "minutes; tests/bench, tests/attacks"),
    (r".*", r"make mysql-packages", "it asks for root"),
    (r".*", r"(export )?CHATSERVER_DATABASE='mysql:", "tests/e2e/test_mysql.py, test_cluster.py"),
    (r".*", r"twistd .*--workers", "it needs MariaDB: tests/e2e/test_workers.py"),
    (r".*", r"twistd .*/etc/chatserver/", "certificates are not there: tests/server/test_tls.py"),
    (r".*", r"\S*chatclient(?! (send|tail|login|logout))", "people type there: tests/chatclient"),
    (r".*", r"chatserver-admin import-classic", "it needs a C++ server's MySQL: tests/admin"),
    (r".*", r"chatserver-admin doctor", "it finds what this machine is like: tests/admin"),
    (r".*", r"nc ", "test_examples.py and test_first_steps.py send what is typed"),
    (r"docs/scripts.md", r"#!/bin/sh", "it runs for ever: test_scripts.py"),
    (r".*", r"python3 -m venv", "it installs the program, as .ci/run does"),
    (r".*", r"perf ", "it needs a profiler, and a server under load"),
    (r"etc/README.md", r"", "it sets up hosts, as root; tests/etc checks the files"),
]
# What people do besides, as the text says: where a command matches, these come before it.
PEOPLE = [
    (r"chatserver-admin restore", [STOP]),
    (
        r"chatclient [\d.:]+ --profile (\w+)$",  # a form on the screen
        [r"echo secret | chatclient login --register 127.0.0.1:6000 --user \1 --profile \1 "
         r"--password-stdin"],
    ),
    (r"chatclient tail --profile builds", ["chatclient send --profile ann 3 'and the tests?'"]),
]  # fmt: skip
# Translations have the commands of what they translate: test_translations.py.
TRANSLATED = re.compile(r"README\.zh\.md|docs/zh/.*")
ENGLISH = [page for page in pages() if not TRANSLATED.fullmatch(page)]


def reason_not_to_run(page: str, command: Command) -> str | None:
    for where, beginning, reason in NOT_RUN:
        if re.fullmatch(where, page) and re.match(beginning, command.text, re.DOTALL):
            return reason
    return None


def what_people_do(command: Command) -> list[str]:
    """What comes before a command."""
    return [
        found.expand(text)
        for pattern, texts in PEOPLE
        if (found := re.match(pattern, command.text))
        for text in texts
    ]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    yield shell
    shell.close()


@pytest.mark.parametrize("page", ENGLISH)
def test_commands_do_what_the_page_says(page: str, shell: Shell) -> None:
    commands = [(block.where, command) for block in blocks(page) for command in block.commands()]
    if any(reason_not_to_run(page, command) is None for _, command in commands):
        BEFORE.get(page, lambda shell: None)(shell)
    for where, command in commands:
        try:
            for text in what_people_do(command):
                if text == STOP:
                    shell.stop()
                else:
                    shell.run(Command(text, []))
            if reason_not_to_run(page, command) is None:
                shell.run(command)
        except AssertionError as problem:
            pytest.fail(f"{where}: {problem}\nA command that can't be run belongs into NOT_RUN.")


@pytest.mark.parametrize("page", pages())
def test_options_exist(page: str) -> None:
    wrong = [
        f"{block.where}: {complaint}"
        for block in blocks(page)
        for command in block.commands()
        if reason_not_to_run(page, command)
        for complaint in complaints(command.text)
    ]
    wrong += [
        f"{page}: `{code}`: {complaint}"
        for code in inline_code(page)
        if begins_like_a_command(code)
        for complaint in complaints(code)
    ]
    wrong += [
        f"{page}: `{code}`: no program has {flag}"
        for code in inline_code(page)
        if code.startswith("--")
        for flag in unknown_options(code)
    ]
    assert wrong == []


@pytest.mark.parametrize("page", pages())
def test_no_command_hides(page: str) -> None:
    """Commands are in blocks marked as sh (to be run) or console (behind a prompt, with output)."""
    hidden = [
        f"{block.where}: {line}"
        for block in blocks(page)
        if not block.commands()
        for line in block.text.splitlines()
        if begins_like_a_command(line)
    ]
    assert hidden == []


def test_nothing_is_listed_that_is_on_no_page() -> None:
    commands = [(page, c) for page in ENGLISH for block in blocks(page) for c in block.commands()]
    for where, beginning, _ in NOT_RUN:
        assert any(
            re.fullmatch(where, page) and re.match(beginning, command.text, re.DOTALL)
            for page, command in commands
        ), beginning


def test_a_difference_is_seen() -> None:
    assert is_like(["2 users, 3 s"], ["2  users, 41.5 s"])
    assert not is_like(["2 users, 3 s"], ["3 users, 3 s"])
    assert not is_like(["one"], ["one", "two"])


def test_a_wrong_option_is_seen() -> None:
    assert complaints("twistd --pidfile= -n chatserver --port 6000 | cat") == []
    [complaint] = complaints("cd / && A=b .venv/bin/twistd -n chatserver --prot 6000")
    assert "--prot" in complaint
    [complaint] = complaints("make all")
    assert "all" in complaint
    assert complaints("for each in *; do")
    assert unknown_options("--max-frame 65536 --prot 6000") == ["--prot"]


SERVER = Command("twistd --pidfile= -n chatserver --port 6000", [])


def two_accounts(shell: Shell) -> None:
    """docs/client.md: a server, and ann and bob are registered."""
    shell.run(SERVER)
    for name, password in (("ann", "secret1"), ("bob", "secret2")):
        _talk(shell, {"msgid": 3, "name": name, "password": password}).close()


def three_accounts(shell: Shell) -> None:
    """docs/operating.md: li has written to 世界, both are logged in; a file with a new password."""
    shell.run(SERVER)
    for name in ("li", "世界", "zhang"):
        _talk(shell, {"msgid": 3, "name": name, "password": "x"}).close()
    _talk(
        shell,
        {"msgid": 1, "name": "li", "password": "x", "device": "phone"},
        {"msgid": 5, "toid": 2, "msg": "hello"},
    )
    _talk(shell, {"msgid": 1, "id": 2, "password": "x"}, terminator=b"\0")
    (shell.folder / "password.txt").write_text("another\n")


BEFORE: dict[str, Callable[[Shell], None]] = {
    "docs/client.md": two_accounts,
    "docs/operating.md": three_accounts,
}


def _talk(shell: Shell, *requests: object, terminator: bytes = b"\n") -> socket.socket:
    """A connection on which each of these was answered; it is open as long as the shell."""
    connection = socket.create_connection(("127.0.0.1", shell.port("6000")), 30)
    for request in requests:
        connection.sendall(json.dumps(request).encode() + terminator)
        assert b'"errno":0' in connection.recv(65536)
    return shell.keep(connection)
