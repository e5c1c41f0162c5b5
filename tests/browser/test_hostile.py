"""What others write can't do anything to the page."""

from __future__ import annotations

import re
from urllib.request import urlopen

from tests.browser.conftest import OpenPage, WebServer

_MARKUP = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
_TEXTS = [
    _MARKUP,
    "<style>*{display:none}</style><iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
    "javascript:window.hacked=1 https://example.org/?q=<b>&amp;'\"",
    "&lt;b&gt; ${window.hacked=1} {{window.hacked=1}}",
]


def test_markup_in_texts_and_names_is_shown_as_it_is(
    server: WebServer, open_page: OpenPage
) -> None:
    page, mallory = open_page(server), server.talker('<b id="evil">M</b><svg onload=hacked=1>')
    me = page.register("Alice")
    group = mallory.create_group('<i class="evil">G</i>')
    for text in _TEXTS:
        mallory.tell(me, text)
    page.wait(lambda: mallory.name in page.text())
    page.open(f"u{mallory.id}")
    page.wait_texts(*_TEXTS)
    page.find(".conversation header button.round").click()
    page.wait_equal(lambda: page.text("dialog h2"), mallory.name)
    page.find("dialog header button").click()
    page.begin("join", group)
    mallory.tell_group(group, _MARKUP)
    page.wait_texts(_MARKUP)
    page.find(".conversation header button.round").click()
    page.wait(lambda: mallory.name in page.text("dialog .members"))

    assert page.js("return window.hacked") is None
    made = (
        "#evil, .evil, .log img, .log iframe, .log script, .log style, dialog b, dialog svg[onload]"
    )
    assert page.count(made) == 0
    assert page.count('a[href^="javascript"]') == 0


def test_links_lead_where_they_say_and_tell_nothing(server: WebServer, open_page: OpenPage) -> None:
    page, talker = open_page(server), server.talker()
    talker.tell(page.register("Linus"), "see https://example.org/a_(b)?c=d, and (http://x.test).")
    page.open(f"u{talker.id}")
    page.find(".text a")
    links = page.js(
        "return [...document.querySelectorAll('.text a')].map((a) => [a.href, a.rel, a.target])"
    )
    safe = ["noopener noreferrer", "_blank"]
    assert links == [["https://example.org/a_(b)?c=d", *safe], ["http://x.test/", *safe]]


def test_scripts_and_styles_of_elsewhere_do_not_run(server: WebServer, open_page: OpenPage) -> None:
    page = open_page(server)
    page.find("form.card")
    blocked = page.js(
        """
        const script = document.createElement('script');
        script.textContent = 'window.hacked = 1';
        document.body.append(script);
        document.body.setAttribute('style', 'display: none');
        return [window.hacked ?? null, getComputedStyle(document.body).display];
        """
    )
    assert blocked == [None, "block"]
    complaints = [entry["message"] for entry in page.driver.get_log("browser")]
    assert len([each for each in complaints if "Content Security Policy" in each]) == 2


def test_a_name_can_not_turn_what_surrounds_it(server: WebServer, open_page: OpenPage) -> None:
    page, talker = open_page(server), server.talker("مرحبا 123")
    talker.tell(page.register("Rita"), "שלום, world!")
    page.open(f"u{talker.id}")
    page.wait_texts("שלום, world!")
    assert page.count(".conversations .title > bdi") == 1
    assert page.count(".conversation h2 > bdi") == 1
    right_to_left = "getComputedStyle(document.querySelector('.text')).direction"
    assert page.js(f"return {right_to_left}") == "rtl"
    # The time still stands to the right of the name.
    places = page.js(
        "return ['.title', 'time'].map((what) =>"
        " document.querySelector(`.conversations ${what}`).getBoundingClientRect().left)"
    )
    assert places[0] < places[1]


def test_long_words_and_texts_make_nothing_wider(server: WebServer, open_page: OpenPage) -> None:
    page, talker = open_page(server), server.talker("W" * 50)
    texts = ["x" * 16_384, "长" * 16_384, "https://example.org/" + "y" * 3000, "﷽" * 300]
    me = page.register("Wanda")
    for text in texts:
        talker.tell(me, text)
    page.set_size(390, 844, is_phone=True)
    page.open(f"u{talker.id}")
    page.wait_texts(*texts)
    for selector in ("html", ".log", ".sidebar", ".conversation > header"):
        wider = (
            "const e = document.querySelector(arguments[0]); return e.scrollWidth - e.clientWidth"
        )
        assert page.js(wider, selector) <= 0, selector


def test_the_page_names_no_other_site(server: WebServer) -> None:
    with urlopen(f"http://127.0.0.1:{server.web}/") as answer:
        html = answer.read().decode()
        policy = answer.headers["content-security-policy"]
    assert not re.search(r"https?://", html)
    assert "'unsafe" not in policy
