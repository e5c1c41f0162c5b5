"""What the protocol page demands of the server for a stream of bytes, worked out independently.

With the parser of the standard library and rules written down once more: a mistake would have to
be made twice. What depends on the database (is there such a user?) is left open.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.attacks.shapes import is_id, is_text

Json = dict[str, Any]
MALFORMED = 100
ANY_JSON = object()
_DEEP = 150  # levels of nesting from which a parser may give up
_LONG = re.compile(rb"[0-9]{300}")  # digits from which it may as well

Check = Callable[[Any], bool]


def _seq(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 2**53 - 1


def _text(least: int, most: int) -> Check:
    return lambda value: is_text(value) and least <= len(value) <= most


def _name(value: Any) -> bool:
    return (
        _text(1, 50)(value)
        and value == value.strip()
        and not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", value)
    )


def _true_or_false(value: Any) -> bool:
    return type(value) is bool


class Rule(NamedTuple):
    """A kind of request: its fields, those that must be there, and how it may be answered."""

    fields: dict[str, Check]
    required: tuple[str, ...]
    errnos: frozenset[int]
    needs_login: bool | None = True
    is_answered: bool = True


_CHAT: dict[str, Check] = {"msg": _text(1, 16384), "cid": _text(1, 64)}
_PLACES: dict[str, Check] = {"toid": is_id, "groupid": is_id}


def _rule(
    fields: dict[str, Check], required: str, errnos: set[int], *more: Any, **named: Any
) -> Rule:
    return Rule(fields, tuple(required.split()), frozenset(errnos), *more, **named)


# 102 stands where a rule about several fields, or about a size, can be broken as well.
RULES: dict[int, Rule] = {
    1: _rule(
        {
            "id": is_id,
            "name": _text(1, 50),
            "password": _text(1, 128),
            "token": _text(1, 128),
            "device": _text(1, 64),
            "ack": _true_or_false,
        },
        "",
        {0, 1, 2, 102},
        needs_login=False,
    ),
    3: _rule({"name": _name, "password": _text(1, 128)}, "name password", {0, 1}, False),
    5: _rule({"toid": is_id, "to": is_id, **_CHAT}, "msg", {0, 105, 111, 102}),
    6: _rule({"friendid": is_id}, "friendid", {0, 105, 108, 112}),
    7: _rule({"groupname": _name, "groupdesc": _text(0, 200)}, "groupname", {0, 112}),
    8: _rule({"groupid": is_id}, "groupid", {0, 106, 112}),
    9: _rule({"groupid": is_id, **_CHAT}, "groupid msg", {0, 106, 107, 111}),
    10: _rule({}, "", {0}),
    12: _rule({"conv": is_id, "seq": _seq}, "conv seq", {107}, is_answered=False),
    13: _rule({}, "", {0, 102}, None),
    14: _rule({}, "", set(), None, is_answered=False),
    15: _rule(
        {
            **_PLACES,
            "conv": is_id,
            "before": _seq,
            "after": _seq,
            "limit": lambda value: type(value) is int and 1 <= value <= 200,
        },
        "",
        {0, 105, 106, 107, 102},
    ),
    18: _rule(_PLACES, "data", {105, 106, 107, 102}, is_answered=False),
}


class Answer(NamedTuple):
    """What must come for a frame: a frame of ``msgid`` with these fields and one of the errnos.

    ``bad`` are the invalid fields, of which the text names one. ``is_sure`` is false where the
    frame is at the limits of a parser, and may be refused as a whole as well.
    """

    msgid: int = 11
    re: int | None = None
    req: Any = None
    errnos: frozenset[int] = frozenset({MALFORMED})
    bad: tuple[str, ...] = ()
    may_be_silent: bool = False
    is_sure: bool = True

    def fits(self, frame: Json) -> bool:
        """Whether the frame is this answer."""
        if not self.is_sure and frame["msgid"] == 11 and frame["errno"] == MALFORMED:
            return True
        return (
            frame["msgid"] == self.msgid
            and frame["errno"] in self.errnos
            and frame.get("re") == self.re
            and frame.get("req") == self.req
            and type(frame.get("req")) is type(self.req)
            and (not self.bad or frame["errmsg"].split()[0] in self.bad)
        )


def answer_to(frame: bytes, *, logged_in: bool) -> Answer:
    """The answer to a frame that is not blank; for PING that is not its PONG but a refusal."""
    fields = _parsed(frame)
    is_sure = not is_extreme(frame)
    if fields is None:
        return Answer(is_sure=is_sure, may_be_silent=not is_sure)
    return _answer_to_object(fields, logged_in)._replace(is_sure=is_sure)


def ping_in(frame: bytes) -> Json | None:
    """The PING in a frame, if there is one with a valid ``req``."""
    fields = _parsed(frame)
    if fields is None or fields.get("msgid") != 13 or type(fields["msgid"]) is not int:
        return None
    if "req" in fields and not _is_req(fields["req"]):
        return None
    return fields


def is_login(frame: bytes) -> bool:
    """Whether the frame may log somebody in."""
    answer = answer_to(frame, logged_in=False)
    return answer.msgid == 2 and 0 in answer.errnos


def lines_in(stream: bytes, max_frame: int) -> Iterator[bytes | None]:
    """The frames of the lines dialect; None, and no more, where one is too long."""
    *lines, rest = stream.split(b"\n")
    for line in lines:
        frame = line[:-1] if line.endswith(b"\r") else line
        if len(frame) > max_frame:
            yield None
            return
        if frame and not frame.isspace():
            yield frame
    if len(rest) > max_frame + 1:
        yield None


def classic_frames_in(stream: bytes, max_frame: int) -> Iterator[bytes | None]:
    """The frames of the classic dialect; None, and no more, where one is too long."""
    start, depth, in_string, escaped = None, 0, False, False
    is_object = False
    for at, byte in enumerate(stream):
        char = bytes((byte,))
        if start is None:
            if char in b" \t\r\n\0":
                continue
            start, depth, in_string, escaped = at, 0, False, False
            is_object = char == b"{"
        end = None
        if char == b"\0":
            end = at
        elif is_object:
            if escaped:
                escaped = False
            elif in_string:
                escaped, in_string = char == b"\\", char != b'"'
            elif char == b'"':
                in_string = True
            elif char in b"{}":
                depth += 1 if char == b"{" else -1
                end = at + 1 if depth == 0 else None
        if end is not None:
            if end - start > max_frame:
                yield None
                return
            yield stream[start:end]
            start = None
    if start is not None and len(stream) - start > max_frame:
        yield None


def _parsed(frame: bytes) -> Json | None:
    try:
        fields = json.loads(frame.decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
        json.dumps(fields, ensure_ascii=False).encode()  # no lone surrogates
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _refuse(text: str) -> Any:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def is_extreme(frame: bytes) -> bool:
    """Whether the frame is at the limits of a parser, which may refuse it."""
    return frame.count(b"[") + frame.count(b"{") > _DEEP or _LONG.search(frame) is not None


def _is_req(value: Any) -> bool:
    return _text(0, 64)(value) or (type(value) is int and abs(value) <= 2**53)


def _answer_to_object(fields: Json, logged_in: bool) -> Answer:
    msgid, req = fields.get("msgid"), fields.get("req")
    has_bad_req = "req" in fields and not _is_req(req)
    told = None if has_bad_req else req
    if type(msgid) is not int:
        return Answer(req=told, errnos=frozenset({102}), bad=("msgid",))
    kind, again = {1: (2, None), 3: (4, None)}.get(msgid, (11, msgid))
    if has_bad_req:
        re = again if msgid in RULES else None
        return Answer(kind, re, errnos=frozenset({102}), bad=("req",))
    if msgid not in RULES:
        again = msgid if abs(msgid) <= 2**53 - 1 else None
        return Answer(re=again, req=told, errnos=frozenset({101}))
    rule = RULES[msgid]
    if rule.needs_login is not None and rule.needs_login != logged_in:
        return Answer(kind, again, told, frozenset({103 if rule.needs_login else 104}))
    bad = [
        name for name, check in rule.fields.items() if name in fields and not check(fields[name])
    ]
    bad += [name for name in rule.required if name not in fields]
    if bad:
        return Answer(kind, again, told, frozenset({102}), tuple(bad))
    return Answer(kind, again, told, rule.errnos, may_be_silent=not rule.is_answered)
