"""The page's examples: they are valid, and a server says what the page says that it says."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

from twisted.trial.unittest import TestCase

from chatserver.wire.codec import Rejected, decode
from chatserver.wire.frames import decode_frame
from chatserver.wire.requests import Request
from tests.docs import page
from tests.docs.page import Closing, Frame
from tests.support.servers import ServerCase
from tests.support.wire import WireClient

NUL_SIGN = "␀"
CLASSIC = "classic"
TELL_WHAT_THE_FRAME_IS = (100, 101, 102)
# They may come at any time after what the page tells.
UNTOLD = (16, 17)


class FrameTests(TestCase):
    """Every frame on the page, by itself."""

    def test_requests_are_valid_unless_the_next_line_refuses_them(self) -> None:
        for example in page.examples():
            for frame, following in pairwise([*example.frames, Frame(0, "S", "{}")]):
                if frame.side == "C":
                    self.check_request(frame, errno_of(following))

    def check_request(self, frame: Frame, errno: int) -> None:
        request = decode(frame.text.rstrip(NUL_SIGN).encode())
        if errno in TELL_WHAT_THE_FRAME_IS:
            assert isinstance(request, Rejected), frame
            self.assertEqual(request.error.errno, errno, frame)
        else:
            self.assertIsInstance(request, Request, frame)

    def test_server_s_frames_are_valid(self) -> None:
        for example in page.examples():
            if example.connection != CLASSIC:
                for frame in example.frames:
                    if frame.side == "S":
                        self.assertTrue(decode_frame(frame.text.encode()), frame)

    def test_no_example_goes_unchecked(self) -> None:
        checked = {frame.line for example in page.examples() for frame in example.frames}
        self.assertGreater(len(checked), 80)
        for fence in page.fences():
            for number, line in fence.lines:
                if "msgid" in line and not fence.info.startswith("python"):
                    self.assertIn(number, checked)
        self.assertNotIn('{"msgid"', "\n".join(page.prose()))

    def test_every_message_has_an_example(self) -> None:
        shown = {
            (json.loads(frame.text)["msgid"], frame.side)
            for example in page.examples()
            for frame in example.frames
            if frame.text.startswith("{") and not frame.text.endswith(NUL_SIGN)
        }
        rows = page.table("msgid", "name", "sent by", "fields")
        sides = {"client": "C", "server": "S"}
        self.assertEqual(shown, {(int(row["msgid"]), sides[row["sent by"]]) for row in rows})


class StoryTests(ServerCase):
    """All examples one after the other, as a reader may type them, against a new server."""

    maxDiff = None

    async def test_server_says_what_the_page_says(self) -> None:
        self.talking: dict[str, WireClient] = {}
        self.tokens: dict[str, str] = {}
        for part in page.story():
            if isinstance(part, Closing):
                await self.talking.pop(part.connection).hang_up()
            elif part.connection:
                client = await self.client(part.connection)
                for frame in part.frames:
                    if frame.side == "C":
                        self.say(client, part.connection, frame)
                    else:
                        await self.hear(client, frame)
        for name, client in self.talking.items():
            untold = [frame for frame in await client.quiet(0.05) if frame["msgid"] not in UNTOLD]
            self.assertEqual(untold, [], name)

    async def client(self, connection: str) -> WireClient:
        if connection not in self.talking:
            terminator = b"\0" if connection == CLASSIC else b"\n"
            self.talking[connection] = await self.connect(terminator)
        return self.talking[connection]

    def say(self, client: WireClient, connection: str, frame: Frame) -> None:
        text = frame.text
        for told, real in self.tokens.items():
            text = text.replace(told, real)
        if connection == CLASSIC:
            client.send_bytes(text.replace(NUL_SIGN, "\0").encode())
        else:
            client.send_bytes(text.encode() + b"\n")

    async def hear(self, client: WireClient, frame: Frame) -> None:
        told = json.loads(frame.text.rstrip(NUL_SIGN))
        names = {name: told[name] for name in ("msgid", "re", "state") if name in told}
        real = await client.next(**names)
        if "token" in told:
            self.tokens[told["token"]] = real["token"]
        self.assertEqual(timeless(real), timeless(told), frame)


def errno_of(frame: Frame) -> int:
    """The errno in a reply; 0 where there is none."""
    if frame.side != "S":
        return 0
    errno = json.loads(frame.text.rstrip(NUL_SIGN)).get("errno", 0)
    assert isinstance(errno, int)
    return errno


def timeless(message: dict[str, Any]) -> str:
    """A frame as text, its fields in the order sent, with the same time and token in all."""
    text = json.dumps(message, ensure_ascii=False)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "(time)", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "(local time)", text)
    return re.sub(r'"token": "[\w-]{43}"', '"token": "(token)"', text)
