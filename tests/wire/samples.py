"""Requests as JSON, and what the tests of the wire share."""

from __future__ import annotations

import json
import tempfile
from typing import Any

from hypothesis import configuration, settings
from hypothesis import strategies as st

from chatserver.errors import ChatError
from chatserver.wire.codec import Rejected, decode
from chatserver.wire.requests import Request

# Hypothesis keeps a cache of its own in the current folder unless it is told where.
_cache = tempfile.TemporaryDirectory(prefix="hypothesis-")
configuration.set_hypothesis_home_dir(_cache.name)

MAX_ID = 2**53 - 1
EMOJI = "\N{GRINNING FACE}"  # one code point, four bytes of UTF-8

#: For properties: many examples of something quick.
property_of_many = settings(max_examples=300, deadline=None, database=None)
#: For properties: fewer examples of something slower.
property_of_some = settings(max_examples=100, deadline=None, database=None)

#: Any text that UTF-8 can carry.
texts = st.text(st.characters(exclude_categories=["Cs"]))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)

#: A valid request of each kind, with no more than it must have.
LEAST: dict[int, dict[str, Any]] = {
    1: {"msgid": 1},
    3: {"msgid": 3, "name": "zhang san", "password": "123456"},
    5: {"msgid": 5, "toid": 15, "msg": "hello"},
    6: {"msgid": 6, "friendid": 15},
    7: {"msgid": 7, "groupname": "g"},
    8: {"msgid": 8, "groupid": 2},
    9: {"msgid": 9, "groupid": 2, "msg": "hi"},
    10: {"msgid": 10},
    12: {"msgid": 12, "conv": 1, "seq": 1},
    13: {"msgid": 13},
    14: {"msgid": 14},
    15: {"msgid": 15},
    18: {"msgid": 18, "toid": 15, "data": None},
}


def frame(fields: object) -> bytes:
    """A frame as most clients would write it."""
    return json.dumps(fields, ensure_ascii=False).encode()


def accepted(data: bytes) -> Request:
    """The request in a frame that must be valid."""
    decoded = decode(data)
    if isinstance(decoded, Rejected):
        raise AssertionError(f"{data[:200]!r} was rejected: {decoded}")
    return decoded


def rejected(data: bytes) -> Rejected:
    """The refusal of a frame that must not be valid."""
    decoded = decode(data)
    if not isinstance(decoded, Rejected):
        raise AssertionError(f"{data[:200]!r} was accepted: {decoded}")
    return decoded


def error_of(data: bytes) -> type[ChatError]:
    """Why a frame is refused."""
    return type(rejected(data).error)
