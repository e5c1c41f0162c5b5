"""Runs the page's modules by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.page import Page

Run = Callable[[str], Any]
# A server that says nothing but what a test lets it say.
_PRELUDE = """
class FakeWebSocket extends EventTarget {
  readyState = WebSocket.CONNECTING;
  sent = [];
  answer = () => {};
  open() {
    this.readyState = WebSocket.OPEN;
    this.dispatchEvent(new Event('open'));
  }
  send(text) {
    const frame = JSON.parse(text);
    this.sent.push(frame);
    this.answer(frame);
  }
  say(frame) { this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) })); }
  close() { this.readyState = WebSocket.CLOSED; }
}
const messages = (first, last) =>
  Array.from({ length: last - first + 1 }, (_, at) => ({ seq: first + at, msg: `${first + at}` }));
const until = async (condition) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};
"""


def run_in(page: Page, script: str) -> Any:
    """Run the body of an async function in a page; what it returns."""
    whole = (
        "const done = arguments[arguments.length - 1];"
        f"(async () => {{ {_PRELUDE} {script} }})()"
        ".then((result = null) => done({ result }), (why) => done({ why: `${why.stack}` }));"
    )
    page.use().set_script_timeout(30)
    answer = page.driver.execute_async_script(whole)
    assert "result" in answer, answer
    return answer["result"]
