"""Several tabs of one browser are one client; several browsers are several."""

from __future__ import annotations

import re
from urllib.request import urlopen

from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import OpenPage, WebServer
from tests.browser.modules import run_in
from tests.browser.page import Page

_NO_LOCKS = "Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined });"


def sessions(server: WebServer) -> int:
    """How many connections are logged in."""
    with urlopen(f"http://127.0.0.1:{server.web}/metrics") as answer:
        found = re.search(
            r'^chatserver_connections{state="in"} (\d+)', answer.read().decode(), re.M
        )
    assert found
    return int(found[1])


def badge(page: Page) -> str:
    """How many messages the first conversation has unread."""
    script = "return document.querySelector('.conversations .count > span')?.textContent ?? ''"
    return str(page.js(script))


def close_and_go_on(server: WebServer, open_page: OpenPage, script: str = "") -> None:
    """Two tabs chat; then the one with the connection goes, and the other one goes on."""
    first, talker = open_page(server, first=script), server.talker()
    first.register("Tom")
    second = open_page(server, first, script)
    second.wait_online()
    for page in (first, second):
        page.open(f"u{talker.id}")
    first.write("from the first")
    second.write("from the second")
    talker.tell(first.id, "to both")
    # Two tabs may write at the same time; what each has written keeps its order.
    assert {talker.hears(), talker.hears()} == {"from the first", "from the second"}
    texts = talker.history(first.id)
    assert sorted(texts) == ["from the first", "from the second", "to both"]
    for page in (first, second):
        page.wait_texts(*texts)
    assert sessions(server) == 2, "one tab and the talker"

    first.visit_nothing()
    second.write("alone")
    assert talker.hears() == "alone"
    talker.tell(first.id, "still there?")
    second.wait_texts(*texts, "alone", "still there?")
    assert sessions(server) == 2


def test_tabs_share_one_connection_and_the_next_one_takes_it_over(
    own_server: WebServer, open_page: OpenPage
) -> None:
    close_and_go_on(own_server, open_page)


def test_tabs_agree_without_web_locks(own_server: WebServer, open_page: OpenPage) -> None:
    close_and_go_on(own_server, open_page, _NO_LOCKS)


def test_what_is_read_in_one_tab_is_read_in_all(server: WebServer, open_page: OpenPage) -> None:
    first, talker = open_page(server), server.talker()
    first.register("Una")
    second = open_page(server, first)
    second.wait_online()
    talker.tell(first.id, "one")
    talker.tell(first.id, "two")
    for page in (first, second):
        page.wait_equal(lambda page=page: badge(page), "2")  # type: ignore[misc]
    second.open(f"u{talker.id}")
    for page in (second, first):
        page.wait_equal(lambda page=page: badge(page), "")  # type: ignore[misc]
    first.visit()
    first.wait_online()
    assert badge(first) == ""


def test_an_outbox_of_two_tabs_is_sent_once(own_server: WebServer, open_page: OpenPage) -> None:
    first, talker = open_page(own_server), own_server.talker()
    first.register("Otto")
    second = open_page(own_server, first)
    second.wait_online()
    for page in (first, second):
        page.open(f"u{talker.id}")
    own_server.kill()
    first.write("one")
    second.wait_equal(lambda: len(second.log()), 1)
    second.write("two")
    first.wait_equal(lambda: len(first.log()), 2)
    first.write("three")
    own_server.start()
    for page in (first, second):
        page.wait_texts("one", "two", "three")
    talker.come_back()
    assert talker.history(first.id) == ["one", "two", "three"]


def test_a_text_of_which_a_tab_could_not_tell_is_sent_when_it_comes_again(
    server: WebServer, open_page: OpenPage
) -> None:
    first, talker = open_page(server), server.talker()
    first.register("Tia")
    second = open_page(server, first)
    second.wait_online()
    script = f"""
    const {{ Outbox }} = await import('/store/outbox.js');
    const outbox = await Outbox.open({first.id});
    const text = {{ cid: 'c', key: 'u{talker.id}', text: 'left behind', written: Date.now() }};
    await outbox.put({{ account: {first.id}, ...text }});
    """
    run_in(second, script)
    second.visit()
    assert talker.hears() == "left behind"


def test_logging_out_in_one_tab_logs_all_out_and_leaves_nothing(
    server: WebServer, open_page: OpenPage
) -> None:
    first, talker = open_page(server), server.talker()
    first.register("Leo")
    first.open(f"u{talker.id}")
    first.write("hello")
    first.wait_texts("hello")
    second = open_page(server, first)
    second.wait_online()
    token = first.js("return JSON.parse(localStorage['chat session']).token")
    first.find(".me").click()
    first.find("dialog .danger").click()
    first.find("dialog .primary").click()
    for page in (first, second):
        page.find("[name=username]")
    assert first.js("return [...Object.keys(localStorage), ...Object.keys(sessionStorage)]") == []
    assert first.js("return location.hash") == ""
    assert server.visitor().is_refused({"msgid": 1, "token": token})


def test_another_browser_with_the_same_login_is_left_alone_until_it_is_asked(
    server: WebServer, open_page: OpenPage
) -> None:
    page, talker = open_page(server), server.talker()
    page.register("Dora")
    token = page.js("return JSON.parse(localStorage['chat session']).token")
    thief = server.visitor()
    thief.ask({"msgid": 1, "token": token})
    status = page.find(".status.replaced")
    assert "opened elsewhere" in status.text
    status.find_element("tag name", "button").send_keys(Keys.ENTER)
    page.wait_online()
    page.open(f"u{talker.id}")
    page.write("mine again")
    assert talker.hears() == "mine again"


def test_two_browsers_of_one_account_show_the_same(server: WebServer, open_page: OpenPage) -> None:
    desk, phone, talker = open_page(server), open_page(server), server.talker()
    desk.register("Eva")
    phone.log_in("Eva")
    talker.tell(desk.id, "hello")
    for page in (desk, phone):
        page.wait_equal(lambda page=page: badge(page), "1")  # type: ignore[misc]
    desk.open(f"u{talker.id}")
    desk.write("from the desk")
    # Who answers at one place has read it at all.
    phone.wait_equal(lambda: badge(phone), "")
    phone.open(f"u{talker.id}")
    phone.wait_log(("theirs", "sent", "hello"), ("mine", "sent", "from the desk"))


def test_an_expired_login_asks_for_the_password_and_keeps_what_waits(
    own_server: WebServer, open_page: OpenPage
) -> None:
    page, talker = open_page(own_server), own_server.talker()
    page.register("Ida")
    page.open(f"u{talker.id}")
    token = page.js("return JSON.parse(localStorage['chat session']).token")
    own_server.kill()
    page.write("later")
    page.visit_nothing()
    own_server.start()
    visitor = own_server.visitor()
    visitor.ask({"msgid": 1, "token": token})
    visitor.ask({"msgid": 10})
    page.visit()
    assert "Your login has expired" in page.find(".problem").text
    page.log_in("Ida")
    page.open(f"u{talker.id}")
    page.wait_texts("later")
