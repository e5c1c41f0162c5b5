"""From one frame's bytes to a typed request, or to the refusal it deserves.

The fast way is one msgspec decode straight into the typed request. Whatever that does
not take goes the careful way, which tells the first thing wrong in the protocol's order.
"""

from __future__ import annotations

import re
from typing import Any, cast, get_args, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType

from chatserver.errors import ChatError, InvalidField, Malformed, UnknownMsgid
from chatserver.wire.fields import MAX_ID
from chatserver.wire.requests import BY_MSGID, AnyRequest, Req, Request

_MAX_REQ = 64
_REQ_RULE = "up to 64 characters, or a whole number within ±2^53"
_decoder: msgspec.json.Decoder[AnyRequest] = msgspec.json.Decoder(AnyRequest)
# What the parser raises; RecursionError for too deep a nesting.
_UNPARSABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Rejected(msgspec.Struct, frozen=True):
    """A frame that is no valid request.

    ``kind`` is set where only a field is wrong: then the checks that come before the
    fields' (logged in? too many?) still have to be made.
    """

    error: ChatError
    kind: type[Request] | None = None
    msgid: int | UnsetType = UNSET
    req: Req | UnsetType = UNSET


def decode(frame: bytes) -> Request | Rejected:
    """The request in a frame without its terminator; never raises."""
    try:
        request = _decoder.decode(frame)
    except _UNPARSABLE:
        return _decode_carefully(frame)
    if request.req is not UNSET and not _valid_req(request.req):
        return _decode_carefully(frame)
    return request


def compact(value: Any) -> bytes:
    """A decoded JSON value as compact UTF-8.

    :raises Malformed: it is nested too deeply.
    """
    try:
        return msgspec.json.encode(value)
    except RecursionError:
        raise Malformed("the JSON is nested too deeply") from None


def _decode_carefully(frame: bytes) -> Request | Rejected:
    try:
        fields = msgspec.json.decode(frame)
    except _UNPARSABLE:
        return Rejected(Malformed())
    if not isinstance(fields, dict):
        return Rejected(Malformed())
    msgid = fields.pop("msgid", None)
    req = fields.get("req", UNSET)
    req_is_valid = req is UNSET or _valid_req(req)
    if type(msgid) is not int:
        error = InvalidField("msgid is missing or not a whole number")
        return Rejected(error, req=req if req_is_valid else UNSET)
    if not req_is_valid:
        return Rejected(
            InvalidField(f"req must be {_REQ_RULE}"), msgid=msgid if msgid in BY_MSGID else UNSET
        )
    kind = BY_MSGID.get(msgid)
    if kind is None:
        echoed = msgid if abs(msgid) <= MAX_ID else UNSET
        return Rejected(UnknownMsgid(), msgid=echoed, req=req)
    known = {name: fields[name] for name in kind.__struct_fields__ if name in fields}
    try:
        return msgspec.convert(known, kind)
    except msgspec.ValidationError as problem:
        return Rejected(_invalid_field(kind, str(problem)), kind=kind, msgid=msgid, req=req)


def _valid_req(req: object) -> bool:
    if type(req) is str:
        return len(req) <= _MAX_REQ
    return type(req) is int and -MAX_ID - 1 <= req <= MAX_ID + 1


_MISSING = re.compile(r"missing required field `(\w+)`")
_WHERE = re.compile(r"at `\$\.(\w+)")


def _invalid_field(kind: type[Request], problem: str) -> InvalidField:
    missing = _MISSING.search(problem)
    if missing:
        name = missing[1]
        return InvalidField(f"{name} is missing; it must be {_RULES[kind].get(name, 'given')}")
    where = _WHERE.search(problem)
    name = where[1] if where else "a field"
    return InvalidField(f"{name} must be {_RULES[kind].get(name, 'valid')}")


def _rules(kind: type[Request]) -> dict[str, str]:
    """The description of each field's type, by field name."""
    rules = {"data": "any JSON value"}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        for part in (hint, *get_args(hint)):
            for note in getattr(part, "__metadata__", ()):
                rules[name] = cast(msgspec.Meta, note).description or "valid"
    return rules


_RULES = {kind: _rules(kind) for kind in BY_MSGID.values()}
