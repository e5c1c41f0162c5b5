"""A database that is put back to an earlier state while people have the page open."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing

from tests.browser.conftest import OpenPage, WebServer
from tests.browser.page import Page


def administer(server: WebServer, *arguments: str) -> None:
    """Run chatserver-admin on the database of a server."""
    command = [sys.executable, "-m", "chatserver.admin", *arguments]
    subprocess.run(command, cwd=server.folder, check=True, timeout=60, capture_output=True)


def restore(server: WebServer) -> None:
    server.stop()
    administer(server, "restore", "copy.db")
    server.start()


def acknowledged(server: WebServer, account: int) -> int:
    """In how many conversations it is stored that the first message has arrived."""
    with closing(sqlite3.connect(server.folder / "chatserver.db")) as database:
        found = database.execute(
            "SELECT COUNT(*) FROM cursors JOIN devices ON devices.id = cursors.device "
            "WHERE devices.account = ? AND cursors.seq = 1",
            (account,),
        )
        return int(found.fetchone()[0])


def count(page: Page, key: str) -> str:
    """How many unread messages the list shows of a conversation."""
    return page.text(f'.conversations [href="#{key}"] .count > span')


def test_what_is_written_after_a_restore_is_shown_and_unread(
    own_server: WebServer, open_page: OpenPage
) -> None:
    page, li, wang = open_page(own_server), own_server.talker("li"), own_server.talker("wang")
    page.register("Ria")
    second = open_page(own_server, page)
    second.wait_online()
    keys = [f"u{li.id}", f"u{wang.id}"]
    for talker in (li, wang):
        talker.tell(page.id, "kept")
    for each in (page, second):
        each.open(keys[0])
        each.wait_texts("kept")
    # What the backup does not know to have arrived comes again.
    page.wait_equal(lambda: acknowledged(own_server, page.id), 2)
    administer(own_server, "backup", "copy.db")
    for talker in (li, wang):
        for number in range(5):
            talker.tell(page.id, f"lost {number}")
    for each in (page, second):
        each.wait_texts("kept", *(f"lost {number}" for number in range(5)))
    page.wait_equal(lambda: count(page, keys[1]), "6")

    restore(own_server)
    for talker in (li, wang):
        talker.come_back()
    wang.tell(page.id, "new")
    for each in (page, second):
        each.wait_online()
        each.wait_texts("kept")
        each.wait_equal(lambda each=each: count(each, keys[1]), "1")  # type: ignore[misc]
    li.tell(page.id, "new as well")
    for each in (page, second):
        each.wait_texts("kept", "new as well")
        each.wait_equal(lambda each=each: count(each, keys[0]), "")  # type: ignore[misc]
    page.open(keys[1])
    page.wait_texts("kept", "new")
    second.wait_equal(lambda: count(second, keys[1]), "")


def test_what_is_written_after_a_restore_is_unread_on_a_page_that_was_closed(
    own_server: WebServer, open_page: OpenPage
) -> None:
    page, talker = open_page(own_server), own_server.talker()
    page.register("Rut")
    key = f"u{talker.id}"
    page.open(key)
    page.write("kept")
    page.wait_texts("kept")
    administer(own_server, "backup", "copy.db")
    talker.tell(page.id, "lost")
    page.wait_texts("kept", "lost")
    page.visit_nothing()

    restore(own_server)
    talker.come_back()
    talker.tell(page.id, "new")
    page.visit()
    page.wait_equal(lambda: count(page, key), "1")
    page.open(key)
    page.wait_texts("kept", "new")
    assert talker.history(page.id) == ["kept", "new"]
