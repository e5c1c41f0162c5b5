"""``python -m tests.browser.screenshots docs/figures`` takes the pictures for the documentation."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.browser.browser import chromium
from tests.browser.conftest import WebServer
from tests.browser.page import Page
from tests.browser.talker import Talker


def play(server: WebServer, page: Page) -> list[Talker]:
    """Let some people talk, and open their group; who stays there."""
    ann, bob, sol, mei = page, *(server.talker(name) for name in ("Bob", "Sol", "韩梅梅"))
    ann.register("Ann")
    for friend in (sol, bob):
        ann.begin("friend", friend.id)
    group = mei.create_group("Book club 读书会")
    bob.ask({"msgid": 8, "groupid": group})
    ann.begin("join", group)
    sol.tell(ann.id, "Did you see the new figures?")
    bob.tell(ann.id, "Are you coming on Wednesday?")
    bob.tell(ann.id, "I bring tea 🍵")
    mei.tell_group(group, "晚上好！这周读第三章。")
    say(ann, mei, "I am halfway through it, and it is wonderful. I missed my stop for it.")
    bob.tell_group(group, "So did I! Here is what others say: https://example.org/chapter-three")
    say(ann, mei, "好，周三见！")
    mei.tell_group(group, "带上茶 😄")
    ann.wait(lambda: "带上茶" in ann.text(".log"))
    sol.close()
    ann.wait(lambda: ann.count(".conversations .dot.offline") == 1)
    return [bob, mei]


def say(page: Page, other: Talker, text: str) -> None:
    page.write(text)
    while other.hears() != text:
        pass


def take(page: Page, file: Path, width: int, height: int, scheme: str, *, is_phone: bool) -> None:
    """A picture of a page, without the signs of who drives it."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.use().execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    page.set_size(width, height, is_phone=is_phone)
    page.js("document.activeElement.blur()")
    page.hover(".log")
    page.js("return new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 500)))")
    assert page.driver.save_screenshot(str(file))


def main() -> None:
    folder = Path(sys.argv[1])
    with TemporaryDirectory() as scratch:
        server = WebServer(Path(scratch))
        try:
            with chromium(Path(scratch, "profile")) as driver:
                page = Page(driver, f"http://chat.localhost:{server.web}/")
                people = play(server, page)
                take(page, folder / "web-desk.png", 1080, 640, "light", is_phone=False)
                key = page.js("return location.hash.slice(1)")
                page.js("localStorage.language = 'zh'")
                page.visit(key)
                page.wait_online()
                page.wait(lambda: "带上茶" in page.text(".log"))
                take(page, folder / "web-phone.png", 390, 640, "dark", is_phone=True)
                for person in people:
                    person.close()
        finally:
            server.kill()


if __name__ == "__main__":
    main()
