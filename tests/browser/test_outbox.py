"""What was sent is stored once and in order, whatever happens to page and server."""

from __future__ import annotations

import os
import signal

from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import OpenPage, WebServer

# Lets a page send, and hear no answers to texts while `window.isDeaf`.
_DEAF = """
const listen = WebSocket.prototype.addEventListener;
WebSocket.prototype.addEventListener = function (what, listener, ...rest) {
  const deaf = (event) => {
    if (!window.isDeaf || JSON.parse(event.data).re !== 5) listener(event);
  };
  listen.call(this, what, what === 'message' ? deaf : listener, ...rest);
};
"""


def waiting(*texts: str) -> list[tuple[str, str, str]]:
    """Rows of texts that wait for the connection."""
    return [("mine", "waiting", text) for text in texts]


def sent(*texts: str) -> list[tuple[str, str, str]]:
    """Rows of texts that the server has stored."""
    return [("mine", "sent", text) for text in texts]


def test_what_was_written_without_a_connection_outlives_the_tab(
    own_server: WebServer, open_page: OpenPage
) -> None:
    page, talker = open_page(own_server), own_server.talker()
    page.register("Olga")
    page.open(f"u{talker.id}")
    page.write("one")
    page.wait_log(*sent("one"))
    own_server.kill()
    page.write("two", "three", "四 😀")
    page.wait_log(*sent("one"), *waiting("two", "three", "四 😀"))
    assert "No connection" in page.find(".status").text
    page.visit_nothing()

    own_server.start()
    page.visit(f"u{talker.id}")
    page.wait_log(*sent("one", "two", "three", "四 😀"))
    talker.come_back()
    assert talker.history(page.id) == ["one", "two", "three", "四 😀"]


def test_a_reload_in_the_middle_of_a_send_loses_and_doubles_nothing(
    server: WebServer, open_page: OpenPage
) -> None:
    page, talker = open_page(server, first=_DEAF), server.talker()
    page.register("Rolf")
    page.open(f"u{talker.id}")
    page.js("window.isDeaf = true")
    page.write("one", "two")
    page.wait_log(("mine", "sending", "one"), ("mine", "sending", "two"))
    assert talker.hears() == "one"  # it is stored, and the page does not know
    page.visit(f"u{talker.id}")
    page.wait_log(*sent("one", "two"))
    assert talker.hears() == "two"
    assert talker.history(page.id) == ["one", "two"]


def test_a_reload_while_the_server_hangs(own_server: WebServer, open_page: OpenPage) -> None:
    page, talker = open_page(own_server), own_server.talker()
    page.register("Hugo")
    page.open(f"u{talker.id}")
    page.write("before")
    page.wait_log(*sent("before"))
    os.kill(own_server.process.pid, signal.SIGSTOP)
    page.write("meanwhile")
    page.wait_log(*sent("before"), ("mine", "sending", "meanwhile"))
    page.visit_nothing()
    os.kill(own_server.process.pid, signal.SIGCONT)
    page.visit(f"u{talker.id}")
    page.wait_log(*sent("before", "meanwhile"))
    assert talker.history(page.id) == ["before", "meanwhile"]


def test_texts_keep_their_order_when_the_server_is_killed_among_them(
    own_server: WebServer, open_page: OpenPage
) -> None:
    page, talker = open_page(own_server), own_server.talker()
    page.register("Kim")
    page.open(f"u{talker.id}")
    texts = [f"text {number}" for number in range(12)]
    page.write(*texts[:6])
    own_server.kill()
    page.write(*texts[6:])
    own_server.start()
    page.wait_log(*sent(*texts))
    talker.come_back()
    assert talker.history(page.id) == texts


def test_a_server_that_stops_is_waited_for(own_server: WebServer, open_page: OpenPage) -> None:
    page, talker = open_page(own_server), own_server.talker()
    page.register("Sam")
    page.open(f"u{talker.id}")
    own_server.stop()
    page.wait(lambda: "The server is restarting. Next try in" in page.text(".status"))
    page.write("still here")
    page.wait_log(*waiting("still here"))
    own_server.start()
    page.find(".status button").click()
    page.wait_log(*sent("still here"))
    page.wait_online()


def test_what_is_refused_says_why_and_can_be_sent_again(
    server: WebServer, open_page: OpenPage
) -> None:
    page, talker = open_page(server), server.talker()
    page.register("Rex")
    group = talker.create_group("closed")
    page.open(f"g{group}")
    page.write("let me in", "please")
    page.wait_log(("mine", "failed", "let me in"), ("mine", "failed", "please"))
    assert "You are not a member." in page.find(".refusal").text
    page.find(".failed:last-of-type .refusal button:last-child").click()
    page.wait_log(("mine", "failed", "let me in"))

    page.begin("join", group)
    page.find(".refusal button").click()
    page.wait_log(*sent("let me in"))
    assert talker.hears() == "let me in"


def test_a_text_that_no_frame_can_take_is_refused_and_the_next_goes_on(
    server: WebServer, open_page: OpenPage
) -> None:
    page, talker = open_page(server), server.talker()
    page.register("Max")
    page.open(f"u{talker.id}")
    too_long = "\x00" * 16_000  # six bytes each, as JSON
    page.paste(too_long)
    page.press(Keys.ENTER)
    page.write("short")
    page.wait_log(*sent("short"), ("mine", "failed", too_long))
    page.wait_online()


def test_half_characters_do_not_stop_the_rest(server: WebServer, open_page: OpenPage) -> None:
    page, talker = open_page(server), server.talker()
    page.register("Hal")
    page.open(f"u{talker.id}")
    page.paste("")
    page.js("document.activeElement.value = 'half \\ud83d of it'")
    page.press(Keys.ENTER)
    page.write("next")
    page.wait_log(*sent("half \ufffd of it", "next"))
