"""History comes while one scrolls; what is unread is marked; the page stays small."""

from __future__ import annotations

import itertools

from tests.browser.conftest import OpenPage, WebServer
from tests.browser.page import Page
from tests.e2e.processes import ServerProcess

# The first message that is in view, and how far below the upper edge it begins.
_FIRST_IN_VIEW = """
const edge = document.querySelector('.log').getBoundingClientRect().top;
const rows = [...document.querySelectorAll('.message')];
const row = rows.find((row) => row.getBoundingClientRect().bottom > edge);
return [row.querySelector('.text').textContent, Math.round(row.getBoundingClientRect().top - edge)];
"""

# How far below the upper edge a message begins.
_PLACE_OF = """
const edge = document.querySelector('.log').getBoundingClientRect().top;
const rows = [...document.querySelectorAll('.message')];
const row = rows.find((row) => row.querySelector('.text').textContent === arguments[0]);
return Math.round(row.getBoundingClientRect().top - edge);
"""
_IS_AT_END = """
const { scrollHeight, scrollTop, clientHeight } = document.querySelector('.log');
return scrollHeight - scrollTop - clientHeight < 2;
"""


def texts(page: Page) -> list[str]:
    return [text for _, _, text in page.log()]


def numbered(first: int, last: int) -> list[str]:
    return [f"message {number}" for number in range(first, last + 1)]


def scroll_to(page: Page, top: int) -> None:
    page.js("document.querySelector('.log').scrollTop = arguments[0]", top)


def is_at_end(page: Page) -> bool:
    return bool(page.js(_IS_AT_END))


def test_scrolling_up_loads_history_and_holds_the_position(
    server: WebServer, open_page: OpenPage
) -> None:
    page, talker = open_page(server), server.talker()
    page.register("Uli")
    for text in numbered(1, 320):
        talker.tell(page.id, text)
    page.open(f"u{talker.id}")
    page.find(".below").click()
    page.wait(lambda: texts(page) == numbered(271, 320) and is_at_end(page))

    first, tops = 271, itertools.cycle([0, 300])
    while first > 1:
        scroll_to(page, next(tops))
        before = page.js(_FIRST_IN_VIEW)
        first = max(first - 50, 1)
        page.wait_equal(lambda: texts(page)[0], f"message {first}")
        after = page.js(_PLACE_OF, before[0])
        assert abs(after - before[1]) <= 1, (before, after)
        shown = texts(page)
        assert shown == numbered(first, first + len(shown) - 1)
        assert len(shown) <= 300
    page.find(".log .note")  # where the conversation begins
    assert "message 320" not in texts(page), "forgotten, as nobody looks at it"

    # What comes now does not disturb who reads something old.
    before = page.js(_FIRST_IN_VIEW)
    talker.tell(page.id, "message 321")
    page.wait_equal(lambda: page.text(".below"), "1 new")
    assert page.js(_FIRST_IN_VIEW) == before

    # Downwards there are no gaps, either.
    while texts(page)[-1] != "message 321":
        last = texts(page)[-1]
        scroll_to(page, 10**6)
        page.wait(lambda: texts(page)[-1] != last)  # noqa: B023
        shown = texts(page)
        start = int(shown[0].split()[1])
        assert shown == numbered(start, start + len(shown) - 1)
    assert len(texts(page)) <= 300


def test_the_button_below_leads_to_the_newest(server: WebServer, open_page: OpenPage) -> None:
    page, talker = open_page(server), server.talker()
    page.register("Bea")
    for text in numbered(1, 130):
        talker.tell(page.id, text)
    page.wait(lambda: "(130)" in page.driver.title)
    page.open(f"u{talker.id}")
    # It opens where the unread begins.
    line = page.find(".unread-line")
    assert line.text == "New"
    assert page.js(
        "return document.querySelector('.unread-line + .message .text').textContent"
    ) == ("message 1")
    page.find(".below").click()
    page.wait(lambda: texts(page)[-1] == "message 130" and is_at_end(page))
    page.wait_equal(lambda: page.count(".count"), 0)
    page.wait(lambda: not page.driver.title.startswith("("))
    assert page.count(".below[hidden]") == 1
    talker.tell(page.id, "message 131")
    page.wait(lambda: texts(page)[-1] == "message 131" and is_at_end(page))


def test_the_unread_line_is_remembered(server: WebServer, open_page: OpenPage) -> None:
    page, talker = open_page(server), server.talker()
    page.register("Lia")
    page.open(f"u{talker.id}")
    talker.tell(page.id, "seen")
    page.wait_texts("seen")
    page.js("location.hash = ''")
    talker.tell(page.id, "unseen 1")
    talker.tell(page.id, "unseen 2")
    page.wait_equal(lambda: page.text(".count > span"), "2")
    page.visit()
    page.wait_equal(lambda: page.text(".count > span"), "2")
    page.open(f"u{talker.id}")
    page.wait_texts("seen", "unseen 1", "unseen 2")
    assert page.js(
        "return document.querySelector('.unread-line + .message .text').textContent"
    ) == ("unseen 1")
    page.wait_equal(lambda: page.count(".count"), 0)
    page.write("answer")
    page.wait_texts("seen", "unseen 1", "unseen 2", "answer")
    assert page.count(".unread-line") == 0


def test_nothing_is_missing_after_the_connection_was_away(
    own_server: WebServer, open_page: OpenPage
) -> None:
    page, talker = open_page(own_server), own_server.talker()
    page.register("Gil")
    page.open(f"u{talker.id}")
    talker.tell(page.id, "message 1")
    page.wait_texts("message 1")
    own_server.kill()
    without_web = ServerProcess(own_server.folder, port=own_server.port)
    without_web.wait_until_up()
    talker.come_back()
    for text in numbered(2, 130):
        talker.tell(page.id, text)
    without_web.stop()
    own_server.start()
    page.wait(lambda: texts(page)[:100] == numbered(1, 100))
    while texts(page)[-1] != "message 130":
        scroll_to(page, 10**6)
    assert texts(page) == numbered(1, 130)


def test_the_list_stays_as_it_is_under_the_pointer(server: WebServer, open_page: OpenPage) -> None:
    page, talkers = open_page(server), [server.talker() for _ in range(3)]
    page.register("Ned")
    for talker in talkers:
        talker.tell(page.id, "hello")
    order = [talker.name for talker in reversed(talkers)]
    titles = (
        "return [...document.querySelectorAll('.conversations .title')].map((e) => e.innerText)"
    )
    page.wait_equal(lambda: page.js(titles), order)
    page.hover(".conversations li:nth-child(2)")
    talkers[0].tell(page.id, "again")
    page.wait_equal(lambda: page.count(".conversations li:last-child .count"), 1)
    page.wait(lambda: "again" in page.text())
    assert page.js(titles) == order
    page.hover(".conversation")
    page.wait_equal(lambda: page.js(titles), [order[2], order[0], order[1]])
