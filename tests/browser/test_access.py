"""The page for those who use a keyboard, a screen reader, or a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys

from tests.browser.accessibility import names, nodes
from tests.browser.conftest import OpenPage, WebServer, opener
from tests.browser.page import Page
from tests.browser.talker import Talker

# All that can be pressed or typed into, with the size of its target.
_TARGETS = """
return [...document.querySelectorAll('a, button, input, select, textarea')]
  .filter((e) => e.checkVisibility() && !e.closest('.text'))
  .map((e) => [e, e.getBoundingClientRect(), getComputedStyle(e).fontSize])
  .map(([e, box, size]) => [e.ariaLabel || e.textContent || e.id, box.width, box.height, size]);
"""
# The least contrast of letters against what is behind them, and which letters.
_CONTRASTS = """
const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
const paint = (colours) => {
  canvas.clearRect(0, 0, 1, 1);
  for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const light = (rgb) => {
  const [r, g, b] = rgb.map((c) => linear(c / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (e) =>
  e ? [...behind(e.parentElement), getComputedStyle(e).backgroundColor] : ['white'];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const found = [];
while (walker.nextNode()) {
  const e = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !e.checkVisibility()) continue;
  if (e.closest('.unseen, :disabled, option')) continue;
  const under = behind(e);
  const [a, b] = [light(paint(under)), light(paint([...under, getComputedStyle(e).color]))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) found.push([walker.currentNode.data.slice(0, 40), ratio]);
}
return found;
"""


class Scene(NamedTuple):
    """A page with a friend, a group, messages, and one that was refused."""

    page: Page
    friend: Talker
    group: int


@pytest.fixture(scope="module")
def played(driver: Chrome, server: WebServer) -> Iterator[Scene]:
    with opener(driver) as open_page:
        page, bob = open_page(server), server.talker()
        page.register(f"friend of {bob.name}")
        page.begin("friend", bob.id)
        bob.tell(page.id, "hello")
        page.write("hi")
        page.wait_texts("hello", "hi")
        group = bob.create_group(f"group of {bob.name}")
        page.begin("join", group)
        bob.tell_group(group, "welcome")
        page.wait_texts("welcome")
        page.open("g999999")
        page.write("nobody reads this")
        page.wait_equal(lambda: page.count(".refusal"), 1)
        yield Scene(page, bob, group)


@pytest.fixture
def scene(played: Scene) -> Scene:
    """The group is open, and nothing else; the page is as large as on a desk."""
    page, _, group = played
    page.set_size(1280, 800)
    page.js("document.querySelectorAll('dialog').forEach((dialog) => dialog.close())")
    page.open(f"g{group}")
    page.wait_texts("welcome")
    return played


def test_a_screen_reader_finds_its_way(scene: Scene) -> None:
    page, friend, _ = scene
    friend.tell(page.id, "unread")
    page.wait_equal(lambda: page.text(".count > span"), "1")
    told = nodes(page)
    for role in ("navigation", "main", "log", "list"):
        assert role in {node.role for node in told}
    assert names(page, "navigation") == ["Conversations"]
    assert names(page, "log") == ["Messages"]
    assert "Write a message" in names(page, "textbox")
    assert {"Send", "New", "About this conversation"} <= set(names(page, "button"))
    links = names(page, "link")
    assert any(friend.name in link and "online" in link and "1 unread" in link for link in links), (
        links
    )
    assert page.count('a[aria-current="page"]') == 1
    controls = {"button", "link", "textbox", "combobox", "switch", "dialog"}
    nameless = [node for node in told if node.role in controls and not node.name]
    assert nameless == []
    assert page.js("return document.documentElement.lang") == "en-GB"
    assert page.js("return document.querySelectorAll('h1').length") <= 1


def test_new_messages_are_told_and_history_is_not(scene: Scene) -> None:
    page, friend, _ = scene
    said = """
    const region = document.querySelector('.unseen[role=status]');
    window.said = [];
    new MutationObserver(() => region.textContent && said.push(region.textContent))
      .observe(region, { childList: true });
    """
    page.js(said)
    page.open(f"u{friend.id}")
    page.wait(lambda: "hello" in page.text(".log"))
    friend.tell(page.id, "listen")
    page.wait_equal(lambda: page.js("return window.said"), [f"{friend.name}: listen"])
    assert page.js("return document.querySelector('[role=log]').ariaLive") == "off"


def test_all_can_be_done_by_keyboard(server: WebServer, open_page: OpenPage) -> None:
    page, talkers = open_page(server), [server.talker() for _ in range(3)]
    # The field for the name has the focus; Tab leads through the form.
    page.press(Keys.TAB)
    page.press(Keys.TAB)
    page.press(Keys.TAB)
    page.press(Keys.ENTER)  # I have no account yet
    page.type("Keyboard")
    page.press(Keys.TAB)
    page.type("secret")
    page.press(Keys.ENTER)
    page.wait_online()
    page.id = int(page.text(".me .number").removeprefix("#"))
    for talker in talkers:
        talker.tell(page.id, f"from {talker.name}")
    page.wait_equal(lambda: page.count(".count"), 3)

    page.press(Keys.ALT, Keys.ARROW_DOWN)
    page.wait_texts(f"from {talkers[2].name}")
    page.type("one")
    page.press(Keys.SHIFT, Keys.ENTER)
    page.type("two")
    page.press(Keys.ENTER)
    assert talkers[2].hears() == "one\ntwo"
    page.press(Keys.ALT, "a")
    page.wait_texts(f"from {talkers[1].name}")
    page.press(Keys.ALT, "a")
    page.wait_texts(f"from {talkers[0].name}")
    page.press(Keys.ALT, Keys.ARROW_UP)
    page.wait_texts(f"from {talkers[1].name}")

    page.press(Keys.ESCAPE)
    page.wait_equal(lambda: page.count(".conversation.is-empty"), 1)
    page.press(Keys.CONTROL, "/")
    assert "Shift" in page.find("dialog kbd + kbd, dialog dl").text
    page.press(Keys.ESCAPE)
    page.wait_equal(lambda: page.count("dialog"), 0)


def test_the_focus_goes_everywhere_and_is_seen(scene: Scene) -> None:
    page, friend, _ = scene
    page.js("document.activeElement.blur()")
    seen = set()
    for _ in range(25):
        page.press(Keys.TAB)
        tag, name, outline = page.js(
            "const e = document.activeElement;"
            "return [e.tagName, e.ariaLabel || e.textContent, getComputedStyle(e).outlineStyle]"
        )
        assert outline != "none" or tag == "BODY", name
        seen.add(name)
    assert {"New", "Messages", "Write a message", "About this conversation"} <= seen
    assert any(friend.name in name for name in seen)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out(scene: Scene, scheme: str) -> None:
    page, friend, group = scene
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.use().execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    for key in (f"u{friend.id}", f"g{group}", "g999999"):
        page.open(key)
        page.wait(lambda: page.count(".message"))
        assert page.js(_CONTRASTS) == []
    page.find(".sidebar header .round").click()
    page.find("dialog")
    assert page.js(_CONTRASTS) == []


def test_a_phone_shows_one_thing_at_a_time(scene: Scene) -> None:
    page, friend, _ = scene
    page.set_size(390, 844, is_phone=True)
    page.wait(lambda: not page.find(".conversation").rect["x"])
    assert not page.js("return document.querySelector('.sidebar').checkVisibility()")
    check_for_fingers(page)
    page.find(".back").click()
    page.wait(lambda: page.js("return document.querySelector('.sidebar').checkVisibility()"))
    assert not page.js("return document.querySelector('.conversation').checkVisibility()")
    check_for_fingers(page)
    page.find(f'a[href="#u{friend.id}"]').click()
    page.wait(lambda: "hello" in page.text(".log"))
    page.driver.back()
    page.wait(lambda: page.js("return document.querySelector('.sidebar').checkVisibility()"))
    page.find(".me").click()
    page.find("dialog")
    check_for_fingers(page)
    page.press(Keys.ESCAPE)
    page.find(".sidebar header .round").click()
    page.find("dialog")
    check_for_fingers(page)


def check_for_fingers(page: Page) -> None:
    """All targets are large enough, no field makes a phone zoom, and nothing is too wide."""
    for name, width, height, size in page.js(_TARGETS):
        least = 24 if name == "notifications" else 43
        assert min(width, height) >= least, (name, width, height)
        assert float(size.removesuffix("px")) >= 15 or not size, (name, size)
    assert page.js("return document.documentElement.scrollWidth") <= 390


def test_chinese(server: WebServer, open_page: OpenPage) -> None:
    page = open_page(server)
    assert page.find("h2").text == "Log in"
    page.find("#language").send_keys("中文")
    page.wait_equal(lambda: page.text("h2"), "登录")
    assert page.js("return document.documentElement.lang") == "zh-CN"
    page.find("[name=username]").send_keys("没有这个人")
    page.find("[name=password]").send_keys("x", Keys.ENTER)
    page.wait_equal(lambda: page.text(".problem"), "用户名、编号或密码不正确。")
    page.visit()
    assert page.find("h2").text == "登录"
    page.register("韩梅梅")
    page.find(".sidebar header .round").click()
    page.find("dialog form input").send_keys("999999", Keys.ENTER)
    page.wait_equal(lambda: page.text("dialog .problem"), "没有这个编号的用户。")


def test_the_language_of_the_browser_is_the_pages(server: WebServer, open_page: OpenPage) -> None:
    script = "Object.defineProperty(navigator, 'languages', { get: () => ['fr', 'zh-TW', 'en'] });"
    page = open_page(server, first=script)
    page.wait_equal(lambda: page.text("h2"), "登录")
    assert page.js("return document.documentElement.lang") == "zh-TW"
