"""Streams of requests that are valid, nearly valid, or nothing of the kind; the same for a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tests.support.servers import PASSWORD

Json = dict[str, Any]
T = TypeVar("T")

NUMBERS = (
    0, 1, -1, 2, 7, 13, 200, 201, 255, 2**31, 2**32, 2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1,
    2**63 - 1, 2**63, 2**64, 10**30, 1.0, 1.5, -0.0, 1e308, 5e-324, 1e16,
)  # fmt: skip
TEXTS = (
    "", " ", "x", "1", "true", "null", " x", "x ", "a\tb", "\n", "\r\n", "\x00", "\x1b[2J", "\x7f",
    "\x85", "\u2028", "\u202e", "\u200b", "\ufeff", "e\u0301" * 9, "😀", "好" * 50, "x" * 64,
    "x" * 65, "😀" * 51, "x" * 128, "x" * 129, "x" * 201, "' OR '1'='1", "%s{}$(id)`id`", "\\", '"',
    "'; DROP TABLE accounts; --", "../../etc/passwd", "\\u0000", '{"msgid":13}', "x" * 4090,
    "é" * 3000,
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None, True, False, [], {}, [[]], [1], {"a": 1}, {"msgid": 13}, {"": None}, [None] * 50,
)  # fmt: skip
#: Frames that no grammar would make.
RUBBISH = (
    b"GET / HTTP/1.1", b"\x16\x03\x01\x02\x00\x01",
    b"SSH-2.0-x", b"PROXY TCP4 1 ", b"{", b"}", b"{}", b"{}{}", b"[]", b'"', b"null", b"0", b"-",
    b'{"msgid":', b'{"msgid"}',
    b"{'msgid':13}", b'\xef\xbb\xbf{"msgid":13}', '{"msgid":13}'.encode("utf-16"),
    '{"msgid":13}'.encode("utf-16-be"), '{"msgid":13}'.encode("utf-32-le"),
    b'{"msgid":13,"t":NaN}', b'{"msgid":13,"t":-Infinity}', b'{"msgid":13,"t":1e999}',
    b'{"msgid":10,"x":1e999}', b'{"msgid":13,"t":"\\ud800"}', b'{"msgid":99,"\\udfff":1}',
    b'{"msgid":5,"toid":1,"msg":"\xed\xa0\x80"}', b'{"msgid":5,"toid":1,"msg":"\xc0\x80"}',
    b'{"msgid":99,"x":"\xff"}', b'{"msgid":99,"x":"\x01"}', b'{"msgid":13}x', b'{"msgid":13} ',
    b'{"msgid":99,"x":' + b"9" * 299 + b"}", b'{"msgid":99,"x":' + b"9" * 5000 + b"}",
    b'{"msgid":' + b"1" * 400 + b"}", b'{"msgid":1e1}', b'{"msgid":13.0}', b'{"msgid":-13}',
    b'{"msgid":013}', b'{"msgid":18,"toid":1,"data":' + b"[" * 140 + b"]" * 140 + b"}",
    b'{"msgid":18,"toid":1,"data":' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"msgid":99,"x":' + b'{"a":' * 1000 + b"1" + b"}" * 1000 + b"}", b"[" * 5000,
    b'{"a":' * 1000, b'\t{"msgid":13}', b'\x0b{"msgid":13}', b"\x0b", b"\x0c ", b"\r", b" \t ",
    b'{"msgid":13,"msgid":99}', b'{"msgid":99,"msgid":13}', b'{"m\\u0073gid":10}',
    b'{"msgid":13,"req":1,"req":[]}', b'{"MSGID":13}', b'{"msgid":13,,}', b'{"msgid":13,}',
    b'{"msgid":5,"toid":1,"msg":"' + b"\\u0041" * 1300 + b'"}',
)  # fmt: skip
_PIECES = (b"", b'"', b"{", b"}", b"\\", b"\xff", b"\r", b"\x00", b"0", b",", b"\x1f")
_LINE_ENDS = (
    b"\n", b"\n", b"\n", b"\r\n", b"\n\n", b"\n \t\n", b"\r\n\r\n", b"\r\r\n",
)  # fmt: skip
_CLASSIC_ENDS = (b"\0", b"\0", b"\0\0", b"", b"\n\0", b" ")


class Grammar:
    """Makes streams.

    :param tokens: login tokens that are valid.
    :param accounts: how many accounts there are, with the ids 1, 2 …, named "user 1", "user 2" …
    :param max_frame: the server's limit in bytes.
    """

    def __init__(self, seed: str, tokens: Sequence[str], accounts: int, max_frame: int) -> None:
        self._random = random.Random(seed)
        self._tokens = tokens
        self._accounts = accounts
        self._max_frame = max_frame
        self._kinds: dict[int, tuple[float, Callable[[], Json]]] = {
            1: (6, self._login),
            3: (2, lambda: {"name": self._sometimes_new_name(), "password": PASSWORD}),
            5: (14, lambda: {self._one("toid", "to"): self._account(), **self._text()}),
            6: (5, lambda: {"friendid": self._account()}),
            7: (4, lambda: {"groupname": self._name(), "groupdesc": self._random.choice(TEXTS)}),
            8: (5, lambda: {"groupid": self._random.randint(1, 9)}),
            9: (8, lambda: {"groupid": self._random.randint(1, 9), **self._text()}),
            10: (1.5, dict),
            12: (8, lambda: {"conv": self._random.randint(1, 60), "seq": self._seq()}),
            13: (8, lambda: {"t": self._wild()} if self._chance(0.7) else {}),
            14: (2, dict),
            15: (8, self._history),
            18: (8, lambda: {**self._place(), "data": self._wild()}),
            99: (1, dict),
        }

    def stream(self, frames: int) -> bytes:
        """So many frames, more or less, in either dialect, with their terminators."""
        is_classic = self._chance(0.25)
        first = b'{"msgid":13}' if self._chance(0.9) else self._rubbish()
        parts = [first, b"\0" if is_classic else b"\n"]
        if self._chance(0.9):
            parts += [self._dumped(self._first_login()), parts[1]]
        for _ in range(frames):
            parts += [self.frame(), self._terminator(is_classic=is_classic)]
        return b"".join(parts)

    def pieces(self, stream: bytes) -> list[bytes]:
        """The stream as it may come out of the network."""
        cuts = {self._random.randrange(len(stream) + 1) for _ in range(self._random.randint(0, 6))}
        ends = [*sorted(cuts), len(stream)]
        return [stream[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def frame(self) -> bytes:
        """A frame without its terminator."""
        match self._random.choices(range(6), (42, 32, 8, 10, 6, 0.05))[0]:
            case 0:
                return self._dumped(self._request())
            case 1:
                return self._dumped(self._with_wild_fields(self._request()))
            case 2:
                return self._oddly_written(self._request())
            case 3:
                return self._mutated(self._dumped(self._request()))
            case 4:
                return self._rubbish()
            case _:
                return self._long()

    def _first_login(self) -> Json:
        """One that succeeds, mostly."""
        if self._chance(0.2):
            return {"msgid": 1, "token": self._one(*self._tokens)}
        login = {"msgid": 1, "id": self._random.randint(1, self._accounts), "password": PASSWORD}
        return {**login, "device": f"{self._random.random()}", "ack": self._chance(0.5)}

    def _request(self) -> Json:
        kinds = self._kinds
        msgid = self._random.choices(list(kinds), [weight for weight, _ in kinds.values()])[0]
        request = {"msgid": msgid, **kinds[msgid][1]()}
        if self._chance(0.3):
            request["req"] = self._one(1, "r", self._random.randint(0, 10**6), self._wild())
        return request

    def _login(self) -> Json:
        if self._chance(0.6):
            fields: Json = {"token": self._one(*self._tokens, "x", self._one(*TEXTS))}
        else:
            who = self._account()
            fields = self._one({"id": who}, {"name": f"user {who}"}, {"id": who, "name": "x"})
            # Unknown accounts cost as much as real passwords do.
            known = who <= self._accounts or self._chance(0.02)
            fields["password"] = self._one(PASSWORD, "wrong") if known else ""
        if self._chance(0.5):
            fields["device"] = self._one("a", "b", "c", self._one(*TEXTS))
        if self._chance(0.3):
            fields["ack"] = self._one(True, False)
        return fields

    def _sometimes_new_name(self) -> str:
        """Hashing the password of a new account takes long."""
        if self._chance(0.02):
            return f"new {self._random.randint(0, 10**9)}"
        return self._one(f"user {self._account() % self._accounts + 1}", "", " x", "x\n", "x" * 51)

    def _history(self) -> Json:
        fields = {"limit": self._random.randint(1, 9), **self._place()}
        if self._chance(0.3):
            fields = {"conv": self._random.randint(1, 60)}
        for bound in ("before", "after"):
            if self._chance(0.3):
                fields[bound] = self._seq()
        return fields

    def _place(self) -> Json:
        return self._one({"toid": self._account()}, {"groupid": self._random.randint(1, 9)})

    def _text(self) -> Json:
        fields = {"msg": self._random.choice(TEXTS)}
        if self._chance(0.3):
            fields["cid"] = self._one("c", str(self._random.randint(0, 50)), self._one(*TEXTS))
        return fields

    def _account(self) -> int:
        return self._random.randint(1, self._accounts + 3)

    def _name(self) -> str:
        return self._one(f"name {self._random.randint(0, 99)}", self._random.choice(TEXTS))

    def _seq(self) -> int:
        return self._one(0, 1, self._random.randint(0, 300), 2**53 - 1)

    def _wild(self) -> Any:
        return self._random.choice(self._one(NUMBERS, TEXTS, OTHERS))

    def _with_wild_fields(self, request: Json) -> Json:
        for _ in range(self._random.randint(1, 3)):
            name = self._one(*request, "msgid", "req", "id", "toid", "msg", "conv", "x", "")
            request[name] = self._wild()
            if self._chance(0.2):
                del request[self._one(*request)]
                request.setdefault("msgid", 5)
        return request if not self._is_costly(request) else {"msgid": 99}

    def _is_costly(self, request: Json) -> bool:
        """Whether it may make the server hash a password as slowly as it does real ones."""
        return request["msgid"] in (1, 3) and bool(request.get("password"))

    def _oddly_written(self, request: Json) -> bytes:
        pairs = [
            (json.dumps(name), json.dumps(value, ensure_ascii=self._chance(0.5)))
            for name, value in request.items()
        ]
        if self._chance(0.5):
            pairs.append(self._random.choice(pairs))  # a repeated key
        if self._chance(0.3):
            name, _ = self._random.choice(pairs)
            pairs.insert(0, (name, json.dumps(self._wild())))
        self._random.shuffle(pairs)
        if self._chance(0.3):
            pairs = [
                ("".join(self._escaped(char) for char in name), value) for name, value in pairs
            ]
        space = self._one("", " ", "\t", "  \t ", "\r")
        body = f"{space},{space}".join(f"{name}{space}:{space}{value}" for name, value in pairs)
        return f"{space}{{{space}{body}{space}}}{space}".encode()

    def _escaped(self, char: str) -> str:
        return f"\\u{ord(char):04x}" if char.isalpha() and self._chance(0.3) else char

    def _mutated(self, frame: bytes) -> bytes:
        data = bytearray(frame)
        for _ in range(self._random.randint(1, 3)):
            at = self._random.randrange(len(data) + 1)
            piece = self._one(
                b"", b'"', b"{", b"}", b"\\", b"\xff", b"\r", b"\x00", b"0", b",", b"\x1f"
            )
            end = at + self._random.randint(0, 3)
            data[at:end] = piece * self._random.randint(1, 3)
        return bytes(data)

    def _rubbish(self) -> bytes:
        if self._chance(0.2):
            return self._random.randbytes(self._random.randint(1, 60))
        return self._random.choice(RUBBISH)

    def _long(self) -> bytes:
        head = b'{"msgid":99,"x":"'
        length = self._max_frame + self._one(-2, -1, 0, 0, 1, 2, 100)
        return head + b"x" * (length - len(head) - 2) + b'"}'

    def _terminator(self, *, is_classic: bool) -> bytes:
        return self._random.choice(_CLASSIC_ENDS if is_classic else _LINE_ENDS)

    def _dumped(self, request: Json) -> bytes:
        return json.dumps(request, ensure_ascii=self._chance(0.3)).encode()

    def _one(self, *choices: T) -> T:
        return self._random.choice(choices)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability
