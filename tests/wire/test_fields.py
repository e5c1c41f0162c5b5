"""Each field of each request: what it takes, and what it refuses with which words."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from msgspec import UNSET
from twisted.trial.unittest import SynchronousTestCase

from chatserver.errors import InvalidField
from chatserver.wire.requests import BY_MSGID, CreateGroup, History, Login
from tests.wire.samples import EMOJI, LEAST, MAX_ID, accepted, frame, rejected


class Rule(NamedTuple):
    """Values at the edges of what a field takes, on both sides."""

    valid: list[Any]
    invalid: list[Any]


_NO_TEXT: list[Any] = [None, True, 0, 1.5, [], ["x"], {}, {"x": "x"}]
_NO_NUMBER: list[Any] = [None, True, False, 1.0, 1.5, 1e20, "1", "", [], [1], {}]


def _text(least: int, most: int) -> Rule:
    valid = ["x" * most, EMOJI * most, "é" * least, "\0" * most, " " * max(least, 1)]
    too_short = [""] if least else []
    return Rule(valid, [*_NO_TEXT, *too_short, "x" * (most + 1), EMOJI * (most + 1)])


ID = Rule([1, 2, MAX_ID], [*_NO_NUMBER, 0, -1, MAX_ID + 1, 2**63, 2**64, 10**30, -(10**30)])
SEQ = Rule([0, *ID.valid], [value for value in ID.invalid if value != 0 or value is False])
LIMIT = Rule([1, 50, 200], [*_NO_NUMBER, 0, -1, 201, 2**64])
NAME = Rule(
    ["x", "x" * 50, EMOJI * 50, 'a "quoted" \\ name', "张三", "a b", "null", "0"],
    [*_NO_TEXT, "", "x" * 51, EMOJI * 51, " x", "x ", "a\nb", "a\0b", "\u202ex"],
)
TEXT = Rule(["x", " ", "\0", "\n", EMOJI * 16384, "x" * 60_000], [*_NO_TEXT, ""])
FLAG = Rule([True, False], [None, 0, 1, "true", "", [], {}])
ANYTHING = Rule([None, True, 0, -1.5, 2**70, "", "x", [], [[None]], {}, {"a": {"b": 1}}], [])

RULES: dict[int, dict[str, Rule]] = {
    1: {
        "id": ID,
        "name": _text(1, 50),
        "password": _text(1, 128),
        "token": _text(1, 128),
        "device": _text(1, 64),
        "ack": FLAG,
    },
    3: {"name": NAME, "password": _text(1, 128)},
    5: {
        "toid": ID,
        "to": ID,
        "msg": TEXT,
        "cid": _text(1, 64),
        "id": ANYTHING,
        "name": ANYTHING,
        "time": ANYTHING,
    },
    6: {"friendid": ID},
    7: {"groupname": NAME, "groupdesc": _text(0, 200)},
    8: {"groupid": ID},
    9: {
        "groupid": ID,
        "msg": TEXT,
        "cid": _text(1, 64),
        "id": ANYTHING,
        "name": ANYTHING,
        "time": ANYTHING,
    },
    10: {},
    12: {"conv": ID, "seq": SEQ},
    13: {"t": ANYTHING},
    14: {"t": ANYTHING},
    15: {"conv": ID, "toid": ID, "groupid": ID, "before": SEQ, "after": SEQ, "limit": LIMIT},
    18: {"toid": ID, "groupid": ID, "data": ANYTHING},
}
REQUIRED = {
    3: {"name", "password"},
    5: {"msg"},
    6: {"friendid"},
    7: {"groupname"},
    8: {"groupid"},
    9: {"groupid", "msg"},
    12: {"conv", "seq"},
    18: {"data"},
}


class FieldTests(SynchronousTestCase):
    """The rules above, against the codec."""

    def test_every_field_of_every_request_has_a_rule_here(self) -> None:
        known = {msgid: set(kind.__struct_fields__) - {"req"} for msgid, kind in BY_MSGID.items()}
        self.assertEqual(known, {msgid: set(rules) for msgid, rules in RULES.items()})

    def test_values_up_to_the_edges_are_taken(self) -> None:
        for msgid, name, rule in self._rules():
            for value in rule.valid:
                request = accepted(frame({**LEAST[msgid], name: value}))
                self.assertIs(type(request), BY_MSGID[msgid])
                self.assertEqual(getattr(request, name), value)
                self.assertIs(type(getattr(request, name)), type(value))

    def test_escaped_characters_count_as_one(self) -> None:
        for msgid, name, rule in self._rules():
            for value in rule.valid:
                escaped = json.dumps({**LEAST[msgid], name: value}, ensure_ascii=True).encode()
                self.assertEqual(getattr(accepted(escaped), name), value)

    def test_values_beyond_the_edges_are_refused_by_the_name_of_the_field(self) -> None:
        for msgid, name, rule in self._rules():
            for value in rule.invalid:
                refusal = rejected(frame({**LEAST[msgid], name: value, "req": "r1"}))
                case = f"{name} of {msgid}: {value!r:.100}"
                self.assertIs(type(refusal.error), InvalidField, case)
                self.assertTrue(refusal.error.errmsg.startswith(f"{name} must be "), case)
                self.assertIs(refusal.kind, BY_MSGID[msgid], case)
                self.assertEqual((refusal.msgid, refusal.req), (msgid, "r1"), case)

    def test_what_a_request_must_have_is_told_by_name(self) -> None:
        for msgid, least in LEAST.items():
            for name in RULES[msgid]:
                fields = {key: value for key, value in least.items() if key != name}
                if name in REQUIRED.get(msgid, ()):
                    error = rejected(frame(fields)).error
                    self.assertIs(type(error), InvalidField)
                    self.assertTrue(error.errmsg.startswith(f"{name} is missing"), error.errmsg)
                else:
                    accepted(frame(fields))

    def test_error_texts_have_no_internals(self) -> None:
        for msgid, name, rule in self._rules():
            for value in rule.invalid:
                text = rejected(frame({**LEAST[msgid], name: value})).error.errmsg
                for internal in ("$", "`", "str", "int", "Expected", "regex", "\\"):
                    self.assertNotIn(internal, text)

    def test_only_the_first_wrong_field_is_told(self) -> None:
        refusal = rejected(b'{"msgid":3,"name":5,"password":5}')
        self.assertTrue(refusal.error.errmsg.startswith("name must be "))

    def test_defaults(self) -> None:
        self.assertEqual(accepted(b'{"msgid":1}'), Login(ack=False))
        self.assertEqual(accepted(b'{"msgid":15}'), History(limit=50))
        group = accepted(b'{"msgid":7,"groupname":"g"}')
        self.assertEqual(group, CreateGroup(groupname="g", groupdesc=""))
        for msgid, least in LEAST.items():
            request = accepted(frame(least))
            for name in set(RULES[msgid]) - set(least) - {"ack", "limit", "groupdesc"}:
                self.assertIs(getattr(request, name), UNSET)

    def _rules(self) -> list[tuple[int, str, Rule]]:
        return [(msgid, name, rule) for msgid, of in RULES.items() for name, rule in of.items()]


# Code points with the property White_Space, as of Unicode 15.
_WHITE_SPACE = [
    *range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B),
    0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
]  # fmt: skip
_CONTROL = [*range(0x20), *range(0x7F, 0xA0)]
_BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_HARMLESS = [0x200B, 0x200D, 0x200E, 0x2027, 0x2030, 0x2065, 0x206A, 0xFEFF, 0x61C, 0x10FFFF]


class NameTests(SynchronousTestCase):
    """Names of accounts and of groups."""

    def test_white_space_may_not_stand_at_either_end(self) -> None:
        for point in _WHITE_SPACE:
            space = chr(point)
            for name in (f"{space}x", f"x{space}", space, f"{space}x{space}", f"x{space}{space}"):
                self._refused(name)

    def test_white_space_may_stand_inside(self) -> None:
        for point in set(_WHITE_SPACE) - set(_CONTROL):
            self._taken(f"x{chr(point)}y")

    def test_control_characters_may_stand_nowhere(self) -> None:
        for point in _CONTROL:
            for name in (f"x{chr(point)}y", f"x{chr(point)}", f"{chr(point)}x", chr(point)):
                self._refused(name)

    def test_bidi_overrides_may_stand_nowhere(self) -> None:
        for point in _BIDI:
            for name in (f"x{chr(point)}y", f"x{chr(point)}", f"{chr(point)}x", chr(point)):
                self._refused(name)

    def test_all_else_may_stand_anywhere(self) -> None:
        for point in _HARMLESS:
            for name in (f"x{chr(point)}y", f"x{chr(point)}", f"{chr(point)}x", chr(point)):
                self._taken(name)

    def test_login_takes_any_name_up_to_its_length(self) -> None:
        """It finds nobody; that is said in the same words as a wrong password."""
        for name in (" x ", "a\nb", "\u202ex"):
            accepted(frame({"msgid": 1, "name": name, "password": "p"}))

    def _taken(self, name: str) -> None:
        accepted(frame({"msgid": 3, "name": name, "password": "p"}))
        accepted(frame({"msgid": 7, "groupname": name}))

    def _refused(self, name: str) -> None:
        for field, fields in (
            ("name", {"msgid": 3, "name": name, "password": "p"}),
            ("groupname", {"msgid": 7, "groupname": name}),
        ):
            refusal = rejected(json.dumps(fields).encode())
            self.assertIs(type(refusal.error), InvalidField, ascii(name))
            self.assertTrue(refusal.error.errmsg.startswith(field), refusal.error.errmsg)
