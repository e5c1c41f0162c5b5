"""Frames of the classic dialect, found in bytes that come in any pieces."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from chatserver.wire.framing import ClassicSplitter, FrameTooLong
from chatserver.wire.requests import CreateGroup, GroupChat, Login
from tests.wire.samples import accepted, json_values, property_of_many, property_of_some, texts

TOO_LONG = b"<too long>"
MAX = 100


def split(pieces: Iterable[bytes], max_frame: int = MAX) -> list[bytes]:
    """The frames in these pieces; a last TOO_LONG where the splitter gave up."""
    splitter = ClassicSplitter(max_frame)
    frames: list[bytes] = []
    for piece in pieces:
        splitter.feed(piece)
        try:
            while (frame := splitter.next_frame()) is not None:
                frames.append(frame)
        except FrameTooLong:
            return [*frames, TOO_LONG]
    return frames


def one_by_one(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


class SplitterCase(SynchronousTestCase):
    """Compares what comes in one piece and in the smallest pieces with what must come."""

    def assert_frames(self, data: bytes, *expected: bytes, max_frame: int = MAX) -> None:
        self.assertEqual(split([data], max_frame), list(expected))
        self.assertEqual(split(one_by_one(data), max_frame), list(expected))


class EndsTests(SplitterCase):
    """Where a frame ends."""

    def test_at_a_nul(self) -> None:
        self.assert_frames(b'{"msgid":10}\0{"msgid":13}\0', b'{"msgid":10}', b'{"msgid":13}')

    def test_where_its_object_is_complete(self) -> None:
        self.assert_frames(b'{"msgid":7}{"msgid":10}', b'{"msgid":7}', b'{"msgid":10}')

    def test_not_before_the_rest_has_come(self) -> None:
        data = b'{"groupid":2,"id":13,"msg":"hi","msgid":9}'
        for cut in range(len(data)):
            self.assertEqual(split([data[:cut]]), [])
            self.assertEqual(split([data[:cut], data[cut:]]), [data])

    def test_white_space_and_nuls_between_objects_are_ignored(self) -> None:
        self.assert_frames(b' \0\0\r\n\t{"a":1} \n\0 {"b":2}\r\n\0\0', b'{"a":1}', b'{"b":2}')

    def test_white_space_inside_belongs_to_the_object(self) -> None:
        self.assert_frames(b' { "a" :\n1 } ', b'{ "a" :\n1 }')

    def test_objects_inside_do_not_end_it(self) -> None:
        data = b'{"a":{"b":{}},"c":[{},{}]}'
        self.assert_frames(data + data, data, data)

    def test_braces_in_strings_count_for_nothing(self) -> None:
        for text in (b"}", b"{", b"{{{", b"}}}", b"}{"):
            data = b'{"%b":"%b"}' % (text, text)
            self.assert_frames(data + data + b"\0", data, data)

    def test_a_quote_behind_a_backslash_does_not_end_a_string(self) -> None:
        for text in (rb"\"}", rb"\\\"}", rb"\"\"{", rb"\u0022}"):
            data = b'{"a":"%b"}' % text
            self.assert_frames(data + data, data, data)

    def test_a_quote_behind_an_escaped_backslash_does(self) -> None:
        for text in (rb"\\", rb"}\\\\", rb"\"\\"):
            data = b'{"a":"%b"}' % text
            self.assert_frames(data + data, data, data)

    def test_more_may_come_before_the_frames_are_taken(self) -> None:
        """As when a client is read more slowly than it sends."""
        splitter = ClassicSplitter(MAX)
        splitter.feed(b'{"a":1}{"b":2}\0{"c"')
        self.assertEqual(splitter.next_frame(), b'{"a":1}')
        splitter.feed(b":3}")
        self.assertEqual(splitter.next_frame(), b'{"b":2}')
        splitter.feed(b'{"d":4}')
        rest = [splitter.next_frame() for _ in range(3)]
        self.assertEqual(rest, [b'{"c":3}', b'{"d":4}', None])

    def test_nothing_comes_of_nothing(self) -> None:
        for data in (b"", b"\0", b"\0" * 300, b" \r\n\t\0 " * 100):
            self.assert_frames(data)


class GarbageTests(SplitterCase):
    """What is no object ends at the next NUL, so that the frames behind it are found again."""

    def test_garbage_up_to_a_nul_is_a_frame(self) -> None:
        self.assert_frames(b'login\0{"a":1}', b"login", b'{"a":1}')
        self.assert_frames(b'[{"a":1}]\0{"a":1}', b'[{"a":1}]', b'{"a":1}')
        self.assert_frames(b'"{"\0{"a":1}\0', b'"{"', b'{"a":1}')
        self.assert_frames(b'}\0{"a":1}\0', b"}", b'{"a":1}')

    def test_garbage_without_a_nul_waits_for_one(self) -> None:
        self.assert_frames(b'login {"a":1} "')

    def test_a_nul_ends_an_object_that_is_not_complete(self) -> None:
        self.assert_frames(b'{"a":1\0{"b":2}', b'{"a":1', b'{"b":2}')
        self.assert_frames(b'{"a":{"b":1}\0{"b":2}', b'{"a":{"b":1}', b'{"b":2}')

    def test_a_nul_ends_a_string_that_is_not_complete(self) -> None:
        self.assert_frames(b'{"a":"x\0{"b":2}', b'{"a":"x', b'{"b":2}')
        self.assert_frames(b'{"a":"}\0"}\0', b'{"a":"}', b'"}')

    def test_a_nul_ends_an_escape_that_is_not_complete(self) -> None:
        self.assert_frames(b'{"a":"\\\0{"b":2}', b'{"a":"\\', b'{"b":2}')
        self.assert_frames(b'{"a":"\\u00\0{"b":2}', b'{"a":"\\u00', b'{"b":2}')

    def test_closing_braces_too_many_are_garbage_of_their_own(self) -> None:
        self.assert_frames(b'{"a":1}}}\0{"b":2}', b'{"a":1}', b"}}", b'{"b":2}')


class TooLongTests(SplitterCase):
    """More than ``max_frame`` bytes without an end."""

    def test_a_frame_may_have_just_that_many_bytes(self) -> None:
        data = b'{"a":"%b"}' % (b"x" * (MAX - 8))
        self.assertEqual(len(data), MAX)
        self.assert_frames(data + data + b"\0" + data + b"\0", data, data, data)

    def test_one_more_is_too_long(self) -> None:
        data = b'{"a":"%b"}' % (b"x" * (MAX - 7))
        self.assert_frames(data, TOO_LONG)
        self.assert_frames(data + b"\0" + b'{"a":1}', TOO_LONG)

    def test_frames_before_it_are_found(self) -> None:
        self.assert_frames(b'{"a":1}{"b":2}\0' + b"{" * 101, b'{"a":1}', b'{"b":2}', TOO_LONG)

    def test_garbage_can_be_too_long(self) -> None:
        self.assert_frames(b"x" * MAX + b"\0", b"x" * MAX)
        self.assert_frames(b"x" * (MAX + 1) + b"\0", TOO_LONG)
        self.assert_frames(b"x" * (MAX + 1), TOO_LONG)

    def test_the_space_between_frames_does_not_count(self) -> None:
        self.assert_frames(b" \0" * 300 + b'{"a":1}' + b"\n" * 300, b'{"a":1}')


class ClusterClientTests(SplitterCase):
    """What the C++ client sends, with and without terminators, byte for byte."""

    def test_its_requests_in_a_row(self) -> None:
        frames = [
            b'{"id":13,"msgid":1,"password":"123456"}',
            b'{"groupdesc":"d","groupname":"g","id":13,"msgid":7}',
            b'{"groupid":2,"id":13,"msg":"hi","msgid":9,"name":"zhang san",'
            b'"time":"2026-11-23 03:45:12"}',
        ]
        data = frames[0] + b"\0" + frames[1] + frames[2]
        self.assert_frames(data, *frames, max_frame=1024)
        self.assertEqual(
            [type(accepted(frame)) for frame in frames], [Login, CreateGroup, GroupChat]
        )


_objects = st.dictionaries(texts, json_values, max_size=4).map(
    lambda value: json.dumps(value, ensure_ascii=False).encode()
)
_between = st.sampled_from([b"", b"\0", b"\0\0", b" ", b"\r\n", b" \0 \n"])
_streams = st.lists(
    st.sampled_from([b"{", b"}", b'"', b"\\", b"\0", b" ", b"x", b'{"a":1}', b"\n", b"\\\0", b"["])
    | st.binary(max_size=3)
    | st.just(b"x" * 40),
    max_size=30,
).map(b"".join)


@st.composite
def _cuts(draw: st.DrawFn, data: bytes) -> list[bytes]:
    at = sorted(draw(st.sets(st.integers(0, len(data)), max_size=20)))
    return [data[start:end] for start, end in zip([0, *at], [*at, len(data)], strict=True)]


class AnyPiecesTests(SynchronousTestCase):
    """The pieces that bytes come in make no difference."""

    @property_of_many
    @given(_streams, st.data())
    def test_any_bytes_give_the_same_frames_in_any_pieces(
        self, stream: bytes, data: st.DataObject
    ) -> None:
        whole = split([stream])
        self.assertEqual(split(data.draw(_cuts(stream))), whole)
        self.assertEqual(split(one_by_one(stream)), whole)

    @property_of_some
    @given(st.lists(st.tuples(_objects, _between), max_size=6), st.data())
    def test_any_objects_are_found(
        self, items: list[tuple[bytes, bytes]], data: st.DataObject
    ) -> None:
        stream = b"".join(frame + between for frame, between in items)
        frames = [frame for frame, _ in items]
        self.assertEqual(split(data.draw(_cuts(stream)), 10**6), frames)

    @property_of_many
    @given(_streams)
    def test_nothing_is_lost_and_nothing_is_made_up(self, stream: bytes) -> None:
        frames = split([stream, b"\0"], 10**6)
        blank = b" \t\r\n\0"
        kept = stream.translate(None, blank)
        self.assertEqual(b"".join(frame.translate(None, blank) for frame in frames), kept)

    @property_of_many
    @given(_streams)
    def test_no_frame_is_longer_than_allowed_or_empty(self, stream: bytes) -> None:
        for frame in split([stream, b"\0"], 20):
            if frame is not TOO_LONG:
                self.assertTrue(0 < len(frame) <= 20)


class EffortTests(SynchronousTestCase):
    """Nobody can make the server work much with few bytes."""

    def test_small_frames_and_small_pieces_take_little_time(self) -> None:
        for pieces in (
            [b"{}" * 32_768],
            [b"{" * 65_536],
            one_by_one(b'{"a":"' + b"x" * 20_000),
            one_by_one(b"x" * 20_000),
            one_by_one(b'{"' + b"\\" * 20_000),
        ):
            begin = time.process_time()
            split(pieces, 65_536)
            self.assertLess(time.process_time() - begin, 2.0)
