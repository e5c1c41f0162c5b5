"""The chat page in a window, as its user sees and handles it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

T = TypeVar("T")
PASSWORD = "secret"
_PATIENCE = 30.0  # seconds

# What the log shows: for each message whose it is, how it stands with it, and its text.
_MESSAGES = """
return [...document.querySelectorAll('.message')].map((row) => [
  row.classList.contains('mine') ? 'mine' : 'theirs',
  ['sending', 'waiting', 'failed'].find((state) => row.classList.contains(state)) ?? 'sent',
  row.querySelector('.text').textContent,
]);
"""


class Page:
    """A window with the page.

    :param url: where it is served. Each host name ending in ``.localhost`` is this machine and, for
        a browser, a site with a memory of its own.
    :param first: a script to run in it before its own, at each visit.
    """

    def __init__(self, driver: Chrome, url: str, first: str = "") -> None:
        driver.switch_to.new_window("window")
        self.driver = driver
        self.url = url
        self.handle = driver.current_window_handle
        #: The account's number, once it is logged in.
        self.id = 0
        self.set_size(1280, 800)
        command = "Page.addScriptToEvaluateOnNewDocument"
        driver.execute_cdp_cmd(command, {"source": first})
        self.visit()

    def use(self) -> Chrome:
        """The driver, turned to this window."""
        if self.driver.current_window_handle != self.handle:
            self.driver.switch_to.window(self.handle)
        return self.driver

    def visit(self, fragment: str = "") -> None:
        """Open the page anew."""
        self.visit_nothing()
        self.driver.get(f"{self.url}#{fragment}")

    def visit_nothing(self) -> None:
        """Leave the page."""
        self.use().get("about:blank")

    def close(self) -> list[str]:
        """Close the window; what the browser has complained of in it."""
        driver = self.use()
        complaints = [entry["message"] for entry in driver.get_log("browser")]
        driver.close()
        driver.switch_to.window(driver.window_handles[0])
        return complaints

    def set_size(self, width: int, height: int, *, is_phone: bool = False) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone}
        self.use().execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def js(self, script: str, *arguments: object) -> Any:
        """What a script returns."""
        return self.use().execute_script(script, *arguments)

    def wait(self, condition: Callable[[], T], what: str = "") -> T:
        """Wait until a condition holds; what it returns then."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            problem = ""
            try:
                if result := condition():
                    return result
            except WebDriverException as exception:
                problem = str(exception.msg)
            assert time.monotonic() < deadline, f"not in time: {what} {problem} {self.text()}"
            time.sleep(0.02)

    def wait_equal(self, value: Callable[[], T], expected: T) -> None:
        """Wait until something has a value."""
        deadline = time.monotonic() + _PATIENCE
        while (last := value()) != expected:
            assert time.monotonic() < deadline, f"{last!r:.2000} is not {expected!r:.2000}"
            time.sleep(0.02)

    def text(self, selector: str = "body") -> str:
        """What an element says; nothing, if there is none."""
        return str(
            self.js("return document.querySelector(arguments[0])?.innerText ?? ''", selector)
        )

    def find(self, selector: str) -> WebElement:
        """The element of a CSS selector, as soon as it is there and visible."""

        def visible() -> WebElement | None:
            found = self.use().find_elements(By.CSS_SELECTOR, selector)
            return next((element for element in found if element.is_displayed()), None)

        element = self.wait(visible, selector)
        assert element
        return element

    def count(self, selector: str) -> int:
        return int(self.js("return document.querySelectorAll(arguments[0]).length", selector))

    def press(self, *keys: str) -> None:
        """Press keys together, wherever the focus is."""
        chain = ActionChains(self.use())
        *held, last = keys
        for key in held:
            chain = chain.key_down(key)
        chain = chain.send_keys(last)
        for key in held:
            chain = chain.key_up(key)
        chain.perform()

    def type(self, text: str) -> None:
        """Type, wherever the focus is."""
        ActionChains(self.use()).send_keys(text).perform()

    def hover(self, selector: str) -> None:
        """Point at an element."""
        ActionChains(self.use()).move_to_element(self.find(selector)).perform()

    def register(self, name: str) -> int:
        """Make an account, by the form; its number."""
        self.find("form.card button.quiet").click()
        self.log_in(name)
        return self.id

    def log_in(self, name: str) -> None:
        """Log in, by the form."""
        who = self.find("[name=username]")
        who.clear()
        who.send_keys(name)
        self.find("[name=password]").send_keys(PASSWORD, Keys.ENTER)
        self.id = int(self.find(".me .number").text.removeprefix("#"))
        self.wait_online()

    def wait_online(self) -> None:
        self.wait(lambda: self.js("return document.querySelector('.status.online') !== null"))

    def open(self, key: str) -> None:
        """Open a conversation."""
        self.js("location.hash = arguments[0]", key)
        self.find(".composer textarea")

    def write(self, *texts: str) -> None:
        """Write to the conversation that is open."""
        for text in texts:
            self.find(".composer textarea").send_keys(text, Keys.ENTER)

    def paste(self, text: str) -> None:
        """Put a text where the next one is written."""
        self.js(
            """
            const input = document.querySelector('.composer textarea');
            input.focus();
            input.value = arguments[0];
            input.dispatchEvent(new Event('input'));
            """,
            text,
        )

    def begin(self, what: str, number: int) -> None:
        """Write to somebody ("chat"), add a "friend" or "join" a group, by its number."""
        self.find(".sidebar header .round").click()
        place = ["chat", "friend", "join"].index(what) + 1
        self.find(f"dialog form:nth-of-type({place}) input").send_keys(str(number), Keys.ENTER)
        self.wait_equal(lambda: self.count("dialog"), 0)

    def log(self) -> list[tuple[str, str, str]]:
        """What the log shows: whose it is, how it stands with it, and the text."""
        return [(whose, state, text) for whose, state, text in self.js(_MESSAGES)]

    def wait_log(self, *rows: tuple[str, str, str]) -> None:
        """Wait until the log shows this and no more."""
        self.wait_equal(self.log, list(rows))

    def wait_texts(self, *texts: str) -> None:
        """Wait until the log shows these texts and no more, all of them sent."""
        self.wait_equal(lambda: [row[1:] for row in self.log()], [("sent", each) for each in texts])
