"""Chats and other frames in the classic dialect."""

from __future__ import annotations

import os
import time
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from chatserver.wire import frames
from chatserver.wire.dialects import CLASSIC
from chatserver.wire.frames import GroupChatPush, OneChatPush, Push
from chatserver.wire.times import local_text, utc_text
from tests.wire import cluster_client
from tests.wire.samples import EMOJI, property_of_many, texts
from tests.wire.test_lines import EXAMPLES

MOMENT = 1_795_376_712_007  # 2026-11-22T19:45:12.007Z
CHAT = OneChatPush(id=13, name="z", toid=15, msg="hi", time=utc_text(MOMENT), conv=4, seq=7)
GROUP_CHAT = GroupChatPush(id=13, name="z", groupid=2, msg="hi", time=CHAT.time, conv=5, seq=1)
LONGEST_NAME = '"' * 50
LONGEST_CID = "\0" * 64
LARGE = 2**53 - 1

_large_or_small = st.sampled_from([1, LARGE])
_names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=50)
_cids = st.just(msgspec.UNSET) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64
)
_long_texts = st.builds(lambda text, times: text * times, texts, st.integers(1, 400)) | st.text(
    st.sampled_from('a\0"\\\n张\N{GRINNING FACE}é'), max_size=1200
)


def set_time_zone(test: SynchronousTestCase, zone: str) -> None:
    """The machine's time zone, until the end of the test."""
    before = os.environ.get("TZ")

    def put(value: str | None) -> None:
        if value is None:
            os.environ.pop("TZ", None)
        else:
            os.environ["TZ"] = value
        time.tzset()

    put(zone)
    test.addCleanup(put, before)


class FrameTests(SynchronousTestCase):
    """What is told, and how it looks."""

    def setUp(self) -> None:
        set_time_zone(self, "CST-8")

    def test_a_chat_byte_for_byte(self) -> None:
        self.assertEqual(
            CLASSIC.encode(CHAT),
            (
                b'{"msgid":5,"id":13,"name":"z","toid":15,"msg":"hi",'
                b'"time":"2026-11-23 03:45:12","conv":4,"seq":7}\0',
            ),
        )

    def test_a_group_chat_byte_for_byte(self) -> None:
        self.assertEqual(
            CLASSIC.encode(GROUP_CHAT),
            (
                b'{"msgid":9,"id":13,"name":"z","groupid":2,"msg":"hi",'
                b'"time":"2026-11-23 03:45:12","conv":5,"seq":1}\0',
            ),
        )

    def test_answers_to_a_registration(self) -> None:
        self.assertEqual(
            CLASSIC.encode(frames.RegisterAck(id=22)), (b'{"msgid":4,"errno":0,"id":22}\0',)
        )
        refusal = frames.RegisterAck(errno=1, errmsg="the name 张三 is taken")
        self.assertEqual(
            CLASSIC.encode(refusal),
            ('{"msgid":4,"errno":1,"errmsg":"the name 张三 is taken"}\0'.encode(),),
        )

    def test_a_refused_login(self) -> None:
        refusal = frames.LoginAck(errno=1, errmsg="wrong id, name or password")
        self.assertEqual(
            CLASSIC.encode(refusal),
            (b'{"msgid":2,"errno":1,"errmsg":"wrong id, name or password"}\0',),
        )

    def test_nothing_else_is_told(self) -> None:
        told = (frames.LoginAck, frames.RegisterAck, OneChatPush, GroupChatPush)
        for frame, _ in EXAMPLES:
            if not isinstance(frame, told):
                self.assertEqual(CLASSIC.encode(frame), (), type(frame))

    def test_a_stored_push_is_not_changed(self) -> None:
        CLASSIC.encode(CHAT)
        self.assertEqual(CHAT.time, "2026-11-22T19:45:12.007Z")


class SplittingTests(SynchronousTestCase):
    """A text too long for one frame comes in several."""

    @property_of_many
    @given(_long_texts, _names, _cids, _large_or_small, st.booleans())
    def test_the_parts_make_up_the_text(
        self, text: str, name: str, cid: str | msgspec.UnsetType, number: int, to_group: bool
    ) -> None:
        common = {"id": number, "name": name, "conv": number, "seq": number, "cid": cid}
        push = msgspec.structs.replace(GROUP_CHAT if to_group else CHAT, msg=text, **common)
        if isinstance(push, GroupChatPush):
            push.groupid = number
        else:
            push.toid = number
        parts = [cluster_client.chat(data) for data in CLASSIC.encode(push)]
        self.assertEqual("".join(part["msg"] for part in parts), text)
        whole = msgspec.to_builtins(push) | {"time": local_text(push.time)}
        for part in parts:
            self.assertEqual(part | {"msg": text}, whole)

    @property_of_many
    @given(_long_texts)
    def test_there_are_no_more_parts_than_needed(self, text: str) -> None:
        parts = CLASSIC.encode(msgspec.structs.replace(CHAT, msg=text))
        for part, following in pairwise(parts):
            first_of_next = cluster_client.chat(following)["msg"][0]
            added = len(msgspec.json.encode(first_of_next)) - 2
            self.assertGreater(len(part) + added, cluster_client.LONGEST)

    def test_a_text_that_just_fits_stays_whole(self) -> None:
        for character in ("a", "é", EMOJI, "\0", '"'):
            self._assert_whole_up_to_the_edge(CHAT, character)
            self._assert_whole_up_to_the_edge(GROUP_CHAT, character)

    def test_the_worst_frame_of_all_has_room_for_its_text(self) -> None:
        push = OneChatPush(
            id=LARGE,
            name=LONGEST_NAME,
            toid=LARGE,
            msg="\0" * 16384,
            time=CHAT.time,
            conv=LARGE,
            seq=LARGE,
            cid=LONGEST_CID,
        )
        parts = [cluster_client.chat(data) for data in CLASSIC.encode(push)]
        self.assertEqual("".join(part["msg"] for part in parts), push.msg)

    def test_an_empty_text_is_one_frame(self) -> None:
        self.assertEqual(len(CLASSIC.encode(msgspec.structs.replace(CHAT, msg=""))), 1)

    def _assert_whole_up_to_the_edge(self, push: Push, character: str) -> None:
        empty = msgspec.structs.replace(push, msg="", time=local_text(push.time))
        room = 1023 - len(msgspec.json.encode(empty))
        each = len(msgspec.json.encode(character)) - 2
        text = character * (room // each) + "x" * (room % each)
        (frame,) = CLASSIC.encode(msgspec.structs.replace(push, msg=text))
        self.assertEqual(len(frame), cluster_client.LONGEST)
        self.assertEqual(len(CLASSIC.encode(msgspec.structs.replace(push, msg=text + "x"))), 2)


class TimeTests(SynchronousTestCase):
    """The two ways to write a time."""

    def test_utc_with_milliseconds(self) -> None:
        for milliseconds, text in (
            (0, "1970-01-01T00:00:00.000Z"),
            (1, "1970-01-01T00:00:00.001Z"),
            (999, "1970-01-01T00:00:00.999Z"),
            (1000, "1970-01-01T00:00:01.000Z"),
            (MOMENT, "2026-11-22T19:45:12.007Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ):
            self.assertEqual(utc_text(milliseconds), text)

    def test_local_time_is_the_time_of_this_machine(self) -> None:
        for zone, text in (
            ("UTC0", "2026-11-22 19:45:12"),
            ("CST-8", "2026-11-23 03:45:12"),
            ("NST3:30", "2026-11-22 16:15:12"),
        ):
            set_time_zone(self, zone)
            self.assertEqual(local_text(utc_text(MOMENT)), text)

    def test_local_time_knows_summer(self) -> None:
        set_time_zone(self, "CET-1CEST,M3.5.0,M10.5.0/3")
        self.assertEqual(local_text("2026-07-01T12:00:00.000Z"), "2026-07-01 14:00:00")
        self.assertEqual(local_text("2026-12-01T12:00:00.000Z"), "2026-12-01 13:00:00")

    @property_of_many
    @given(st.integers(0, 4_102_444_799_999))
    def test_times_in_utc_sort_like_the_moments(self, milliseconds: int) -> None:
        self.assertLess(utc_text(milliseconds), utc_text(milliseconds + 1))
