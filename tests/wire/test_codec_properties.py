"""The codec never raises, and agrees with another JSON parser on what it is given."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from chatserver.errors import InvalidField, Malformed, UnknownMsgid
from chatserver.wire.codec import Rejected, compact, decode
from chatserver.wire.requests import BY_MSGID, Request
from tests.wire.samples import LEAST, json_values, property_of_many, texts

_names = st.sampled_from(
    sorted({name for kind in BY_MSGID.values() for name in kind.__struct_fields__})
)
_msgids = st.sampled_from(sorted(BY_MSGID)) | st.integers() | json_values
_objects = st.builds(
    lambda msgid, fields: {**fields, "msgid": msgid},
    _msgids,
    st.dictionaries(_names | texts, json_values, max_size=6),
)


class NeverRaisesTests(SynchronousTestCase):
    """A frame is a request or a refusal, whatever it is."""

    @property_of_many
    @given(st.binary(max_size=200))
    def test_for_any_bytes(self, data: bytes) -> None:
        self._decide(data)

    @property_of_many
    @given(st.text('{}[]":,\\0123456789eE.-+msgidtrue \n\0\ud800é', max_size=60))
    def test_for_what_looks_like_json(self, text: str) -> None:
        self._decide(text.encode(errors="surrogatepass"))

    @property_of_many
    @given(json_values)
    def test_for_any_json(self, value: Any) -> None:
        decision = self._decide(json.dumps(value).encode())
        if not isinstance(value, dict):
            assert isinstance(decision, Rejected)
            self.assertIs(type(decision.error), Malformed)

    @property_of_many
    @given(_objects, st.booleans())
    def test_for_any_object_with_a_msgid(self, fields: dict[str, Any], ascii_only: bool) -> None:
        decision = self._decide(json.dumps(fields, ensure_ascii=ascii_only).encode())
        if isinstance(decision, Rejected):
            self.assertIn(type(decision.error), (InvalidField, UnknownMsgid))
            self.assertTrue(decision.error.errmsg)

    @property_of_many
    @given(st.sampled_from(sorted(LEAST)), st.data())
    def test_for_a_valid_request_with_a_byte_changed(self, msgid: int, data: st.DataObject) -> None:
        frame = bytearray(json.dumps(LEAST[msgid]).encode())
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
        self._decide(bytes(frame))

    def _decide(self, data: bytes) -> Request | Rejected:
        decision = decode(data)
        self.assertIsInstance(decision, Request | Rejected)
        return decision


class AgreementTests(SynchronousTestCase):
    """What comes out is what went in."""

    @property_of_many
    @given(json_values)
    def test_a_value_that_is_passed_on_stays_what_it_was(self, value: Any) -> None:
        request = decode(json.dumps({"msgid": 13, "t": value}).encode())
        if isinstance(request, Rejected):  # a number that this parser does not take
            self.assertIs(type(request.error), Malformed)
            return
        passed_on = json.loads(compact(getattr(request, "t", None)))
        self.assertEqual(passed_on, value)
        self.assertEqual(_kinds(passed_on), _kinds(value))

    @property_of_many
    @given(texts.filter(bool), st.booleans())
    def test_a_text_stays_what_it_was(self, text: str, ascii_only: bool) -> None:
        frame = json.dumps({"msgid": 5, "toid": 1, "msg": text}, ensure_ascii=ascii_only)
        request = decode(frame.encode())
        self.assertEqual(getattr(request, "msg", None), text)

    @property_of_many
    @given(st.sampled_from(sorted(LEAST)), st.text(max_size=64) | st.integers(-(2**53), 2**53))
    def test_a_request_that_our_client_encodes_is_understood(
        self, msgid: int, req: str | int
    ) -> None:
        request = msgspec.convert({**LEAST[msgid], "req": req}, BY_MSGID[msgid])
        self.assertEqual(decode(msgspec.json.encode(request)), request)


def _kinds(value: Any) -> Any:
    """The types of a value and of all in it: 1, 1.0 and true are equal in Python."""
    if isinstance(value, list):
        return [_kinds(item) for item in value]
    if isinstance(value, dict):
        return {key: _kinds(item) for key, item in value.items()}
    return type(value)
