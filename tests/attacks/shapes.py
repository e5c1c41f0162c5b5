"""What the server may send, as docs/protocol.md says it: the page's tables, and kinds of values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.docs import page

MAX_ID = 2**53 - 1
_REASONS = {"shutdown", "replaced", "slow", "idle", "protocol"}
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_LOCAL = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_ANSWERS = {2, 4, 11, 14}

Json = dict[str, Any]
Kind = Callable[[Any], bool]


def is_id(value: Any) -> bool:
    return type(value) is int and 1 <= value <= MAX_ID


def is_text(value: Any) -> bool:
    return type(value) is str


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_ID


def _is_req(value: Any) -> bool:
    return (is_text(value) and len(value) <= 64) or (type(value) is int and abs(value) <= 2**53)


def _is_wait(value: Any) -> bool:
    return type(value) in (int, float) and value > 0


def _is_true_or_false(value: Any) -> bool:
    return type(value) is bool


def _is_anything(value: Any) -> bool:
    return True


def _one_of(*values: str) -> Kind:
    return lambda value: value in values


def _objects(*columns: str) -> dict[str, dict[str, bool]]:
    return {row["object"]: page.fields(row["fields"]) for row in page.table(*columns)}


_FRAMES = {
    (int(row["msgid"])): page.fields(row["fields"])
    for row in page.table("msgid", "name", "sent by", "fields")
    if row["sent by"] == "server"
}
_OBJECTS = _objects("object", "fields")
_ERRNOS = {int(row["errno"]) for row in page.table("errno", "name", "when", "what to do")} | {0}


class Shapes:
    """The frames of one dialect."""

    def __init__(self, *, classic: bool) -> None:
        self._classic = classic
        self._kinds: dict[str, Kind] = {
            **dict.fromkeys(("id", "toid", "groupid", "conv", "seq"), is_id),
            **dict.fromkeys(("name", "groupname", "msg", "token", "errmsg", "cid"), is_text),
            "groupdesc": is_text,
            "re": lambda value: type(value) is int,
            "req": _is_req,
            "errno": lambda value: value in _ERRNOS,
            "retry_after": _is_wait,
            "time": (_LOCAL if classic else _UTC).fullmatch,  # type: ignore[dict-item]
            "expires": _UTC.fullmatch,  # type: ignore[dict-item]
            "pending": _is_count,
            "dup": _is_true_or_false,
            "more": _is_true_or_false,
            "state": _one_of("online", "offline"),
            "role": _one_of("creator", "normal"),
            "reason": _one_of(*_REASONS),
            "t": _is_anything,
            "data": _is_anything,
            "friend": self._object("friend"),
            "group": self._object("group"),
            "friends": self._list("friend"),
            "groups": self._list("group"),
            "users": self._list("user of a group"),
            "messages": self._is_messages,
            "offlinemsg": self._is_offline,
        }

    def check(self, frame: Json) -> None:
        """
        :raises AssertionError: the page has no such frame.
        """
        msgid = frame.get("msgid")
        assert type(msgid) is int, frame
        assert msgid in _FRAMES, frame
        fields = dict(_FRAMES[msgid])
        if msgid in _ANSWERS:
            fields["req"] = True
        if self._classic:
            assert msgid in (2, 4, 5, 9), f"not for classic clients: {frame}"
            fields |= {"offlinemsg": True} if msgid == 2 else {}
        rest = {name: value for name, value in frame.items() if name != "msgid"}
        assert self._fits(rest, fields), f"not as the page says: {frame}"
        if "errno" in fields:
            self._check_answer(rest)

    def _check_answer(self, frame: Json) -> None:
        about_errors = {"errno", "errmsg", "retry_after", "re", "req"}
        if frame["errno"]:
            assert frame.get("errmsg"), f"without a text: {frame}"
            assert frame.keys() <= about_errors, f"a refusal with results: {frame}"
        else:
            assert not frame.keys() & {"errmsg", "retry_after"}, frame

    def _fits(self, value: Any, fields: dict[str, bool]) -> bool:
        return (
            isinstance(value, dict)
            and value.keys() <= fields.keys()
            and all(may_miss or name in value for name, may_miss in fields.items())
            and all(self._kinds[name](part) for name, part in value.items())
        )

    def _object(self, name: str) -> Kind:
        def fits(value: Any) -> bool:
            if self._classic:
                value = json.loads(value)
            return self._fits(value, _OBJECTS[name])

        return fits

    def _list(self, name: str) -> Kind:
        one = self._object(name)
        return lambda value: isinstance(value, list) and all(map(one, value))

    def _is_messages(self, value: Any) -> bool:
        assert isinstance(value, list)
        for message in value:
            assert message["msgid"] in (5, 9), message
            self.check(message)
        return True

    def _is_offline(self, value: Any) -> bool:
        return self._is_messages([json.loads(text) for text in value])


LINES = Shapes(classic=False)
CLASSIC = Shapes(classic=True)
