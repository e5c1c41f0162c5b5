"""From bytes to requests: what is malformed, the order of the checks, and what is ignored."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET
from twisted.trial.unittest import SynchronousTestCase

from chatserver.errors import InvalidField, Malformed, UnknownMsgid
from chatserver.wire.codec import Rejected, compact
from chatserver.wire.requests import (
    BY_MSGID,
    AddFriend,
    AddGroup,
    CreateGroup,
    GroupChat,
    Login,
    Loginout,
    OneChat,
    Ping,
    Register,
)
from tests.wire.samples import LEAST, MAX_ID, accepted, error_of, frame, rejected

# What stands in for a value, and makes the whole frame malformed wherever it is.
UNPARSABLE = {
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "a number too large": b"1e999",
    "a whole number of 5,000 digits": b"1" * 5000,
    "a negative one": b"-" + b"9" * 5000,
    "invalid UTF-8": b'"\xff"',
    "UTF-8 cut short": b'"\xe4\xbd"',
    "UTF-8 too long for what it says": b'"\xc0\x80"',
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "beyond Unicode": b'"\xf4\x90\x80\x80"',
    "a lone high surrogate": rb'"\ud800"',
    "a lone low surrogate": rb'"\udc00"',
    "a high surrogate before a letter": rb'"\ud800A"',
    "surrogates in the wrong order": rb'"\udc00\ud800"',
    "too deep arrays": b"[" * 20_000 + b"]" * 20_000,
    "too deep objects": b'{"a":' * 8_000 + b"1" + b"}" * 8_000,
    "a NUL": b"\0",
    "a NUL in a string": b'"a\0b"',
    "a tab in a string": b'"a\tb"',
    "a line feed in a string": b'"a\nb"',
    "an unknown escape": rb'"\x"',
    "half an escape": rb'"\u12"',
    "a leading zero": b"01",
    "a plus": b"+1",
    "single quotes": b"'a'",
    "a comma": b",",
    "two values": b"1 2",
}
NO_OBJECT = [
    b"", b" ", b"null", b"true", b"5", b'"text"', b"[]", b'[{"msgid":10}]', b"login",
    b"{", b"}", b'{"msgid":10', b'{"msgid":10}}', b'{"msgid":10,}', b'{"msgid":10}{"msgid":10}',
    b'{"msgid":10}\0', b'\xef\xbb\xbf{"msgid":10}', b"{msgid:10}", b'{"msgid" 10}', b'{10:"msgid"}',
    b"GET / HTTP/1.1", b"\x16\x03\x01\x02\x00\x01", b'{"msgid":10}//',
    '{"msgid":10}'.encode("utf-16"),
]  # fmt: skip


class MalformedTests(SynchronousTestCase):
    """Errno 100."""

    def test_what_is_no_json_object_is_malformed(self) -> None:
        for data in NO_OBJECT:
            self._assert_malformed(data, repr(data))

    def test_in_a_field_of_a_request(self) -> None:
        for what, value in UNPARSABLE.items():
            self._assert_malformed(b'{"msgid":6,"friendid":%b}' % value, what)
            self._assert_malformed(b'{"msgid":5,"toid":1,"msg":%b}' % value, what)
            self._assert_malformed(b'{"msgid":13,"t":%b}' % value, what)
            self._assert_malformed(b'{"msgid":13,"t":[[%b]]}' % value, what)
            self._assert_malformed(b'{"msgid":18,"toid":1,"data":{"x":%b}}' % value, what)

    def test_in_a_field_that_is_ignored(self) -> None:
        for what, value in UNPARSABLE.items():
            self._assert_malformed(b'{"msgid":10,"extra":%b}' % value, what)
            self._assert_malformed(b'{"extra":{"a":[%b]},"msgid":10}' % value, what)
            self._assert_malformed(b'{"msgid":5,"toid":1,"msg":"hi","time":%b}' % value, what)

    def test_in_a_value_that_a_repeated_key_overrides(self) -> None:
        for what, value in UNPARSABLE.items():
            self._assert_malformed(b'{"msgid":6,"friendid":%b,"friendid":1}' % value, what)

    def test_in_msgid_and_req(self) -> None:
        for what, value in UNPARSABLE.items():
            self._assert_malformed(b'{"msgid":%b}' % value, what)
            self._assert_malformed(b'{"msgid":10,"req":%b}' % value, what)

    def test_in_the_name_of_a_field(self) -> None:
        for what in ("invalid UTF-8", "a lone high surrogate", "a NUL in a string"):
            self._assert_malformed(b'{"msgid":10,%b:1}' % UNPARSABLE[what], what)

    def test_large_numbers_that_the_parser_takes_are_no_error_where_they_are_ignored(self) -> None:
        for value in (b"1" * 4000, b"1.5e300", b"1e-400", b"-" + b"7" * 4000):
            self.assertEqual(accepted(b'{"msgid":10,"extra":%b}' % value), Loginout())

    def test_a_text_of_any_valid_escapes_is_taken(self) -> None:
        request = accepted(
            rb'{"msgid":5,"toid":1,"msg":"\u0000\"\\\/\b\f\n\r\t\ud83d\ude00\u5f20"}'
        )
        assert isinstance(request, OneChat)
        self.assertEqual(request.msg, '\0"\\/\b\f\n\r\t\N{GRINNING FACE}张')

    def test_space_around_an_object_is_none_of_it(self) -> None:
        self.assertEqual(accepted(b' \t\r\n{ "msgid" : 10 }\r\n '), Loginout())

    def test_what_was_nested_too_deeply_to_pass_on_is_refused_and_not_raised(self) -> None:
        """The parser may take a little more than the way back takes."""
        value: object = None
        for _ in range(100_000):
            value = [value]
        self.assertRaises(Malformed, compact, value)

    def _assert_malformed(self, data: bytes, what: str) -> None:
        refusal = rejected(data)
        self.assertIs(type(refusal.error), Malformed, what)
        self.assertEqual((refusal.kind, refusal.msgid, refusal.req), (None, UNSET, UNSET), what)


NO_MSGID = [
    b"null", b"true", b"false", b"10.0", b"1e1", b'"10"', b'""', b"[10]", b"{}", b"10.5",
]  # fmt: skip
NO_REQ = [
    b"null", b"true", b"1.0", b"1e3", b"[]", b"{}", b'["r"]', b'"%b"' % (b"r" * 65),
    b"9007199254740993", b"-9007199254740993", b"18446744073709551616", b"1" * 400,
]  # fmt: skip
NO_CLIENT_MSGIDS = [0, -1, 2, 4, 11, 16, 17, 19, 100, 2**31, 2**63, 2**64, 10**30, -(10**30)]


class OrderTests(SynchronousTestCase):
    """100, then msgid and req, then 101, then what needs the connection, then the fields."""

    def test_malformed_comes_before_a_bad_msgid(self) -> None:
        self.assertIs(error_of(b'{"msgid":"x","extra":NaN}'), Malformed)
        self.assertIs(error_of(b'{"msgid":99,"req":null,"extra":"\xff"}'), Malformed)

    def test_a_bad_msgid_is_an_invalid_field_and_its_req_comes_back(self) -> None:
        for value in NO_MSGID:
            refusal = rejected(b'{"req":"r1","msgid":%b}' % value)
            self._assert_invalid(refusal, "msgid")
            self.assertEqual((refusal.msgid, refusal.req), (UNSET, "r1"))

    def test_a_missing_msgid_is_an_invalid_field(self) -> None:
        for data in (b"{}", b'{"friendid":5}', b'{"MSGID":10}', b'{"nested":{"msgid":10}}'):
            self._assert_invalid(rejected(data), "msgid")

    def test_a_bad_req_is_an_invalid_field_and_does_not_come_back(self) -> None:
        for value in NO_REQ:
            for msgid in (6, 10):
                refusal = rejected(b'{"msgid":%d,"friendid":1,"req":%b}' % (msgid, value))
                self._assert_invalid(refusal, "req")
                self.assertEqual((refusal.msgid, refusal.req), (msgid, UNSET))

    def test_a_bad_msgid_comes_before_a_bad_req(self) -> None:
        refusal = rejected(b'{"msgid":"x","req":null}')
        self._assert_invalid(refusal, "msgid")
        self.assertIs(refusal.req, UNSET)

    def test_a_bad_req_comes_before_an_unknown_msgid(self) -> None:
        self._assert_invalid(rejected(b'{"msgid":99,"req":null}'), "req")

    def test_a_bad_req_comes_before_a_bad_field(self) -> None:
        self._assert_invalid(rejected(b'{"msgid":6,"friendid":"x","req":null}'), "req")

    def test_whole_numbers_of_no_client_message_are_unknown(self) -> None:
        for msgid in NO_CLIENT_MSGIDS:
            refusal = rejected(frame({"msgid": msgid, "req": 7, "friendid": "x"}))
            self.assertIs(type(refusal.error), UnknownMsgid, str(msgid))
            self.assertIsNone(refusal.kind)
            self.assertEqual(refusal.req, 7)

    def test_an_unknown_msgid_comes_back_unless_it_is_no_number_for_json_readers(self) -> None:
        for msgid in (0, -1, 99, MAX_ID, -MAX_ID):
            self.assertEqual(rejected(frame({"msgid": msgid})).msgid, msgid)
        for msgid in (MAX_ID + 1, -MAX_ID - 1, 10**30):
            self.assertIs(rejected(frame({"msgid": msgid})).msgid, UNSET)

    def test_a_bad_field_leaves_the_checks_before_it_to_be_made(self) -> None:
        refusal = rejected(b'{"msgid":6,"friendid":"x"}')
        self.assertIs(refusal.kind, AddFriend)
        self.assertEqual(refusal.msgid, 6)

    def test_what_comes_before_those_checks_says_so(self) -> None:
        for data in (b"{", b"{}", b'{"msgid":6,"req":null}', b'{"msgid":99}'):
            self.assertIsNone(rejected(data).kind)

    def _assert_invalid(self, refusal: Rejected, name: str) -> None:
        self.assertIs(type(refusal.error), InvalidField)
        self.assertTrue(refusal.error.errmsg.startswith(name + " "), refusal.error.errmsg)
        self.assertIsNone(refusal.kind)


class ReqTests(SynchronousTestCase):
    """The request's own mark, which comes back in its reply."""

    VALID = (0, 1, -1, 2**53, -(2**53), "", "r", "r" * 64, "\N{GRINNING FACE}" * 64, "\0")

    def test_every_request_may_carry_one(self) -> None:
        for fields in LEAST.values():
            for req in self.VALID:
                self.assertEqual(accepted(frame({**fields, "req": req})).req, req)

    def test_none_is_needed(self) -> None:
        for fields in LEAST.values():
            self.assertIs(accepted(frame(fields)).req, UNSET)

    def test_it_comes_back_with_each_refusal(self) -> None:
        for req in self.VALID:
            self.assertEqual(rejected(frame({"msgid": 6, "req": req})).req, req)
            self.assertEqual(rejected(frame({"msgid": 99, "req": req})).req, req)
            self.assertEqual(rejected(frame({"msgid": "x", "req": req})).req, req)


class IgnoredTests(SynchronousTestCase):
    """Unknown fields, and keys that are repeated."""

    def test_unknown_fields_change_nothing(self) -> None:
        unknown: dict[str, Any] = {
            "extra": [1, {"msgid": 5}],
            "": None,
            "msg id": 5,
            "__class__": "x",
            "kind": {},
        }
        for fields in LEAST.values():
            expected = accepted(frame(fields))
            self.assertEqual(accepted(frame({**fields, **unknown})), expected)
            self.assertEqual(accepted(frame({**unknown, **fields})), expected)

    def test_fields_of_other_requests_change_nothing(self) -> None:
        self.assertEqual(accepted(b'{"msgid":10,"friendid":"x","limit":-1,"ack":3}'), Loginout())

    def test_of_a_repeated_field_the_last_counts(self) -> None:
        self.assertEqual(accepted(b'{"msgid":6,"friendid":1,"friendid":2}'), AddFriend(friendid=2))
        self.assertEqual(
            accepted(b'{"msgid":6,"friendid":"x","friendid":2}'), AddFriend(friendid=2)
        )
        self.assertIs(error_of(b'{"msgid":6,"friendid":2,"friendid":"x"}'), InvalidField)

    def test_of_a_repeated_msgid_the_last_counts(self) -> None:
        self.assertEqual(accepted(b'{"msgid":13,"msgid":10}'), Loginout())
        self.assertEqual(accepted(b'{"msgid":"x","msgid":10}'), Loginout())
        self.assertEqual(accepted(b'{"msgid":10,"friendid":3,"msgid":6}'), AddFriend(friendid=3))
        self.assertIs(error_of(b'{"msgid":10,"msgid":2}'), UnknownMsgid)
        self.assertIs(error_of(b'{"msgid":10,"msgid":null}'), InvalidField)

    def test_of_a_repeated_req_the_last_counts(self) -> None:
        self.assertEqual(accepted(b'{"msgid":10,"req":null,"req":2}'), Loginout(req=2))
        self.assertIs(error_of(b'{"msgid":10,"req":2,"req":null}'), InvalidField)

    def test_a_field_may_be_written_with_escapes(self) -> None:
        self.assertEqual(accepted(rb'{"\u006dsgid":6,"friend\u0069d":3}'), AddFriend(friendid=3))
        self.assertEqual(accepted(rb'{"msgid":6,"friend\u0069d":1,"friendid":3}').req, UNSET)

    def test_msgid_may_stand_anywhere(self) -> None:
        self.assertEqual(
            accepted(b'{"friendid":3,"req":1,"msgid":6}'), AddFriend(friendid=3, req=1)
        )
        self.assertEqual(accepted(b'{"t":{"msgid":10},"msgid":13}'), Ping(t={"msgid": 10}))


class ClassicClientTests(SynchronousTestCase):
    """What the C++ client sends, without its terminators."""

    def test_each_of_its_frames_is_understood(self) -> None:
        classic: dict[str, Any] = {"id": 13, "name": "zhang san", "time": "2026-11-23 03:45:12"}
        self._assert_is(b'{"id":13,"msgid":1,"password":"123456"}', Login(id=13, password="123456"))
        self._assert_is(
            b'{"msgid":3,"name":"zhang san","password":"123456"}',
            Register(name="zhang san", password="123456"),
        )
        self._assert_is(
            b'{"id":13,"msg":"hello","msgid":5,"name":"zhang san",'
            b'"time":"2026-11-23 03:45:12","toid":15}',
            OneChat(toid=15, msg="hello", **classic),
        )
        self._assert_is(b'{"friendid":15,"id":13,"msgid":6}', AddFriend(friendid=15))
        self._assert_is(
            b'{"groupdesc":"d","groupname":"g","id":13,"msgid":7}',
            CreateGroup(groupname="g", groupdesc="d"),
        )
        self._assert_is(b'{"groupid":2,"id":13,"msgid":8}', AddGroup(groupid=2))
        self._assert_is(
            b'{"groupid":2,"id":13,"msg":"hi","msgid":9,"name":"zhang san",'
            b'"time":"2026-11-23 03:45:12"}',
            GroupChat(groupid=2, msg="hi", **classic),
        )
        self._assert_is(b'{"id":13,"msgid":10}', Loginout())

    def test_every_kind_of_request_has_a_sample(self) -> None:
        self.assertEqual(set(LEAST), set(BY_MSGID))

    def _assert_is(self, data: bytes, expected: object) -> None:
        self.assertEqual(accepted(data), expected)
