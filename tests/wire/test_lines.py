"""Frames in the lines dialect, byte for byte; and how clients read them back."""

from __future__ import annotations

import json
from typing import get_args

import msgspec
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from chatserver.wire import frames
from chatserver.wire.dialects import CLASSIC, LINES, Dialect
from chatserver.wire.frames import decode_frame
from tests.wire.samples import json_values, property_of_many, texts

TIME = "2026-11-22T19:45:12.007Z"
USER = frames.GroupUser(id=13, name="zhang san", state="online", role="creator")
GROUP = frames.Group(id=2, groupname="g", groupdesc="", users=[USER])
FRIEND = frames.Friend(id=15, name="li si", state="offline")
CHAT = frames.OneChatPush(id=13, name="张三", toid=15, msg='"\0\n', time=TIME, conv=4, seq=7)
GROUP_CHAT = frames.GroupChatPush(
    id=13, name="z", groupid=2, msg="hi", time=TIME, conv=5, seq=1, cid="c1"
)

EXAMPLES: list[tuple[frames.AnyFrame, bytes]] = [
    (
        frames.LoginAck(
            req=1,
            id=13,
            name="z",
            friends=[],
            groups=[],
            token="t",
            expires=TIME,
            pending=0,
        ),
        b'{"msgid":2,"req":1,"errno":0,"id":13,"name":"z","friends":[],"groups":[],'
        b'"token":"t","expires":"2026-11-22T19:45:12.007Z","pending":0}\n',
    ),
    (
        frames.LoginAck(friends=[FRIEND], groups=[GROUP]),
        b'{"msgid":2,"errno":0,"friends":[{"id":15,"name":"li si","state":"offline"}],'
        b'"groups":[{"id":2,"groupname":"g","groupdesc":"","users":[{"id":13,'
        b'"name":"zhang san","state":"online","role":"creator"}]}]}\n',
    ),
    (
        frames.LoginAck(errno=109, errmsg="wait", retry_after=1.5),
        b'{"msgid":2,"errno":109,"errmsg":"wait","retry_after":1.5}\n',
    ),
    (frames.RegisterAck(id=22), b'{"msgid":4,"errno":0,"id":22}\n'),
    (
        CHAT,
        '{"msgid":5,"id":13,"name":"张三","toid":15,"msg":"\\"\\u0000\\n",'
        '"time":"2026-11-22T19:45:12.007Z","conv":4,"seq":7}\n'.encode(),
    ),
    (
        GROUP_CHAT,
        b'{"msgid":9,"id":13,"name":"z","groupid":2,"msg":"hi",'
        b'"time":"2026-11-22T19:45:12.007Z","conv":5,"seq":1,"cid":"c1"}\n',
    ),
    (frames.Reply(re=10), b'{"msgid":11,"re":10,"errno":0}\n'),
    (
        frames.Reply(errno=100, errmsg="no"),
        b'{"msgid":11,"errno":100,"errmsg":"no"}\n',
    ),
    (
        frames.Reply(re=5, req="r", conv=4, seq=7, time=TIME, dup=True),
        b'{"msgid":11,"re":5,"req":"r","errno":0,"conv":4,"seq":7,'
        b'"time":"2026-11-22T19:45:12.007Z","dup":true}\n',
    ),
    (
        frames.Reply(re=15, conv=5, messages=[GROUP_CHAT], more=False),
        b'{"msgid":11,"re":15,"errno":0,"conv":5,"messages":[{"msgid":9,"id":13,"name":"z",'
        b'"groupid":2,"msg":"hi","time":"2026-11-22T19:45:12.007Z","conv":5,"seq":1,'
        b'"cid":"c1"}],"more":false}\n',
    ),
    (frames.ServerPing(), b'{"msgid":13}\n'),
    (frames.ServerPong(t=msgspec.Raw(b"[1]")), b'{"msgid":14,"t":[1]}\n'),
    (frames.PresencePush(id=13, state="offline"), b'{"msgid":16,"id":13,"state":"offline"}\n'),
    (frames.Goodbye(reason="replaced"), b'{"msgid":17,"reason":"replaced"}\n'),
    (
        frames.Goodbye(reason="shutdown", retry_after=0.25),
        b'{"msgid":17,"reason":"shutdown","retry_after":0.25}\n',
    ),
    (
        frames.SignalPush(id=13, groupid=2, data=msgspec.Raw(b'{"x":null}')),
        b'{"msgid":18,"id":13,"groupid":2,"data":{"x":null}}\n',
    ),
]


class LinesTests(SynchronousTestCase):
    """One JSON object a line, nested data as it is."""

    def test_frames_byte_for_byte(self) -> None:
        for frame, expected in EXAMPLES:
            self.assertEqual(LINES.encode(frame), (expected,))

    def test_every_frame_has_an_example(self) -> None:
        kinds = {type(frame) for frame, _ in EXAMPLES}
        self.assertEqual(kinds, set(get_args(frames.AnyFrame)))

    def test_the_usual_answer_to_a_send_is_a_reply(self) -> None:
        for more in ({"req": "r"}, {"req": 7, "dup": True}, {"req": msgspec.UNSET}):
            fields = {"re": 5, "conv": 4, "seq": 7, "time": TIME, **more}
            reply = LINES.encode(frames.Reply(**fields))  # type: ignore[arg-type]
            self.assertEqual(LINES.encode(frames.Sent(**fields)), reply)  # type: ignore[arg-type]

    def test_a_login_reply_carries_no_messages(self) -> None:
        ack = frames.LoginAck(id=13, name="z", friends=[], groups=[], pending=1)
        self.assertEqual(LINES.login_reply(ack, [CHAT]), (LINES.encode(ack)[0], 0))

    @property_of_many
    @given(texts)
    def test_no_text_breaks_a_line(self, text: str) -> None:
        (line,) = LINES.encode(msgspec.structs.replace(CHAT, msg=text, name=text))
        self.assertEqual(line.find(b"\n"), len(line) - 1)
        self.assertNotIn(b"\0", line)
        self.assertEqual(json.loads(line)["msg"], text)


class ReadingTests(SynchronousTestCase):
    """Clients read what the server writes."""

    def test_every_frame_comes_back_as_it_was(self) -> None:
        for frame, line in EXAMPLES:
            self.assertEqual(decode_frame(line), frame)

    def test_fields_of_a_newer_server_are_ignored(self) -> None:
        self.assertEqual(
            decode_frame(b'{"msgid":11,"re":10,"errno":0,"new":{"a":1}}'), frames.Reply(re=10)
        )

    def test_a_frame_of_a_newer_server_is_an_error_that_can_be_caught(self) -> None:
        for line in (b'{"msgid":19}', b'{"errno":0}', b"[]", b"", b'{"msgid":16,"id":"x"}'):
            self.assertRaises(msgspec.DecodeError, decode_frame, line)

    @property_of_many
    @given(json_values)
    def test_the_data_of_a_signal_comes_back_as_it_was(self, value: object) -> None:
        raw = msgspec.Raw(json.dumps(value).encode())
        (line,) = LINES.encode(frames.SignalPush(id=1, toid=2, data=raw))
        frame = decode_frame(line)
        assert isinstance(frame, frames.SignalPush)
        self.assertEqual(msgspec.json.decode(frame.data), value)


class PartTests(SynchronousTestCase):
    """Groups that were encoded before the rest of a login's answer."""

    def test_the_answer_is_the_same(self) -> None:
        groups = [
            frames.Group(id=number, groupname=f"g{number}", groupdesc='"', users=[USER] * number)
            for number in range(3)
        ]
        dialects: list[Dialect] = [LINES, CLASSIC]
        for dialect in dialects:
            parts = [dialect.part(group) for group in groups]
            whole = frames.LoginAck(id=13, name="z", friends=[FRIEND], groups=groups)
            joined = frames.LoginAck(id=13, name="z", friends=[FRIEND], groups=parts)
            self.assertEqual(dialect.login_reply(joined, ()), dialect.login_reply(whole, ()))
