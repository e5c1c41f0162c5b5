"""The screenshots of docs/terminal.md: ``python -m docs.screenshots``.

A private server with a clock of its own, people who say the same each time, and the
full-screen client, which draws itself into docs/figures/.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from twisted.internet import asyncioreactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint

from chatclient import ChatClient, profiles
from chatclient.address import Server
from chatclient.fullscreen.app import ChatApp
from chatclient.fullscreen.input_box import InputBox
from chatclient.fullscreen.wrap import width
from chatclient.language import use_language
from cluster.nodes import Node
from cluster.process import free_port
from tests.support.faketime import faked_clock

FIGURES = Path(__file__).parent / "figures"
SIZE = (96, 27)
_TEXT = re.compile(
    r'(?P<start><text[^>]*)textLength="(?P<length>[\d.]+)"(?P<end>[^>]*>)(?P<text>[^<]+)<'
)
_WHERE = "chat.local:6000"  # as long as what it stands for
_PASSWORD = "not a secret"  # noqa: S105
_DAY = "2026-11-26"


class Person(ChatClient):
    """Somebody in the conversations."""

    async def come(self, port: int, name: str, reactor: Any) -> int:
        """Make the account, and log in."""
        await self.connect(HostnameEndpoint(reactor, "127.0.0.1", port))
        userid = await self.register(name, _PASSWORD)
        await self.login(userid=userid, password=_PASSWORD, device="pc")
        return userid


class Clock:
    """The server's time of day."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.environment = faked_clock(self._file)

    async def set(self, clock: str) -> None:
        """Let it be this time from now on."""
        self._file.write_text(f"@{_DAY} {clock}:00")
        await asyncio.sleep(2.5)  # it looks once a second


async def draw(reactor: Any) -> None:
    """Make all of them."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clock = Clock(folder)
        node = Node(folder, free_port(), "--hash-threads", "1", **clock.environment)
        node.launch()
        try:
            while not node.is_up():
                await asyncio.sleep(0.1)
            await _draw_all(reactor, folder, node, clock)
        finally:
            node.kill()


async def _draw_all(reactor: Any, folder: Path, node: Node, clock: Clock) -> None:
    await clock.set("09:02")
    server = Server("127.0.0.1", node.port)
    await _draw_start(reactor, folder, server)
    ann = await _async(
        profiles.first_start(
            reactor, folder, "ann", server, account="Ann", password=_PASSWORD, register=True
        )
    )
    people = [Person(reactor) for _ in range(4)]
    bob, lei, mei, tom = people
    ids = [
        await _async(Deferred.fromCoroutine(each.come(node.port, name, reactor)))
        for each, name in zip(people, ("Bob Marsh", "李雷", "韩梅梅", "tom"), strict=True)
    ]
    async with _app(reactor, folder, ann, server) as pilot:
        for friend in ids[:3]:
            await _do(pilot, f"/friend {friend}", f"[{friend}]")
        await _do(pilot, '/group new "release 2.0" "what is left to do"', "created")
        group = 1
        for each in people:
            await _async(each.add_group(group))
        await _do(pilot, "/go Bob", "Bob Marsh")
        await _async(bob.chat(ann.userid, "Morning! Did the build finish?"))
        await _do(pilot, "Yes, at last. Everything is green 🎉", "✓ Yes, at last")
        await clock.set("09:04")
        await _async(bob.chat(ann.userid, "Great. I have put the notes up for review:"))
        await _async(bob.chat(ann.userid, NOTES))
        await _async(bob.chat(ann.userid, "could you read them over before lunch?"))
        await clock.set("09:07")
        await _do(pilot, "On it. 李雷 wants to read them, too", "✓ On it")
        await _do(pilot, "/go 李雷", "李雷")
        await _async(lei.chat(ann.userid, "早上好!发布说明我看过了,写得很清楚。"))
        await _do(pilot, "谢谢!还有两处要改 ✍️", "✓ 谢谢")
        await _do(pilot, "/go release", "release 2.0")
        await _async(tom.group_chat(group, "the mirror is up to date"))
        await _async(mei.group_chat(group, "测试全部通过了 👍"))
        await _do(pilot, "I tag it at noon then", "✓ I tag it")
        await _do(pilot, "/go Bob", "Bob Marsh")
        await clock.set("11:48")
        await _async(tom.group_chat(group, "one more thing: the checksums"))
        await _async(mei.group_chat(group, "我来算"))
        await _async(lei.chat(ann.userid, "改好了吗?"))
        await _async(mei.close())
        await _async(bob.chat(ann.userid, "Thank you, that reads much better"))
        await _wait(pilot, "much better")
        await _type(pilot, "Lunch? The place at the corner has dump")
        await asyncio.sleep(1)
        await _save(pilot, "chat")
        await _do(pilot, "/help unread", "go to the next unread messages")
        await _save(pilot, "help")
        await pilot.press("escape")
        await _do(pilot, "/theme light", "unread: 3")
        use_language("zh_CN")
        await _do(pilot, "/go release", "── 未读")
        await _save(pilot, "zh")
        use_language(None)
        await _do(pilot, "/theme dark", "unread: 1")
        await _do(pilot, "/go Bob", "much better")
        node.kill()
        await _do(pilot, "Then see you at half past twelve", "waiting to be sent: 1")
        await _wait(pilot, "offline:")
        await _save(pilot, "offline")
    for each in people:
        await _async(each.close())


async def _draw_start(reactor: Any, folder: Path, server: Server) -> None:
    app = ChatApp(reactor, folder, "ann", server)
    async with app.run_test(size=(SIZE[0], 20)) as pilot:
        await _wait(pilot, "Welcome")
        await pilot.press(*"Ann", "enter", *"secret")
        await _save(pilot, "start")


NOTES = """\
* the server runs on all cores
* clients find their way back by themselves
* 界面有中文了 (Chinese interface)"""


@asynccontextmanager
async def _app(
    reactor: Any, folder: Path, profile: Any, server: Server
) -> AsyncIterator[Pilot[Any]]:
    app = ChatApp(reactor, folder, "ann", server)
    app.take(profile)
    async with app.run_test(size=SIZE) as pilot:
        await _wait(pilot, "connected to")
        yield pilot
    await _async(Deferred.fromCoroutine(app.close_session()))


async def _type(pilot: Pilot[Any], text: str) -> None:
    pilot.app.screen.query_one(InputBox).put(text)
    await pilot.pause()


async def _do(pilot: Pilot[Any], text: str, seen: str) -> None:
    await _type(pilot, text)
    await pilot.press("enter")
    await _wait(pilot, seen)


async def _save(pilot: Pilot[Any], name: str) -> None:
    await pilot.pause()
    svg = pilot.app.export_screenshot(title="chatclient")
    svg = _TEXT.sub(_as_wide_as_on_a_terminal, svg)
    svg = re.sub(r"127\.0\.0\.1:\d{5}", _WHERE, svg)
    (FIGURES / f"terminal-{name}.svg").write_text(svg, encoding="utf-8")


def _as_wide_as_on_a_terminal(text: re.Match[str]) -> str:
    """The export counts characters where columns are meant."""
    count = len(html.unescape(text["text"]))
    columns = width(html.unescape(text["text"]))
    length = float(text["length"]) * columns / count
    return f'{text["start"]}textLength="{length:g}"{text["end"]}{text["text"]}<'


async def _wait(pilot: Pilot[Any], text: str) -> None:
    """Until it is on the screen."""
    for _ in range(200):
        shown = re.sub("<[^>]+>", "", pilot.app.export_screenshot()).replace("&#160;", " ")
        if text in shown:
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{text!r} does not come; there is:\n{shown}")


def _async(result: Any) -> Any:
    deferred = result if isinstance(result, Deferred) else Deferred.fromCoroutine(result)
    return deferred.asFuture(asyncio.get_running_loop())


def main() -> None:
    """Run it on Twisted's asyncio reactor."""
    asyncioreactor.install()
    from twisted.internet.task import react

    use_language(None)
    react(lambda reactor: Deferred.fromFuture(asyncio.ensure_future(draw(reactor))))


if __name__ == "__main__":
    main()
